"""Connecting over something: the same host anew, another Zoom account, and two hosts with the same one."""

from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest

from integration.zoom_connector.bench import TOKEN, Bench, Bookings, Clock, Zoom, everything
from integration.zoom_connector.racing import ZOE, at_once, returned, works
from shared.events import ZoomNeedsReconnect
from zoom_connector.reconcile import BusyError, NotConnectedError
from zoom_connector.refusals import Refused
from zoom_connector.storage import connections, removals


@pytest.fixture
def other(bench: Bench, zoom: Zoom, clock: Clock) -> Iterator[Bench]:
    """Give a second process's view of the same data."""
    made = Bench(bench.folder, zoom, clock)
    yield made
    made.close()


def receipts(bench: Bench, host_id: str = "h1") -> list[Any]:
    with bench.parts.database.read() as tx:
        return removals.receipts(tx, host_id)


def granted(zoom: Zoom, email: str = ZOE) -> bool:
    return any(user["email"] == email and user["scopes"] is not None for user in zoom.users())


# One host


def test_a_host_who_connects_anew_while_tokens_are_renewed_keeps_the_new_ones(
    bench: Bench, other: Bench, clock: Clock
) -> None:
    bench.connect()
    for _ in range(5):
        clock.turn(3600)
        back = returned(bench)
        failed = at_once([back, *[lambda: works(other, "h1")] * 3])

        assert all(isinstance(error, BusyError | NotConnectedError) for error in failed), failed
        assert bench.connection().status == "connected"
        assert works(bench, "h1")
        assert works(other, "h1")
    assert not any(isinstance(event, ZoomNeedsReconnect) for event in bench.announced()), "a mail for nothing"


def test_a_host_who_comes_back_in_two_tabs_at_once_is_connected_with_the_later_consent(
    bench: Bench, other: Bench
) -> None:
    for _ in range(5):
        failed = at_once([returned(bench), returned(other)])

        assert all(isinstance(error, Refused) and error.code == "connection_changed" for error in failed)
        assert len(failed) <= 1
        assert works(bench, "h1")


def test_a_consent_that_comes_to_nothing_costs_no_renewal_under_way(
    bench: Bench, other: Bench, zoom: Zoom, clock: Clock
) -> None:
    bench.connect()
    clock.turn(3600)
    back = zoom.allow(bench.parts.connecting.begin("h1"), ZOE)
    zoom.fault("latency", on=TOKEN, seconds=1.3)
    failed: list[Exception] = []
    renewing = Thread(target=lambda: failed.extend(at_once([lambda: works(other, "h1")])))
    renewing.start()
    with pytest.raises(Refused):
        bench.parts.connecting.complete("h1", state=back["state"], code="made up", error=None)
    renewing.join()

    assert failed == []
    assert works(bench, "h1"), "the renewal's tokens were thrown away"


def test_another_account_takes_the_place_of_the_first_which_is_given_back(bench: Bench, zoom: Zoom) -> None:
    bench.connect(email="first@zoom.example")
    first = bench.connection()
    replaced = returned(bench, email="second@zoom.example")()

    assert replaced == "first@zoom.example"
    assert bench.connection().account_email == "second@zoom.example"
    assert works(bench, "h1")
    assert not granted(zoom, "first@zoom.example")
    [receipt] = receipts(bench)
    assert (receipt.cause, receipt.revoked) == ("disconnected", True)
    left = everything(bench.folder)
    for gone in (first.zoom_user_id, first.zoom_account_id, "first@zoom.example"):
        assert gone.encode() not in left


# Two hosts with one Zoom user


@pytest.fixture
def shared(bench: Bench) -> Bench:
    """Let two hosts connect the same Zoom user."""
    bench.connect("h1", ZOE)
    bench.connect("h2", ZOE)
    return bench


def test_two_hosts_with_one_zoom_account_both_have_their_links(
    shared: Bench, bookings: Bookings, zoom: Zoom, clock: Clock
) -> None:
    for number in range(3):
        clock.turn(3600)
        shared.hear(
            bookings.created(f"a{number}", host_id="h1", hours=50 + number),
            bookings.created(f"b{number}", host_id="h2", hours=60 + number),
        )
        shared.rest(seconds=10)

    assert len(zoom.meetings()) == 6
    assert zoom.calls("token") == 2 + 3, "one consent each, and one renewal an hour for both"
    assert {shared.connection(host).status for host in ("h1", "h2")} == {"connected"}


def test_renewing_for_both_hosts_at_once_is_done_once(shared: Bench, other: Bench, zoom: Zoom, clock: Clock) -> None:
    clock.turn(3600)
    zoom.fault("latency", on=TOKEN, seconds=0.2)
    failed = at_once([lambda: works(shared, "h1"), lambda: works(other, "h2")] * 3)

    assert failed == []
    assert zoom.calls("token") == 2 + 1


def test_whoever_disconnects_first_leaves_the_other_connected(shared: Bench, zoom: Zoom) -> None:
    before = zoom.calls("revoke")
    receipt = shared.parts.removal.disconnect("h2")

    assert receipt.revoked is False
    assert "access token" not in receipt.erased
    assert zoom.calls("revoke") == before
    assert works(shared, "h1")
    row = shared.connection("h2")
    assert (row.status, row.zoom_user_id, row.account_email) == ("disconnected", None, None)


def test_the_last_one_who_disconnects_ends_it_at_zoom(shared: Bench, zoom: Zoom) -> None:
    stored = shared.parts.tokens.read(connections.place_of(shared.connection("h1")))
    assert stored is not None
    user_id = shared.connection("h1").zoom_user_id
    shared.parts.removal.disconnect("h1")
    receipt = shared.parts.removal.disconnect("h2")

    assert receipt.revoked is True
    assert "access token" in receipt.erased
    assert not granted(zoom)
    left = everything(shared.folder)
    assert not any(word.encode() in left for word in (user_id, stored.tokens.refresh_token, ZOE))
    with shared.parts.tokens._open("BEGIN") as db:  # type: ignore[attr-defined]
        assert db.execute("SELECT host_id FROM tokens").fetchall() == []


def test_both_disconnecting_at_once_leave_nothing(shared: Bench, other: Bench, zoom: Zoom) -> None:
    failed = at_once([lambda: shared.parts.removal.disconnect("h1"), lambda: other.parts.removal.disconnect("h2")])

    assert failed == []
    assert not granted(zoom)
    with shared.parts.tokens._open("BEGIN") as db:  # type: ignore[attr-defined]
        assert db.execute("SELECT host_id FROM tokens").fetchall() == []


def test_a_removal_in_zoom_is_for_both(shared: Bench, zoom: Zoom) -> None:
    zoom.fault("webhooks", off=True)
    for row in (shared.connection("h1"), shared.connection("h2")):
        shared.parts.removal.deauthorized(row.id, confirmation=None)

    assert {shared.connection(host).status for host in ("h1", "h2")} == {"disconnected"}
    with shared.parts.tokens._open("BEGIN") as db:  # type: ignore[attr-defined]
        assert db.execute("SELECT host_id FROM tokens").fetchall() == []


def test_a_host_who_takes_another_account_leaves_the_shared_one_to_the_other(shared: Bench, zoom: Zoom) -> None:
    shared.connect("h2", "own@zoom.example")

    assert works(shared, "h1")
    assert works(shared, "h2")
    assert granted(zoom, ZOE)
    [receipt] = receipts(shared, "h2")
    assert receipt.revoked is False


def test_two_hosts_who_consent_with_one_account_at_once_end_connected_or_told_to_begin_anew(
    bench: Bench, other: Bench
) -> None:
    failed = at_once([returned(bench, "h1"), returned(other, "h2")])

    assert all(isinstance(error, Refused) and error.code == "connection_changed" for error in failed)
    connected = [host for host in ("h1", "h2") if _status(bench, host) == "connected"]
    assert len(connected) == 2 - len(failed)
    assert all(works(bench, host) for host in connected)


def _status(bench: Bench, host_id: str) -> str | None:
    with bench.parts.database.read() as tx:
        row = connections.get(tx, host_id)
    return row.status if row else None


def test_the_worker_that_finds_a_consent_ended_by_anothers_is_put_right(bench: Bench) -> None:
    bench.connect("h1", ZOE)
    complete = returned(bench, "h2")
    # Between Zoom's answer to the second host and our keeping it, a worker meets the end of the first's tokens.
    keep = bench.parts.connecting.sharing.keep

    def meanwhile(consent: Any) -> Any:
        with pytest.raises(NotConnectedError):
            works(bench, "h1")
        assert bench.connection("h1").status == "needs_reconnect"
        return keep(consent)

    object.__setattr__(bench.parts.connecting.sharing, "keep", meanwhile)
    complete()

    assert bench.connection("h1").status == "connected"
    assert works(bench, "h1")


def test_a_removal_in_the_middle_of_connecting_leaves_no_tokens(bench: Bench, other: Bench) -> None:
    bench.connect()
    complete = returned(bench)
    write = bench.parts.connecting.sharing.tokens.write
    removed: list[Any] = []

    def meanwhile(*given: Any, **more: Any) -> int:
        # The removal comes before the tokens are written, and is done with them by then.
        removed.append(removed or other.parts.removal.disconnect("h1"))
        return write(*given, **more)

    object.__setattr__(bench.parts.connecting.sharing, "tokens", _With(bench.parts.tokens, write=meanwhile))
    with pytest.raises(Refused) as refusal:
        complete()

    assert refusal.value.code == "connection_changed"
    assert bench.parts.tokens.read("h1") is None
    assert bench.connection().status == "disconnected"


class _With:
    """Something real, but for what is given."""

    def __init__(self, real: object, **other: Any) -> None:
        self._real = real
        self.__dict__.update(other)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def test_the_place_that_is_shared_does_not_say_whose_it_is(shared: Bench) -> None:
    place = connections.place_of(shared.connection("h1"))

    assert place == connections.place_of(shared.connection("h2"))
    assert shared.connection("h1").zoom_user_id not in place
