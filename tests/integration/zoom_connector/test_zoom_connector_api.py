"""The HTTP side as a real process: shapes, refusals, and bad input on every route."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from integration.zoom_connector.bench import Bench, Bookings, Clock, Zoom, signed, start_sandbox
from integration.zoom_connector.process import Api, serve, stop


@dataclass
class House:
    """One running API beside a bench on the same data."""

    api: Api
    bench: Bench
    zoom: Zoom


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Run the API once for all tests; each has a host of its own."""
    clock = Clock()
    running = start_sandbox(Path(tmp_path_factory.mktemp("zoom")), clock)
    folder = Path(tmp_path_factory.mktemp("connector"))
    process, api = serve(folder, running.url)
    bench = Bench(folder, Zoom(running.url), clock)
    yield House(api, bench, bench.zoom)
    bench.close()
    stop(process)
    running.stop()


def connected(house: House, host: str) -> dict[str, Any]:
    started = house.api.call("POST", "/me/connections/zoom", host=host)
    assert started.status_code == 201
    back = house.zoom.allow(started.json()["authorize_url"], f"{host}@zoom.example")
    body = {"state": back["state"], "code": back["code"], "error": None}
    done = house.api.call("POST", "/me/connections/zoom/callback", host=host, json=body)
    assert done.status_code == 200, done.text
    answer: dict[str, Any] = done.json()
    return answer


def test_a_host_who_never_connected_is_disconnected(house: House) -> None:
    shown = house.api.call("GET", "/me/connections/zoom", host="new")

    assert shown.json() == {
        "status": "disconnected",
        "account_email": None,
        "scopes": [],
        "missing_scopes": [],
        "optional_scopes_missing": [],
        "connected_at": None,
        "reason": None,
        "pending_bookings": 0,
        "last_success_at": None,
        "last_failure_at": None,
        "last_failure": None,
        "parked_until": None,
        "parked_for": None,
        "shared": False,
    }


def test_the_whole_way_from_connecting_to_the_receipt(house: House) -> None:
    bookings = Bookings(house.bench.clock)
    house.bench.hear(bookings.created("way-1", host_id="way"), bookings.created("way-2", host_id="way", hours=-5))
    assert house.api.call("GET", "/me/connections/zoom", host="way").json()["pending_bookings"] == 1

    shown = connected(house, "way")
    assert (shown["status"], shown["account_email"]) == ("connected", "way@zoom.example")
    assert "meeting:write:meeting" in shown["scopes"]
    assert datetime.fromisoformat(shown["connected_at"]).tzinfo is not None
    assert shown.pop("replaced_account") is None
    assert house.api.call("GET", "/me/connections/zoom", host="way").json() == shown
    house.bench.work()
    assert house.api.call("GET", "/me/connections/zoom", host="way").json()["pending_bookings"] == 0

    removed = house.api.call("DELETE", "/me/connections/zoom", host="way")
    assert removed.status_code == 200
    receipt = removed.json()["receipt"]
    assert set(receipt) == {"id", "at", "cause", "erased", "revoked", "compliance"}
    assert (receipt["cause"], receipt["revoked"], receipt["compliance"]) == ("disconnected", True, "not_required")
    listed = house.api.call("GET", "/me/connections/zoom/receipts", host="way").json()
    assert listed == {"items": [receipt], "next_cursor": None}
    assert house.api.call("GET", "/me/connections/zoom/receipts", host="other").json()["items"] == []
    again = house.api.call("DELETE", "/me/connections/zoom", host="way")
    assert (again.status_code, again.json()["code"]) == (409, "not_connected")


def test_a_check_shows_the_connection_as_zoom_has_it_now(house: House) -> None:
    nobody = house.api.call("POST", "/me/connections/zoom/check", host="check")
    assert (nobody.status_code, nobody.json()["code"]) == (409, "not_connected")
    house.zoom.fault("scopes", granted=["user:read:user", "meeting:write:meeting", "meeting:delete:meeting"])
    connected(house, "check")
    house.zoom.mend()

    checked = house.api.call("POST", "/me/connections/zoom/check", host="check")
    assert checked.status_code == 200
    shown = checked.json()
    assert shown["missing_scopes"] == ["meeting:update:meeting"]
    assert shown["optional_scopes_missing"] == ["meeting:read:list_meetings", "meeting:read:meeting"]
    assert datetime.fromisoformat(shown["last_success_at"]) >= datetime.fromisoformat(shown["connected_at"])
    assert (shown["last_failure_at"], shown["last_failure"], shown["parked_until"]) == (None, None, None)
    assert house.api.call("GET", "/me/connections/zoom", host="check").json() == shown


def test_a_check_during_an_outage_is_answered_with_what_is_wrong(house: House) -> None:
    connected(house, "outage")
    house.zoom.fault("status", status=503)
    checked = house.api.call("POST", "/me/connections/zoom/check", host="outage")
    house.zoom.mend()

    assert checked.status_code == 200
    assert checked.json()["status"] == "connected"
    assert checked.json()["last_failure"] == "Zoom does not answer as it should."


def test_two_hosts_of_one_zoom_account_are_told_so(house: House) -> None:
    house.bench.connect("twin-1", "twin@zoom.example")
    house.bench.connect("twin-2", "twin@zoom.example")

    assert house.api.call("GET", "/me/connections/zoom", host="twin-1").json()["shared"] is True
    removed = house.api.call("DELETE", "/me/connections/zoom", host="twin-2").json()["receipt"]
    assert removed["revoked"] is False
    assert house.api.call("GET", "/me/connections/zoom", host="twin-1").json()["shared"] is False


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"state": "x", "code": "y"}, 409, "state_unknown"),
        ({}, 409, "state_unknown"),
        ({"state": None, "code": None, "error": None}, 409, "state_unknown"),
        ({"state": 5}, 422, "validation_failed"),
        ({"state": "x" * 5000}, 422, "validation_failed"),
        ({"state": "x", "surprise": 1}, 422, "validation_failed"),
        ([], 422, "validation_failed"),
        ("text", 422, "validation_failed"),
    ],
)
def test_a_callback_that_does_not_fit_is_refused(house: House, body: Any, status: int, code: str) -> None:
    answer = house.api.call("POST", "/me/connections/zoom/callback", json=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_state_of_another_host_is_denied(house: House) -> None:
    started = house.api.call("POST", "/me/connections/zoom", host="mine").json()["authorize_url"]
    back = house.zoom.allow(started, "mine@zoom.example")
    answer = house.api.call("POST", "/me/connections/zoom/callback", host="theirs", json=back | {"error": None})

    assert (answer.status_code, answer.json()["code"]) == (403, "state_of_another_host")


def test_a_zoom_that_is_down_is_said_so(house: House) -> None:
    started = house.api.call("POST", "/me/connections/zoom", host="down").json()["authorize_url"]
    back = house.zoom.allow(started, "down@zoom.example")
    house.zoom.fault("status", status=500, on="POST /oauth/token")
    try:
        answer = house.api.call("POST", "/me/connections/zoom/callback", host="down", json=back | {"error": None})
    finally:
        house.zoom.mend()

    assert (answer.status_code, answer.json()["code"]) == (503, "zoom_unreachable")
    assert house.api.call("GET", "/me/connections/zoom", host="down").json()["status"] == "disconnected"


def test_another_try_is_for_the_hosts_own_meetings(house: House) -> None:
    bookings = Bookings(house.bench.clock)
    house.bench.hear(bookings.created("retry-1", host_id="retry"))
    house.bench.work()
    assert house.bench.row("retry-1").next_attempt_at is None

    answer = house.api.call("POST", "/me/bookings/retry-1/retry", host="retry")
    assert (answer.status_code, answer.json()) == (202, {})
    assert house.bench.row("retry-1").next_attempt_at is not None
    assert house.api.call("POST", "/me/bookings/retry-1/retry", host="somebody").status_code == 404
    for unknown in ("none", "x" * 3000, "%00", "%ED%A0%80", "%F0%9F%8E%A9"):
        assert house.api.call("POST", f"/me/bookings/{unknown}/retry", host="retry").status_code == 404


def test_a_deletion_in_zoom_is_accepted_by_its_host_alone(house: House) -> None:
    bookings = Bookings(house.bench.clock)
    connected(house, "accept")
    house.bench.hear(bookings.created("accept-1", host_id="accept"))
    house.bench.work()
    address = "/me/bookings/accept-1/accept"
    refused = house.api.call("POST", address, host="accept")
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_accept")
    house.zoom.delete(house.bench.row("accept-1").zoom_id)
    house.bench.overhear()
    house.bench.work()

    assert house.api.call("POST", address, host="somebody").status_code == 404
    assert house.api.call("POST", "/me/bookings/none/accept", host="accept").status_code == 404
    answer = house.api.call("POST", address, host="accept")
    assert (answer.status_code, answer.json()) == (202, {})
    house.bench.work()
    assert house.bench.seat("accept-1").said_code == "accepted"


ROUTES = [
    ("GET", "/me/connections/zoom"),
    ("POST", "/me/connections/zoom"),
    ("DELETE", "/me/connections/zoom"),
    ("POST", "/me/connections/zoom/check"),
    ("GET", "/me/connections/zoom/receipts"),
    ("POST", "/me/connections/zoom/callback"),
    ("POST", "/me/bookings/b1/retry"),
    ("POST", "/me/bookings/b1/accept"),
]
BODIES = [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"state":"\\ud800"}', b"[" * 9000, b'{"state":NaN}']


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_body_makes_a_route_fail(house: House, method: str, path: str) -> None:
    for body in BODIES:
        for kind in ("application/json", "text/plain"):
            answer = house.api.call(method, path, host="bodies", data=body, headers={"Content-Type": kind})
            assert answer.status_code < 500, (body[:20], kind, answer.text)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nobody_signed_in_is_refused_on_every_route_but_zooms(house: House, method: str, path: str) -> None:
    assert house.api.call(method, path, host="anonymous", json={}).status_code == 401
    unsigned = house.api.call(method, path, headers={"Authorization": "Bearer nothing"})
    assert unsigned.status_code == 401


def test_health_needs_no_token(house: House) -> None:
    ready = house.api.call("GET", "/readyz", headers={"Authorization": ""})

    assert ready.json() == {"status": "ready", "checks": {"database": "ok", "tokens": "ok", "events": "ok"}}


def webhook(house: House, body: bytes, *, at: float | None = None, secret: str | None = None) -> Any:
    moment = datetime.now(UTC).timestamp() if at is None else at
    return house.api.call("POST", "/webhooks/zoom", host="anonymous", data=body, headers=signed(body, moment, secret))


def test_a_signed_webhook_is_taken_and_an_unsigned_one_is_not(house: House) -> None:
    body = json.dumps({"event": "meeting.started", "event_ts": 1, "payload": {}}).encode()

    assert webhook(house, body).status_code == 204
    assert webhook(house, body, secret="wrong").status_code == 401
    assert house.api.call("POST", "/webhooks/zoom", host="anonymous", data=body).status_code == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"event":5}', b'{"event":""}', b"[" * 100_000])
def test_a_signed_webhook_that_is_no_event_is_refused(house: House, body: bytes) -> None:
    assert webhook(house, body).status_code == 422


def test_a_webhook_may_be_as_long_as_a_megabyte_and_no_longer(house: House) -> None:
    longest = json.dumps({"event": "x", "payload": {"text": "x" * 900_000}}).encode()

    assert webhook(house, longest).status_code == 204
    assert webhook(house, b"x" * (1024 * 1024 + 1)).status_code == 413
