"""The REST calls, as zoom.md describes them."""

import concurrent.futures
from typing import Any

import pytest
import requests

from integration.sandbox.world import FUTURE, Api, World
from sandbox.context import zulu


@pytest.fixture
def zoom(world: World) -> Api:
    """Connect one host."""
    return world.zoom()


def test_me_has_the_ids_that_webhooks_carry(world: World, zoom: Api) -> None:
    me = zoom.call("GET", "/users/me").json()
    [user] = world.items("users")
    assert (me["id"], me["account_id"], me["email"]) == (user["id"], user["account_id"], "host@zoom.example")


def test_a_create_answers_201_with_links_and_passcode(world: World, zoom: Api) -> None:
    answer = zoom.create(duration=30, agenda="[punctual:b1] talk")
    meeting = answer.json()
    assert answer.status_code == 201
    assert meeting["join_url"].startswith(f"{world.url}/j/{meeting['id']}?pwd=")
    assert meeting["start_url"].startswith(f"{world.url}/s/{meeting['id']}?zak=")
    assert meeting["password"]
    assert (meeting["start_time"], meeting["duration"], meeting["agenda"]) == (FUTURE, 30, "[punctual:b1] talk")
    assert (meeting["status"], meeting["type"], meeting["creation_source"]) == ("waiting", 2, "open_api")


def test_ids_have_eleven_digits_and_uuids_all_awkward_signs(zoom: Api) -> None:
    meeting = zoom.made()
    assert len(str(meeting["id"])) == 11
    assert all(sign in meeting["uuid"] for sign in "/+=")


def test_every_answer_has_a_tracking_id(zoom: Api) -> None:
    assert zoom.create().headers["x-zm-trackingid"] != zoom.call("GET", "/nowhere").headers["x-zm-trackingid"]


def test_a_start_in_the_past_becomes_now(world: World, zoom: Api) -> None:
    before = zulu(world.clock().timestamp())
    assert before <= zoom.made(start_time="2020-01-01T10:00:00Z")["start_time"] <= zulu(world.clock().timestamp())


def test_a_start_without_z_is_wall_clock_in_the_zone(zoom: Api) -> None:
    meeting = zoom.made(start_time="2031-07-01T10:00:00", timezone="Europe/Berlin")
    assert (meeting["start_time"], meeting["timezone"]) == ("2031-07-01T08:00:00Z", "Europe/Berlin")


def test_a_zone_beside_a_start_in_utc_only_shows(zoom: Api) -> None:
    assert zoom.made(start_time=FUTURE, timezone="Asia/Tokyo")["start_time"] == FUTURE


def test_a_waiting_room_turns_off_joining_before_the_host(zoom: Api) -> None:
    made = zoom.made(settings={"waiting_room": True, "join_before_host": True, "mute_upon_entry": True})
    assert made["settings"]["join_before_host"] is False
    assert made["settings"]["mute_upon_entry"] is True


def test_invalid_fields_are_listed_under_300(zoom: Api) -> None:
    answer = zoom.create(topic="x" * 201, duration=0, settings={"jbh_time": 7})
    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["message"]) == (300, "Validation Failed.")
    assert [error["field"] for error in answer.json()["errors"]] == ["topic", "duration", "settings.jbh_time"]


def test_a_start_with_an_offset_is_refused_or_on_demand_ignored(world: World, zoom: Api) -> None:
    loose = {"start_time": "2031-05-04T10:00:00.000+02:00"}
    assert zoom.create(**loose).status_code == 400
    world.fault(fault="loose_start_ignored")
    assert zoom.made(**loose)["start_time"] < FUTURE


def test_a_body_that_is_not_json_is_300(zoom: Api) -> None:
    answer = zoom.call("POST", "/users/me/meetings", data="{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, 300)


def test_scheduling_for_somebody_else_is_refused(zoom: Api) -> None:
    answer = zoom.create(schedule_for="other@zoom.example")
    assert (answer.status_code, answer.json()["code"]) == (400, 3000)


def test_a_read_shows_the_meeting(zoom: Api) -> None:
    meeting = zoom.made()
    assert zoom.read(meeting)["join_url"] == meeting["join_url"]


def test_an_update_answers_204_with_no_body(zoom: Api) -> None:
    meeting = zoom.made()
    answer = zoom.call(
        "PATCH", f"/meetings/{meeting['id']}", json={"start_time": "2031-06-01T08:00:00Z", "duration": 45}
    )
    assert (answer.status_code, answer.content) == (204, b"")
    after = zoom.read(meeting)
    assert (after["start_time"], after["duration"]) == ("2031-06-01T08:00:00Z", 45)
    assert (after["id"], after["join_url"]) == (meeting["id"], meeting["join_url"])


def test_an_update_to_the_past_is_ignored_with_204(zoom: Api) -> None:
    meeting = zoom.made()
    answer = zoom.call("PATCH", f"/meetings/{meeting['id']}", json={"start_time": "2020-01-01T10:00:00Z"})
    assert (answer.status_code, zoom.read(meeting)["start_time"]) == (204, FUTURE)


def test_custom_keys_are_for_updates_only(zoom: Api) -> None:
    keys = {"settings": {"custom_keys": [{"key": "a", "value": "b"}] * 11}}
    assert zoom.create(**keys).status_code == 201
    assert zoom.call("PATCH", f"/meetings/{zoom.made()['id']}", json=keys).status_code == 400


def test_a_deleted_meeting_is_gone_with_3001(zoom: Api) -> None:
    meeting = zoom.made()
    answer = zoom.call("DELETE", f"/meetings/{meeting['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    gone = {"code": 3001, "message": f"Meeting does not exist: {meeting['id']}."}
    for method in ("GET", "DELETE"):
        again = zoom.call(method, f"/meetings/{meeting['id']}")
        assert (again.status_code, again.json()) == (404, gone)


def test_a_meeting_in_progress_cannot_be_deleted(world: World, zoom: Api) -> None:
    meeting = zoom.made()
    requests.post(f"{world.url}/meetings/{meeting['id']}/start", timeout=10)
    assert zoom.call("DELETE", f"/meetings/{meeting['id']}").json()["code"] == 3002
    requests.post(f"{world.url}/meetings/{meeting['id']}/end", timeout=10)
    assert zoom.call("DELETE", f"/meetings/{meeting['id']}").status_code == 204


def test_an_id_ends_thirty_days_after_the_meeting(world: World, zoom: Api) -> None:
    meeting = zoom.made(start_time="2020-01-01T00:00:00Z", duration=60)
    world.clock.move(days=29)
    fresh = world.zoom()
    assert fresh.call("GET", f"/meetings/{meeting['id']}").status_code == 200
    world.clock.move(days=2)
    assert world.zoom().call("GET", f"/meetings/{meeting['id']}").status_code == 404


def test_another_hosts_meeting_is_not_to_be_touched(world: World, zoom: Api) -> None:
    meeting = zoom.made()
    answer = world.zoom("other@zoom.example").call("DELETE", f"/meetings/{meeting['id']}")
    assert (answer.status_code, answer.json()["code"]) == (400, 3003)


@pytest.mark.parametrize("meeting_id", ["abc", "1" * 40, "-5"])
def test_an_id_that_is_no_number_is_300(zoom: Api, meeting_id: str) -> None:
    answer = zoom.call("GET", f"/meetings/{meeting_id}")
    assert (answer.status_code, answer.json()["code"]) == (400, 300)


@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("PUT", "/users/me/meetings"), ("GET", "/")])
def test_another_path_is_not_recognized(zoom: Api, method: str, path: str) -> None:
    answer = zoom.call(method, path)
    assert (answer.status_code, answer.json()["code"]) == (404, 2300)


def test_a_users_token_speaks_of_me_only(world: World, zoom: Api) -> None:
    own_id = world.items("users")[0]["id"]
    assert zoom.call("GET", f"/users/{own_id}/meetings").json()["code"] == 4711
    assert zoom.call("GET", "/users/nobody/meetings").json()["code"] == 1001


def test_a_missing_scope_is_400_with_its_name(world: World) -> None:
    world.fault(fault="scopes", granted=["user:read:user"])
    answer = world.zoom().create()
    assert answer.status_code == 400
    assert answer.json() == {
        "code": 4711,
        "message": "Invalid access token, does not contain scopes:[meeting:write:meeting].",
    }


def test_a_missing_scope_is_401_on_demand(world: World) -> None:
    world.fault(fault="scopes", granted=["user:read:user"])
    world.fault(fault="scope_error_401")
    answer = world.zoom().create()
    assert (answer.status_code, answer.json()["code"]) == (401, 4700)


def test_a_classic_scope_does_too(world: World) -> None:
    world.fault(fault="scopes", granted=["meeting:write"])
    assert world.zoom().create().status_code == 201


@pytest.mark.parametrize("token", ["", "never was"])
def test_an_unknown_token_is_401_with_124(world: World, token: str) -> None:
    answer = Api(world.url, token).call("GET", "/users/me")
    assert (answer.status_code, answer.json()["code"]) == (401, 124)


def test_a_list_has_short_agendas_and_no_status(zoom: Api) -> None:
    zoom.made(agenda="a" * 300)
    [item] = zoom.list()["meetings"]
    assert len(item["agenda"]) == 250
    assert not {"status", "settings", "start_url", "password"} & set(item)


def test_a_list_comes_in_pages(zoom: Api) -> None:
    made = [zoom.made(start_time=f"2031-05-0{day}T10:00:00Z")["id"] for day in (3, 1, 2)]
    first = zoom.list(page_size=2)
    second = zoom.list(page_size=2, next_page_token=first["next_page_token"])
    assert [item["id"] for item in first["meetings"] + second["meetings"]] == [made[1], made[2], made[0]]
    assert (first["total_records"], second["next_page_token"]) == (3, "")


def test_a_page_token_lives_fifteen_minutes(world: World, zoom: Api) -> None:
    zoom.made()
    zoom.made()
    token = zoom.list(page_size=1)["next_page_token"]
    world.clock.move(minutes=16)
    assert zoom.list(page_size=1, next_page_token=token)["code"] == 300


def test_a_list_is_bounded_by_days(zoom: Api) -> None:
    for day in (1, 2, 3):
        zoom.made(start_time=f"2031-05-0{day}T10:00:00Z", topic=str(day))
    listed = zoom.list(**{"type": "upcoming", "from": "2031-05-02", "to": "2031-05-02"})
    assert [item["topic"] for item in listed["meetings"]] == ["2"]


def test_a_list_shows_nothing_deleted_and_nobody_elses(world: World, zoom: Api) -> None:
    zoom.call("DELETE", f"/meetings/{zoom.made()['id']}")
    world.zoom("other@zoom.example").made()
    assert zoom.list()["meetings"] == []


def test_past_meetings_are_listed_as_previous_only(world: World, zoom: Api) -> None:
    zoom.made(start_time="2020-01-01T10:00:00Z", duration=10)
    world.clock.move(minutes=11)
    assert zoom.list(type="upcoming")["meetings"] == []
    assert len(zoom.list(type="previous_meetings")["meetings"]) == 1
    assert len(zoom.list(type="scheduled")["meetings"]) == 1


@pytest.mark.parametrize(
    "query",
    [
        {"type": "odd"},
        {"page_size": "0"},
        {"page_size": "301"},
        {"page_size": "9" * 5000},
        {"from": "2031-13-01"},
        {"next_page_token": "made up"},
        {"timezone": "Mars/Base"},
    ],
)
def test_a_query_that_makes_no_sense_is_300(zoom: Api, query: dict[str, str]) -> None:
    answer = zoom.call("GET", "/users/me/meetings", params=query)
    assert (answer.status_code, answer.json()["code"]) == (400, 300)


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"settings": []},
        {"topic": 5},
        {"topic": "\ud800"},
        {"type": "2"},
        {"duration": True},
        {"start_time": "9999-12-31T23:59:59Z"},
        {"start_time": "2031-02-30T10:00:00Z"},
        {"timezone": "nowhere"},
        {"password": "way too long one"},
        {"recurrence": {}},
        {"tracking_fields": [{"field": "x", "value": "y"}]},
        {"settings": {"alternative_hosts": "a@b.example"}},
    ],
)
def test_no_body_upsets_it(zoom: Api, body: Any) -> None:
    answer = zoom.call("POST", "/users/me/meetings", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, 300)


def test_no_passcode_leaves_it_out_of_answer_and_link(world: World, zoom: Api) -> None:
    world.fault(fault="no_passcode")
    meeting = zoom.made()
    assert "password" not in meeting
    assert "pwd=" not in meeting["join_url"]


def test_settings_are_dropped_in_silence_on_demand(world: World, zoom: Api) -> None:
    world.fault(fault="settings_dropped")
    assert zoom.made(settings={"mute_upon_entry": True})["settings"]["mute_upon_entry"] is False


def test_the_personal_meeting_id_gets_into_links_unless_refused(world: World, zoom: Api) -> None:
    world.fault(fault="pmi_by_default")
    pmi = zoom.call("GET", "/users/me").json()["pmi"]
    assert f"/j/{pmi}" in zoom.made()["join_url"]
    assert f"/j/{pmi}" not in zoom.made(settings={"use_pmi": False})["join_url"]


def test_meetings_made_at_once_are_all_kept(world: World, zoom: Api) -> None:
    with concurrent.futures.ThreadPoolExecutor(16) as threads:
        ids = list(threads.map(lambda number: zoom.made(topic=str(number))["id"], range(64)))
    assert len(set(ids)) == 64
    assert len(world.items("meetings")) == 64
