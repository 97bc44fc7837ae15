"""Connecting, renewing, disconnecting: what a host sees, and what is left in the files afterwards."""

from collections.abc import Mapping
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest

from integration.zoom_connector.bench import TOKEN, Bench, Bookings, Clock, Zoom, everything
from shared.events import MeetingUnavailable, ZoomConnected, ZoomDisconnected, ZoomNeedsReconnect
from zoom_connector.connections import scopes
from zoom_connector.reconcile import NotConnectedError
from zoom_connector.refusals import Refused
from zoom_connector.tokens import Tokens

NEEDED = ["user:read:user", "meeting:write:meeting", "meeting:update:meeting", "meeting:delete:meeting"]


def complete(bench: Bench, back: Mapping[str, str | None], host_id: str = "h1") -> None:
    bench.parts.connecting.complete(host_id, state=back.get("state"), code=back.get("code"), error=back.get("error"))


def refused(bench: Bench, back: Mapping[str, str | None], host_id: str = "h1") -> str:
    with pytest.raises(Refused) as refusal:
        complete(bench, back, host_id)
    return refusal.value.code


def begin(bench: Bench, email: str = "zoe@zoom.example", **how: str) -> dict[str, str]:
    return bench.zoom.allow(bench.parts.connecting.begin("h1"), email, **how)


def test_the_consent_is_asked_for_with_pkce_and_without_scopes(bench: Bench) -> None:
    address = bench.parts.connecting.begin("h1")

    assert address.startswith(f"{bench.zoom.url}/oauth/authorize?response_type=code&client_id=sandbox-client&")
    assert "code_challenge_method=S256" in address
    assert "scope" not in address


def test_a_host_who_allows_it_is_connected(bench: Bench, zoom: Zoom) -> None:
    bench.connect(email="zoe@zoom.example")

    row = bench.connection()
    user = next(user for user in zoom.users() if user["email"] == "zoe@zoom.example")
    assert (row.status, row.account_email) == ("connected", "zoe@zoom.example")
    assert (row.zoom_user_id, row.zoom_account_id) == (user["id"], user["account_id"])
    assert set(NEEDED) <= set(row.scopes.split())
    assert bench.announced() == [ZoomConnected(host_id="h1")]


def test_classic_scopes_are_enough(bench: Bench, zoom: Zoom) -> None:
    zoom.fault("scopes", granted=["meeting:write", "user:read"])
    bench.connect()

    assert bench.connection().status == "connected"


@pytest.mark.parametrize("missing", ["user:read:user", "meeting:write:meeting"])
def test_without_an_essential_scope_nothing_is_connected_or_kept(bench: Bench, zoom: Zoom, missing: str) -> None:
    zoom.fault("scopes", granted=[scope for scope in NEEDED if scope != missing])

    assert refused(bench, begin(bench)) == "scopes_missing"
    assert bench.parts.tokens.read("h1") is None
    assert bench.announced() == []


@pytest.mark.parametrize("missing", ["meeting:update:meeting", "meeting:delete:meeting"])
def test_without_another_needed_scope_a_host_is_connected_all_the_same(bench: Bench, zoom: Zoom, missing: str) -> None:
    zoom.fault("scopes", granted=[scope for scope in NEEDED if scope != missing])
    bench.connect()

    row = bench.connection()
    assert row.status == "connected"
    assert scopes.missing(row.scopes.split()) == [missing]
    assert scopes.optional_missing(row.scopes.split()) == ["meeting:read:list_meetings", "meeting:read:meeting"]


def test_a_state_works_once(bench: Bench) -> None:
    back = begin(bench)
    complete(bench, back)

    assert refused(bench, back) == "state_used"
    assert bench.connection().status == "connected"


def test_a_state_ends_after_ten_minutes(bench: Bench, clock: Clock) -> None:
    back = begin(bench)
    clock.turn(601)

    assert refused(bench, back) == "state_expired"


def test_a_state_is_its_hosts_alone_and_stays_good_for_them(bench: Bench) -> None:
    back = begin(bench)

    assert refused(bench, back, "h2") == "state_of_another_host"
    complete(bench, back)


def test_a_state_that_was_never_given_is_unknown(bench: Bench) -> None:
    back = begin(bench)

    for state in (None, "", "x", "x" * 4000, "\u0436", back["code"]):
        assert refused(bench, back | {"state": state}) == "state_unknown"


def test_a_host_who_declines_is_not_connected(bench: Bench) -> None:
    assert refused(bench, begin(bench, decision="decline")) == "consent_denied"
    assert bench.announced() == []


def test_a_code_that_zoom_does_not_know_is_rejected(bench: Bench) -> None:
    assert refused(bench, begin(bench) | {"code": "made-up"}) == "code_rejected"


def test_a_code_is_of_no_use_in_another_browser(bench: Bench) -> None:
    stolen, own = begin(bench), begin(bench)

    assert refused(bench, own | {"code": stolen["code"]}) == "code_rejected", "the PKCE verifier is another"


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "status", "status": 500, "on": TOKEN},
        {"fault": "unreadable", "on": TOKEN},
        {"fault": "reset", "after": True, "on": TOKEN},
        {"fault": "status", "status": 500, "on": "GET /v2/users/me"},
        {"fault": "unreadable", "on": "GET /v2/users/me"},
        {"fault": "status", "status": 400, "on": TOKEN, "body": {"error": "invalid_client", "reason": "x"}},
    ],
    ids=str,
)
def test_a_zoom_that_fails_leaves_nothing_half_done(bench: Bench, zoom: Zoom, fault: dict[str, Any]) -> None:
    back = begin(bench)
    zoom.fault(**fault)

    assert refused(bench, back) == "zoom_unreachable"
    assert bench.parts.tokens.read("h1") is None
    assert bench.announced() == []
    zoom.mend()
    bench.connect()


def test_connecting_anew_keeps_the_new_tokens(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    before = bench.parts.tokens.read("h1")
    bench.connect()
    after = bench.parts.tokens.read("h1")
    assert before is not None
    assert after is not None
    assert after.tokens.access_token != before.tokens.access_token

    bench.hear(bookings.created())
    bench.work()
    assert len(zoom.meetings()) == 1, "Zoom has ended the old ones"
    assert zoom.calls("token") == 2


def test_a_token_near_its_end_is_renewed_first(bench: Bench, bookings: Bookings, zoom: Zoom, clock: Clock) -> None:
    bench.connect()
    clock.turn(3570)
    bench.hear(bookings.created())
    bench.work()

    assert len(zoom.meetings()) == 1
    assert zoom.calls("token") == 2
    assert zoom.calls("create_meeting") == 1


def test_a_rejected_token_is_renewed_once_and_the_call_repeated(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    zoom.fault("expire_tokens")
    bench.hear(bookings.created())
    bench.work()

    assert len(zoom.meetings()) == 1
    assert (zoom.calls("token"), zoom.calls("create_meeting")) == (2, 2)
    assert zoom.calls("list_meetings") == 0, "a 401 is no doubt"


def test_renewing_races_and_is_done_once(bench: Bench, zoom: Zoom, clock: Clock) -> None:
    bench.connect()
    other = Bench(bench.folder, zoom, clock)
    clock.turn(3600)
    zoom.fault("latency", on=TOKEN, seconds=0.3)
    start, opened, failed = Barrier(8), [], []

    def open_account(which: Bench) -> None:
        start.wait()
        try:
            opened.append(which.parts.access("h1").me().user_id)
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            failed.append(error)

    threads = [Thread(target=open_account, args=([bench, other][n % 2],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()

    assert failed == []
    assert len(opened) == 8
    assert zoom.calls("token") == 2, "one for the code, one for all eight"


@pytest.mark.parametrize("quirk", [None, "old_token_errors", "bare_token_errors"])
def test_a_consent_that_zoom_has_ended_asks_for_a_new_one(
    bench: Bench, bookings: Bookings, zoom: Zoom, quirk: str | None
) -> None:
    bench.connect()
    zoom.fault("webhooks", off=True)
    zoom.deauthorize()
    if quirk:
        zoom.fault(quirk)
    bench.hear(bookings.created("b1"), bookings.created("b2", hours=60))
    bench.work()

    assert bench.connection().status == "needs_reconnect"
    needs = [event for event in bench.announced() if isinstance(event, ZoomNeedsReconnect)]
    assert len(needs) == 1
    unavailable = [event.booking_id for event in bench.announced() if isinstance(event, MeetingUnavailable)]
    assert sorted(unavailable) == ["b1", "b2"]
    assert not bench.waits()
    assert bench.row("b1").intent_at is None


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "status", "status": 500},
        {"fault": "status", "status": 400, "body": "html"},
        {
            "fault": "status",
            "status": 400,
            "body": {"error": "invalid_client", "reason": "Invalid client_id or client_secret"},
        },
        {"fault": "unreadable"},
        {"fault": "reset"},
        {"fault": "status", "status": 429},
    ],
    ids=str,
)
def test_no_other_answer_ever_costs_a_token(
    bench: Bench, bookings: Bookings, zoom: Zoom, fault: dict[str, Any]
) -> None:
    bench.connect()
    before = bench.parts.tokens.read("h1")
    bench.clock.turn(3600)
    zoom.fault(**fault, on=TOKEN)
    bench.hear(bookings.created())
    bench.work()

    assert bench.connection().status == "connected"
    assert bench.parts.tokens.read("h1") == before
    assert bench.seat().said == (None if fault.get("status") == 429 else "delayed")
    zoom.mend()
    bench.rest(seconds=100)
    assert len(zoom.meetings()) == 1


def test_a_lost_answer_to_a_renewal_is_survived_while_zoom_takes_the_old_token(
    bench: Bench, bookings: Bookings, zoom: Zoom, clock: Clock
) -> None:
    bench.connect()
    clock.turn(3600)
    zoom.fault("rotation", grace=120)
    zoom.fault("token_lost", times=1)
    bench.hear(bookings.created())
    bench.rest(seconds=60)

    assert len(zoom.meetings()) == 1
    assert bench.connection().status == "connected"


def test_a_lost_answer_under_strict_rotation_ends_in_a_new_consent(
    bench: Bench, bookings: Bookings, zoom: Zoom, clock: Clock
) -> None:
    bench.connect()
    clock.turn(3600)
    zoom.fault("token_lost", times=1)
    bench.hear(bookings.created())
    bench.rest(seconds=60)

    assert bench.connection().status == "needs_reconnect"


def test_scopes_that_changed_are_kept_at_the_renewal(bench: Bench, zoom: Zoom, clock: Clock) -> None:
    bench.connect()
    zoom.fault("scopes", granted=NEEDED[:2], existing=True)
    clock.turn(3600)
    bench.parts.access("h1")

    assert bench.connection().status == "connected"
    assert scopes.missing(bench.connection().scopes.split()) == NEEDED[2:]


def test_an_essential_scope_that_was_taken_back_is_noticed_at_the_renewal(
    bench: Bench, zoom: Zoom, clock: Clock
) -> None:
    bench.connect()
    zoom.fault("scopes", granted=["user:read:user", *NEEDED[2:]], existing=True)
    clock.turn(3600)

    with pytest.raises(NotConnectedError):
        bench.parts.access("h1")
    assert bench.connection().status == "needs_reconnect"
    assert "permission" in bench.connection().reason


def test_an_idle_connection_is_renewed_ahead(bench: Bench, zoom: Zoom, clock: Clock) -> None:
    bench.connect()
    clock.turn(29 * 86_400)
    bench.worker.upkeep.step()
    assert zoom.calls("token") == 1
    clock.turn(2 * 86_400)
    bench.worker.upkeep.step()
    assert zoom.calls("token") == 2
    assert bench.connection().next_attempt_at > clock() + timedelta(days=29)


def test_an_idle_connection_whose_renewal_fails_is_tried_again(bench: Bench, zoom: Zoom, clock: Clock) -> None:
    bench.connect()
    clock.turn(31 * 86_400)
    zoom.fault("status", status=503, on=TOKEN)
    bench.worker.upkeep.step()
    assert bench.connection().last_error == "UnsureError"
    zoom.mend()
    clock.turn(120)
    bench.worker.upkeep.step()
    assert bench.connection().last_error is None


def test_disconnecting_leaves_nothing_of_the_host_at_zoom(
    bench: Bench, bookings: Bookings, zoom: Zoom, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.connect(email="zoe@zoom.example")
    bench.hear(bookings.created())
    bench.work()
    row, stored = bench.connection(), bench.parts.tokens.read("h1")
    assert stored is not None
    tokens = stored.tokens
    secrets = [tokens.access_token, tokens.refresh_token, row.zoom_user_id, row.zoom_account_id, "zoe@zoom.example"]
    assert any(secret.encode() in everything(bench.folder) for secret in secrets), "the search can find something"

    receipt = bench.parts.removal.disconnect("h1")

    assert (receipt.cause, receipt.revoked, receipt.compliance) == ("disconnected", True, "not_required")
    left, logged = everything(bench.folder), "".join(capfd.readouterr())
    for secret in secrets:
        assert secret.encode() not in left
        assert secret not in logged
    assert bench.connection().status == "disconnected"
    assert bench.announced()[-1] == ZoomDisconnected(host_id="h1", cause="disconnected")
    assert len(zoom.meetings()) == 1, "meetings stay"
    assert all(user["scopes"] is None for user in zoom.users())


def test_a_zoom_that_is_down_does_not_delay_the_erasing(bench: Bench, zoom: Zoom) -> None:
    bench.connect()
    zoom.fault("status", status=503)
    receipt = bench.parts.removal.disconnect("h1")

    assert receipt.revoked is False
    assert bench.parts.tokens.read("h1") is None


def test_tokens_that_nobody_can_open_are_erased_or_replaced_all_the_same(bench: Bench, zoom: Zoom) -> None:
    bench.connect()
    (bench.folder / "tokens.key").write_bytes(b"x" * 32)
    locked = Bench(bench.folder, zoom, bench.clock)
    locked.connect()
    assert locked.parts.tokens.read("h1") is not None
    (bench.folder / "tokens.key").write_bytes(b"y" * 32)
    locked_again = Bench(bench.folder, zoom, bench.clock)
    receipt = locked_again.parts.removal.disconnect("h1")
    locked.close()
    locked_again.close()

    assert receipt.revoked is False, "the receipt tells the truth"
    assert bench.parts.tokens.read("h1") is None


def test_a_token_that_is_over_is_renewed_to_revoke_with(bench: Bench, zoom: Zoom, clock: Clock) -> None:
    bench.connect()
    clock.turn(4000)
    receipt = bench.parts.removal.disconnect("h1")

    assert receipt.revoked is True
    assert all(user["scopes"] is None for user in zoom.users())


def test_a_consent_that_is_ended_already_counts_as_revoked(bench: Bench, zoom: Zoom) -> None:
    bench.connect()
    zoom.fault("webhooks", off=True)
    zoom.deauthorize()

    assert bench.parts.removal.disconnect("h1").revoked is True


def test_only_what_is_connected_can_be_disconnected(bench: Bench) -> None:
    for _ in range(2):
        with pytest.raises(Refused) as refusal:
            bench.parts.removal.disconnect("h1")
        assert refusal.value.code == "not_connected"
        if bench.announced() == []:
            bench.connect()
            bench.parts.removal.disconnect("h1")


def test_after_disconnecting_bookings_without_a_link_are_unavailable(
    bench: Bench, bookings: Bookings, zoom: Zoom
) -> None:
    bench.connect()
    bench.hear(bookings.created("b1"))
    bench.work()
    zoom.fault("rate_limit", kind="daily")
    bench.hear(bookings.created("b2"))
    bench.work()
    bench.parts.removal.disconnect("h1")
    bench.work()

    unavailable = [event.booking_id for event in bench.announced() if isinstance(event, MeetingUnavailable)]
    assert unavailable == ["b2"]
    bench.hear(bookings.canceled("b1"))
    bench.work()
    [*_, last] = bench.announced()
    assert isinstance(last, MeetingUnavailable)
    assert "remain" in last.reason
    zoom.mend()
    bench.connect()
    bench.work()
    assert [meeting["agenda"] for meeting in zoom.meetings()] == ["[punctual:b2]"]


def test_a_renewal_that_is_overtaken_by_a_removal_writes_nothing(bench: Bench, zoom: Zoom, clock: Clock) -> None:
    bench.connect()
    clock.turn(3600)
    zoom.fault("latency", on=TOKEN, seconds=2, times=1)
    failed: list[BaseException] = []

    def renew() -> None:
        try:
            bench.parts.access("h1")
        except Exception as error:  # noqa: BLE001 - what it is does not matter
            failed.append(error)

    renewing = Thread(target=renew)
    renewing.start()
    bench.parts.removal.disconnect("h1")
    renewing.join()

    assert bench.parts.tokens.read("h1") is None
    assert bench.connection().status == "disconnected"


def test_tokens_of_a_connection_that_was_cut_off_are_swept_up(bench: Bench, clock: Clock) -> None:
    bench.parts.connecting.begin("h1")
    now = clock()
    bench.parts.tokens.write("h1", Tokens("access", "refresh", now, now), expected=0)
    bench.worker.upkeep.step()
    assert bench.parts.tokens.read("h1") is not None, "it may still be under way"
    clock.turn(20 * 60)
    bench.worker.upkeep.step()

    assert bench.parts.tokens.read("h1") is None


def test_sweeping_up_spares_who_is_connected(bench: Bench, clock: Clock) -> None:
    bench.connect()
    clock.turn(20 * 60)
    bench.worker.upkeep.step()

    assert bench.parts.tokens.read("h1") is not None
