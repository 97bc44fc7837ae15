"""Removing a connection, by us or in Zoom: what is asked of Zoom, what the receipt says, and that nothing is left."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from integration.zoom_connector import process
from integration.zoom_connector.bench import TOKEN, Bench, Bookings, Clock, Zoom, everything, signed, start_sandbox
from shared.bus import connect
from shared.events import HostRemoved, ZoomDisconnected
from shared.events.envelope import wrap
from shared.testing import eventually
from zoom_connector.connections.leaving import LONGEST_STAY
from zoom_connector.storage import removals

REVOKE = "POST /oauth/revoke"
COMPLIANCE = "POST /oauth/data/compliance"
ZOE = "zoe@zoom.example"


def granted(zoom: Zoom) -> bool:
    return any(user["scopes"] is not None for user in zoom.users())


def receipts(bench: Bench, host_id: str = "h1") -> list[Any]:
    with bench.parts.database.read() as tx:
        return removals.receipts(tx, host_id)


def told_by_zoom(bench: Bench, zoom: Zoom) -> None:
    """Hand over the events that Zoom has for us, as its courier would."""
    for event in zoom.webhooks():
        body = json.dumps(event["body"]).encode()
        headers = signed(body, bench.clock().timestamp())
        bench.parts.receiving.receive(
            body, timestamp=headers["x-zm-request-timestamp"], signature=headers["x-zm-signature"]
        )
    while bench.worker.webhooks.step() or bench.worker.confirmations.step():
        pass


# Revoking: as long as there is something to revoke with, and no longer


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "status", "status": 503},
        {"fault": "reset"},
        {"fault": "reset", "after": True},
        {"fault": "unreadable", "after": True},
        {"fault": "rate_limit", "kind": "per_second"},
    ],
    ids=str,
)
def test_a_revoke_that_fails_is_tried_again_while_the_tokens_are_there(
    bench: Bench, zoom: Zoom, fault: dict[str, Any]
) -> None:
    bench.connect()
    zoom.fault(**fault, on=REVOKE, times=1)
    receipt = bench.parts.removal.disconnect("h1")

    assert receipt.revoked is True
    assert not granted(zoom)


def test_a_revoke_that_fails_for_good_delays_nothing_and_is_not_tried_with_erased_tokens(
    bench: Bench, zoom: Zoom
) -> None:
    bench.connect()
    zoom.fault("status", status=503, on=REVOKE)
    receipt = bench.parts.removal.disconnect("h1")
    assert receipt.revoked is False, "the receipt tells the truth"
    assert bench.parts.tokens.read("h1") is None

    calls = zoom.calls("revoke")
    bench.clock.turn(3600)
    bench.worker.upkeep.step()
    assert zoom.calls("revoke") == calls
    assert granted(zoom)


def test_a_last_renewal_whose_answer_is_lost_is_not_taken_for_a_revoke(bench: Bench, zoom: Zoom) -> None:
    bench.connect()
    bench.clock.turn(4000)
    zoom.fault("token_lost", times=1)
    receipt = bench.parts.removal.disconnect("h1")

    assert receipt.revoked is False
    assert granted(zoom), "Zoom rotated, and nobody has the new tokens"


def test_credentials_that_are_wrong_end_the_revoke_at_once(bench: Bench, zoom: Zoom) -> None:
    bench.connect()
    zoom.fault("status", status=400, on=REVOKE, body={"error": "invalid_client", "reason": "x"})

    assert bench.parts.removal.disconnect("h1").revoked is False
    assert zoom.calls("revoke") == 1


# Removed in Zoom


def test_a_host_who_comes_back_at_once_is_not_removed_by_the_echo_of_the_revoke(bench: Bench, zoom: Zoom) -> None:
    bench.connect()
    bench.parts.removal.disconnect("h1")
    bench.connect()
    # In the same moment as seen by clocks that are two seconds apart.
    assert any(event["event"] == "app_deauthorized" for event in zoom.webhooks())
    told_by_zoom(bench, zoom)

    assert bench.connection().status == "connected"
    assert [receipt.cause for receipt in receipts(bench)] == ["disconnected"]


def test_a_removal_right_after_connecting_counts(bench: Bench, zoom: Zoom) -> None:
    bench.connect()
    zoom.deauthorize()
    told_by_zoom(bench, zoom)

    assert bench.connection().status == "disconnected"
    [receipt] = receipts(bench)
    assert (receipt.cause, receipt.compliance) == ("deauthorized", "posted")


def test_a_removal_is_for_every_host_who_connected_that_user(bench: Bench, zoom: Zoom) -> None:
    bench.connect("h1", ZOE)
    bench.connect("h2", ZOE)
    bench.clock.turn(10)
    zoom.deauthorize()
    told_by_zoom(bench, zoom)

    assert {bench.connection(host).status for host in ("h1", "h2")} == {"disconnected"}
    assert [receipts(bench, host)[0].cause for host in ("h1", "h2")] == ["deauthorized"] * 2
    assert len(zoom.compliance()) == 1, "one event is confirmed once"


def test_the_erasing_waits_for_no_confirmation(bench: Bench, zoom: Zoom) -> None:
    bench.connect()
    zoom.fault("hang", on=COMPLIANCE, seconds=20)
    zoom.deauthorize()
    for event in zoom.webhooks():
        body = json.dumps(event["body"]).encode()
        headers = signed(body, bench.clock().timestamp())
        bench.parts.receiving.receive(
            body, timestamp=headers["x-zm-request-timestamp"], signature=headers["x-zm-signature"]
        )
    bench.worker.webhooks.step()

    assert bench.parts.tokens.read("h1") is None
    assert receipts(bench)[0].compliance == "pending"


def test_a_removal_that_no_event_tells_of_is_noticed_at_the_next_call(
    bench: Bench, bookings: Bookings, zoom: Zoom
) -> None:
    bench.connect()
    zoom.fault("webhooks", off=True)
    zoom.deauthorize()
    bench.hear(bookings.created())
    bench.work()
    assert bench.connection().status == "needs_reconnect"

    receipt = bench.parts.removal.disconnect("h1")
    assert receipt.revoked is True, "Zoom has said that the consent is over"


# A host who leaves us


def test_a_host_who_leaves_is_forgotten_after_the_meetings_are_deleted(
    bench: Bench, bookings: Bookings, zoom: Zoom
) -> None:
    bench.connect()
    bench.hear(bookings.created())
    bench.work()
    now = bench.clock()
    bench.hear(HostRemoved(host_id="h1", at=now))
    assert bench.worker.leaving.step() == 0, "the cancellation is not heard of yet"
    bench.hear(bookings.canceled())
    bench.work()
    bench.clock.turn(3)
    assert bench.worker.leaving.step() == 1
    assert zoom.meetings() == []
    assert not granted(zoom)
    assert bench.parts.tokens.read("h1") is None

    bench.hear(bookings.canceled("late", 2))
    bench.clock.turn(LONGEST_STAY.total_seconds())
    assert bench.worker.leaving.step() == 1
    assert bench.rows() == []
    left = everything(bench.folder)
    assert not any(word in left for word in (ZOE.encode(), b"J\xc3\xb6rg"))
    assert not any(isinstance(event, ZoomDisconnected) for event in bench.announced()), "nobody is there to be told"
    assert [receipt.cause for receipt in receipts(bench)] == ["disconnected"]


def test_a_host_who_leaves_while_zoom_is_down_is_forgotten_after_ten_minutes(
    bench: Bench, bookings: Bookings, zoom: Zoom
) -> None:
    bench.connect()
    bench.hear(bookings.created())
    bench.work()
    zoom.fault("status", status=503)
    bench.hear(bookings.canceled(), HostRemoved(host_id="h1", at=bench.clock()))
    bench.work()
    assert bench.worker.leaving.step() == 0
    bench.clock.turn(LONGEST_STAY.total_seconds() + 1)
    assert bench.worker.leaving.step() == 1

    assert bench.rows() == []
    assert bench.parts.tokens.read("h1") is None


def test_a_host_who_never_connected_leaves_too(bench: Bench, bookings: Bookings) -> None:
    bench.hear(bookings.created(), bookings.canceled(), HostRemoved(host_id="h1", at=bench.clock()))
    bench.work()
    bench.clock.turn(LONGEST_STAY.total_seconds() + 1)

    assert bench.worker.leaving.step() == 1
    assert bench.rows() == []
    assert receipts(bench) == []


# Nothing is left


def test_after_each_removal_nothing_is_left_in_any_file_or_log_of_running_processes(tmp_path: Path) -> None:
    clock = Clock()
    sandbox = start_sandbox(tmp_path / "zoom", clock)
    zoom, folder = Zoom(sandbox.url), tmp_path / "connector"
    folder.mkdir()
    api_process, api = process.serve(folder, sandbox.url, LOG_FORMAT="json")
    worker = process.start("worker", folder, sandbox.url, LOG_FORMAT="json")
    bench, carrier = Bench(folder, zoom, clock), connect("", folder)
    try:
        zoom.fault("webhooks", off=True)
        secrets = _live_and_be_searched(bench, api, carrier, zoom, "by-us@zoom.example")
        assert api.call("DELETE", "/me/connections/zoom").json()["receipt"]["revoked"] is True
        eventually(lambda: not _found(bench, secrets), timeout=5)
        secrets |= _live_and_be_searched(bench, api, carrier, zoom, "in-zoom@zoom.example")
        _removed_in_zoom(api, zoom)
        eventually(lambda: bench.connection().status == "disconnected", timeout=10)
        eventually(lambda: not _found(bench, secrets), timeout=5)
    finally:
        carrier.close()
        bench.close()
        process.stop(worker)
        process.stop(api_process)
        sandbox.stop()
    assert _found(bench, secrets) == [], "also after the processes have put their files away"
    with sqlite3.connect(folder / "zoom-connector.sqlite3") as db:
        assert db.execute("SELECT count(*) FROM token_locks").fetchone() == (0,)


def _live_and_be_searched(bench: Bench, api: process.Api, carrier: Any, zoom: Zoom, email: str) -> dict[str, str]:
    """Connect, renew, book and fail, so that whatever could be written down is; give what must be gone."""
    started = api.call("POST", "/me/connections/zoom").json()["authorize_url"]
    back = zoom.allow(started, email)
    first = api.call("POST", "/me/connections/zoom/callback", json={"state": back["state"], "code": back["code"]})
    assert first.status_code == 200
    before, there = bench.parts.tokens.read("h1"), len(zoom.meetings())
    zoom.fault("expire_tokens")
    zoom.fault("status", status=503, on=TOKEN, times=1)
    booked = Bookings(bench.clock).created(f"b{there}", hours=50 + there)
    carrier.publish([wrap(booked, source="booking", now=bench.clock())])
    eventually(lambda: len(zoom.meetings()) > there, timeout=20)
    eventually(lambda: not bench.waits(), timeout=5)
    # One more consent is begun and never finished.
    api.call("POST", "/me/connections/zoom")
    after, row = bench.parts.tokens.read("h1"), bench.connection()
    assert before is not None
    assert after is not None
    assert after.tokens.refresh_token != before.tokens.refresh_token
    secrets = {
        "access token": after.tokens.access_token,
        "refresh token": after.tokens.refresh_token,
        "first access token": before.tokens.access_token,
        "first refresh token": before.tokens.refresh_token,
        "Zoom user id": row.zoom_user_id,
        "Zoom account id": row.zoom_account_id,
        "account e-mail": email,
        "state": back["state"],
        "code": back["code"],
    }
    assert {"Zoom user id", "account e-mail"} <= set(_found(bench, secrets)), "the search can find something"
    return {f"{name} of {email}": secret for name, secret in secrets.items()}


def _removed_in_zoom(api: process.Api, zoom: Zoom) -> None:
    zoom.fault("webhooks", off=False)
    zoom.deauthorize(user_data_retention="false")
    [event] = [event for event in zoom.webhooks() if event["event"] == "app_deauthorized"]
    body = json.dumps(event["body"]).encode()
    answer = api.call("POST", "/webhooks/zoom", data=body, headers=signed(body, Clock()().timestamp()))
    assert answer.status_code == 204
    eventually(lambda: len(zoom.compliance()) == 1, timeout=10)


def _found(bench: Bench, secrets: dict[str, str]) -> list[str]:
    """Name what can be found in the databases with their logs, in the token store, on the bus and in the logs."""
    places = everything(bench.folder)
    return [name for name, secret in secrets.items() if secret.encode() in places]
