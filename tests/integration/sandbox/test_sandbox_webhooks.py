"""Events: signed on their raw bytes, sent in the background, retried, spoiled on demand."""

import hashlib
import hmac
import json
from pathlib import Path

import pytest
import requests

from integration.sandbox.world import CLIENT, FUTURE, WEBHOOK_SECRET, Api, Clock, Hook, World, receiver, settings
from sandbox import bootstrap
from shared.testing import eventually


@pytest.fixture
def zoom(world: World) -> Api:
    """Connect one host."""
    return world.zoom()


def signed(hook: Hook, secret: str = WEBHOOK_SECRET) -> bool:
    """Check a signature by Zoom's rule, written out here once more."""
    message = f"v0:{hook.headers['x-zm-request-timestamp']}:".encode() + hook.body
    return hook.headers["x-zm-signature"] == "v0=" + hmac.digest(secret.encode(), message, hashlib.sha256).hex()


def delivered(world: World, count: int = 1) -> list[Hook]:
    """Wait until so many events arrived."""
    return eventually(lambda: world.app.hooks if len(world.app.hooks) >= count else None)


def attempted(world: World, times: int) -> None:
    eventually(lambda: world.items("webhooks")[0]["attempts"] == times)


def test_events_are_signed_on_their_raw_bytes(world: World, zoom: Api) -> None:
    zoom.made(topic="Grüße aus Łódź, 東京 und 🎉")
    [hook] = delivered(world)
    assert signed(hook)


def test_a_timestamp_is_in_seconds_and_event_ts_in_milliseconds(world: World, zoom: Api) -> None:
    zoom.made()
    [hook] = delivered(world)
    now = world.clock().timestamp()
    assert abs(int(hook.headers["x-zm-request-timestamp"]) - now) < 5
    assert abs(hook.json["event_ts"] / 1000 - now) < 5


def test_raw_and_escaped_characters_stand_in_one_body(world: World, zoom: Api) -> None:
    zoom.made(topic="ÄÖÜ")
    [hook] = delivered(world)
    assert rb"\u00c4" in hook.body
    assert "Ö".encode() in hook.body
    assert hook.json["payload"]["object"]["topic"] == "ÄÖÜ"


def test_the_order_of_keys_varies(world: World, zoom: Api) -> None:
    for _ in range(8):
        zoom.made()
    assert len({tuple(hook.json) for hook in delivered(world, 8)}) > 1


def test_our_own_changes_come_back_as_echoes(world: World, zoom: Api) -> None:
    meeting = zoom.made(duration=30)
    zoom.call("PATCH", f"/meetings/{meeting['id']}", json={"duration": 45})
    zoom.call("DELETE", f"/meetings/{meeting['id']}")
    events = delivered(world, 3)
    assert [hook.event for hook in events] == ["meeting.created", "meeting.updated", "meeting.deleted"]
    changed = events[1].json["payload"]
    assert (changed["object"]["duration"], changed["old_object"]["duration"]) == (45, 30)
    assert "topic" not in changed["object"]


def test_an_update_that_changes_nothing_says_nothing(world: World, zoom: Api) -> None:
    meeting = zoom.made(duration=30)
    zoom.call("PATCH", f"/meetings/{meeting['id']}", json={"duration": 30})
    assert [item["event"] for item in world.items("webhooks")] == ["meeting.created"]


def test_echoes_can_be_left_out(world: World, zoom: Api) -> None:
    world.fault(fault="webhooks", echoes=False)
    zoom.made()
    assert world.items("webhooks") == []


def test_a_host_who_deletes_in_zoom_is_told_of(world: World, zoom: Api) -> None:
    meeting = zoom.made()
    requests.post(f"{world.url}/meetings/{meeting['id']}/delete", timeout=10)
    [hook] = world.app.wait("meeting.deleted")
    assert hook.json["payload"]["object"]["id"] == meeting["id"]
    assert zoom.call("GET", f"/meetings/{meeting['id']}").status_code == 404


def test_a_host_who_moves_in_zoom_is_told_of(world: World, zoom: Api) -> None:
    meeting = zoom.made()
    requests.post(f"{world.url}/meetings/{meeting['id']}/move", data={"start": "2031-06-01T09:30"}, timeout=10)
    [hook] = world.app.wait("meeting.updated")
    payload = hook.json["payload"]
    assert payload["object"]["start_time"] == "2031-06-01T09:30:00Z"
    assert payload["old_object"]["start_time"] == FUTURE


def test_ids_are_strings_when_a_meeting_starts_and_numbers_when_it_is_deleted(world: World, zoom: Api) -> None:
    meeting = zoom.made()
    for deed in ("start", "end", "delete"):
        requests.post(f"{world.url}/meetings/{meeting['id']}/{deed}", timeout=10)
    for event, kind in (("meeting.started", str), ("meeting.ended", str), ("meeting.deleted", int)):
        assert isinstance(world.app.wait(event)[0].json["payload"]["object"]["id"], kind)


def test_all_ids_are_strings_on_demand(world: World, zoom: Api) -> None:
    world.fault(fault="webhooks", ids="string")
    meeting = zoom.made()
    assert delivered(world)[0].json["payload"]["object"]["id"] == str(meeting["id"])


def test_a_host_without_the_app_is_never_spoken_of(world: World, zoom: Api) -> None:
    meeting = zoom.made()
    delivered(world)
    requests.post(f"{world.url}/oauth/revoke", data={"token": zoom.token}, auth=CLIENT, timeout=10)
    requests.post(f"{world.url}/meetings/{meeting['id']}/delete", timeout=10)
    assert [item["event"] for item in world.items("webhooks")] == ["meeting.created", "app_deauthorized"]


def test_a_server_error_is_tried_again_after_5_20_and_60_minutes(world: World, zoom: Api) -> None:
    world.app.answers = [500, 503, 502, 500, 200]
    zoom.made()
    for number, minutes in enumerate((5, 20, 60), start=1):
        attempted(world, number)
        world.clock.move(minutes=minutes, seconds=-10)
        assert len(world.app.hooks) == number
        world.clock.move(seconds=11)
        delivered(world, number + 1)
    eventually(lambda: world.items("webhooks")[0]["state"] == "dropped")
    assert len({hook.body for hook in world.app.hooks}) == 1
    assert all(signed(hook) for hook in world.app.hooks)


def test_a_client_error_is_not_tried_again_except_on_demand(world: World, zoom: Api) -> None:
    world.app.answers = [401]
    zoom.made()
    eventually(lambda: world.items("webhooks")[0]["state"] == "dropped")
    world.fault(fault="webhooks", retry_any=True, scale=0)
    world.app.answers = [401, 200]
    zoom.made()
    eventually(lambda: world.items("webhooks")[1]["state"] == "delivered")
    assert world.items("webhooks")[1]["attempts"] == 2


def test_an_endpoint_that_is_away_gets_the_event_later(world: World, zoom: Api, tmp_path: Path) -> None:
    world.fault(fault="webhooks", delay=1000)
    zoom.made()
    world.running.stop()
    with receiver() as other:
        clock = Clock()
        clock.move(seconds=1001)
        again = bootstrap.start(settings(tmp_path, other.url), clock=clock)
        other.wait("meeting.created")
        again.stop()


def test_events_come_twice_on_demand(world: World, zoom: Api) -> None:
    world.fault(fault="webhooks", duplicates=2)
    zoom.made()
    assert len({hook.body for hook in delivered(world, 3)}) == 1


def test_events_come_out_of_order_on_demand(world: World, zoom: Api) -> None:
    world.fault(fault="webhooks", reorder=0.5)
    meeting = zoom.made()
    zoom.call("PATCH", f"/meetings/{meeting['id']}", json={"duration": 5})
    assert [hook.event for hook in delivered(world, 2)] == ["meeting.updated", "meeting.created"]


def test_events_can_be_off_or_only_some(world: World, zoom: Api) -> None:
    world.fault(fault="webhooks", only=["meeting.deleted"])
    meeting = zoom.made()
    zoom.call("DELETE", f"/meetings/{meeting['id']}")
    world.fault(fault="webhooks", off=True)
    zoom.call("DELETE", f"/meetings/{zoom.made()['id']}")
    assert [item["event"] for item in world.items("webhooks")] == ["meeting.deleted"]


def test_signatures_and_clocks_are_wrong_on_demand(world: World, zoom: Api) -> None:
    world.fault(fault="webhooks", bad_signature=True, clock_skew=-600)
    zoom.made()
    [hook] = delivered(world)
    assert not signed(hook)
    assert world.clock().timestamp() - int(hook.headers["x-zm-request-timestamp"]) > 590


def test_the_endpoint_is_asked_to_prove_itself(world: World) -> None:
    world.fault(fault="url_validation")
    [hook] = world.app.wait("endpoint.url_validation")
    assert set(hook.json["payload"]) == {"plainToken"}
    assert signed(hook)


def test_a_proof_is_checked(world: World) -> None:
    world.fault(fault="url_validation")
    eventually(lambda: world.items("webhooks")[0]["last_result"] == "200 invalid")


def test_the_endpoint_is_asked_again_after_72_hours(world: World) -> None:
    world.fault(fault="url_validation")
    world.app.wait("endpoint.url_validation")
    world.fault(fault="webhooks", off=True)
    world.clock.move(hours=72)
    world.app.wait("endpoint.url_validation", 2)


def deauthorize(world: World, **body: object) -> requests.Response:
    return requests.post(f"{world.url}/sandbox/deauthorize", json=body, timeout=10)


def test_a_user_who_removes_the_app_kills_the_tokens(world: World) -> None:
    tokens = world.tokens()
    deauthorize(world)
    assert Api(world.url, tokens["access_token"]).call("GET", "/users/me").json()["code"] == 124
    assert world.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_removal_names_the_user_the_account_and_the_app(world: World) -> None:
    world.tokens()
    [user] = world.items("users")
    deauthorize(world)
    [hook] = world.app.wait("app_deauthorized")
    payload = hook.json["payload"]
    assert set(payload) == {"account_id", "user_id", "client_id", "deauthorization_time", "signature"}
    assert (payload["user_id"], payload["account_id"], payload["client_id"]) == (
        user["id"],
        user["account_id"],
        CLIENT[0],
    )
    assert signed(hook)


def test_a_removal_says_whether_data_may_stay_if_asked(world: World) -> None:
    world.tokens()
    deauthorize(world, user_data_retention=False)
    assert world.app.wait("app_deauthorized")[0].json["payload"]["user_data_retention"] == "false"


def test_without_a_name_the_latest_user_removes_the_app(world: World) -> None:
    world.tokens("one@zoom.example")
    world.tokens("two@zoom.example")
    assert deauthorize(world).json()["email"] == "two@zoom.example"
    assert deauthorize(world).json()["email"] == "one@zoom.example"
    assert deauthorize(world).status_code == 404


def test_a_user_is_named_by_address(world: World) -> None:
    world.tokens("one@zoom.example")
    world.tokens("two@zoom.example")
    assert deauthorize(world, email="one@zoom.example").json()["email"] == "one@zoom.example"


def test_a_removal_that_makes_no_sense_is_422_with_the_field(world: World) -> None:
    answer = deauthorize(world, emial="x")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "emial")


def test_the_body_in_the_list_is_the_one_that_was_sent(world: World, zoom: Api) -> None:
    zoom.made(topic="Ä")
    [hook] = delivered(world)
    assert world.items("webhooks")[0]["body"] == json.loads(hook.body)
