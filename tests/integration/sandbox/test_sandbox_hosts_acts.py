"""What a script does as a Zoom user, without the app: change, delete and recover meetings, withhold permissions."""

from typing import Any

import requests

from integration.sandbox.world import World


def patched(world: World, meeting_id: int, **change: Any) -> requests.Response:
    return requests.patch(f"{world.url}/sandbox/meetings/{meeting_id}", json=change, timeout=10)


def done(world: World, meeting_id: int, deed: str) -> requests.Response:
    return requests.post(f"{world.url}/sandbox/meetings/{meeting_id}/{deed}", timeout=10)


def test_a_meeting_moved_by_its_host_is_told_with_old_and_new_values(world: World) -> None:
    meeting = world.zoom().made()
    moved = patched(world, meeting["id"], start="2031-05-05T12:00:00+02:00", duration=45)

    assert (moved.json()["start_time"], moved.json()["duration"]) == ("2031-05-05T10:00:00Z", 45)
    [hook] = world.app.wait("meeting.updated")
    told = hook.json["payload"]
    assert (int(told["object"]["id"]), told["object"]["start_time"]) == (meeting["id"], "2031-05-05T10:00:00Z")
    assert told["old_object"]["start_time"] == meeting["start_time"]


def test_a_deleted_meeting_comes_back_from_the_trash(world: World) -> None:
    zoom = world.zoom()
    meeting = zoom.made()
    assert done(world, meeting["id"], "delete").ok
    world.app.wait("meeting.deleted")
    assert world.items("meetings") == []
    assert done(world, meeting["id"], "recover").json()["join_url"] == meeting["join_url"]
    world.app.wait("meeting.recovered")
    assert [one["id"] for one in world.items("meetings")] == [meeting["id"]]


def test_what_makes_no_sense_is_refused_in_words(world: World) -> None:
    meeting = world.zoom().made()

    assert patched(world, meeting["id"]).status_code == 422
    assert patched(world, meeting["id"], start="tomorrow").status_code == 422
    assert patched(world, meeting["id"], start="2031-05-05T12:00:00").status_code == 422
    assert patched(world, meeting["id"], color="red").status_code == 422
    assert patched(world, 1, duration=30).status_code == 404
    assert done(world, meeting["id"], "recover").status_code == 404
    assert done(world, meeting["id"], "explode").status_code == 404


def test_the_bodies_of_calls_are_kept_but_for_those_with_secrets(world: World) -> None:
    world.zoom().made(topic="A topic")

    [create] = world.items("requests?operation=create_meeting")
    assert create["body"]["topic"] == "A topic"
    assert {call["body"] for call in world.items("requests?operation=token")} == {None}


def test_a_person_may_withhold_permissions_at_the_consent(world: World) -> None:
    page = requests.get(f"{world.url}/oauth/authorize", params=world.ask(), timeout=10).text
    assert 'name="withheld" value="meeting:delete:meeting"' in page
    code = world.code(withheld="meeting:delete:meeting")

    granted = world.exchange(code).json()["scope"].split()
    assert "meeting:delete:meeting" not in granted
    assert "meeting:write:meeting" in granted
