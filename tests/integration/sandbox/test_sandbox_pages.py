"""The pages for people."""

import pytest
import requests

from integration.sandbox.world import World


@pytest.mark.parametrize("path", ["/", "/mail", "/meetings"])
def test_empty_pages_say_what_will_be_there(world: World, path: str) -> None:
    page = requests.get(f"{world.url}{path}", timeout=10)
    assert page.status_code == 200
    assert "<script" not in page.text


def test_the_join_page_shows_topic_and_time(world: World) -> None:
    meeting = world.zoom().made(topic="A <talk>")
    page = requests.get(meeting["join_url"], timeout=10).text
    assert "A &lt;talk&gt;" in page
    assert "Sun 04 May 2031, 10:00 UTC" in page
    assert "the link carries it" in page


def test_the_join_page_misses_the_passcode(world: World) -> None:
    meeting = world.zoom().made()
    assert "missing or wrong" in requests.get(meeting["join_url"].partition("?")[0], timeout=10).text


def test_the_join_page_of_a_deleted_meeting_is_404(world: World) -> None:
    zoom = world.zoom()
    meeting = zoom.made()
    zoom.call("DELETE", f"/meetings/{meeting['id']}")
    assert requests.get(meeting["join_url"], timeout=10).status_code == 404


def test_a_fault_is_set_and_cleared_by_form(world: World) -> None:
    form = {"fault": '{"fault": "no_passcode"}'}
    assert "no_passcode" in requests.post(f"{world.url}/faults", data=form, timeout=10).text
    requests.post(f"{world.url}/faults/clear", timeout=10)
    assert world.items("faults") == []


@pytest.mark.parametrize(("written", "said"), [("{", "This is not JSON"), ('{"fault": "odd"}', "this is no fault")])
def test_a_form_that_makes_no_sense_comes_back_with_the_reason(world: World, written: str, said: str) -> None:
    page = requests.post(f"{world.url}/faults", data={"fault": written}, timeout=10)
    assert (page.status_code, said in page.text) == (422, True)


def test_the_app_is_removed_by_button(world: World) -> None:
    world.tokens()
    page = requests.post(f"{world.url}/deauthorize", data={"user_id": world.items("users")[0]["id"]}, timeout=10)
    assert "has not added the app" in page.text
    world.app.wait("app_deauthorized")


def test_deleted_meetings_are_shown_on_demand(world: World) -> None:
    meeting = world.zoom().made(topic="Gone")
    requests.post(f"{world.url}/meetings/{meeting['id']}/delete", timeout=10)
    assert "Gone" not in requests.get(f"{world.url}/meetings", timeout=10).text
    assert "Gone" in requests.get(f"{world.url}/meetings?deleted=1", timeout=10).text
    assert [item["topic"] for item in world.items("meetings", deleted=1)] == ["Gone"]


@pytest.mark.parametrize("start", ["tomorrow", "9999-01-01T00:00", "0001-01-01T00:00"])
def test_a_start_that_is_no_time_is_refused(world: World, start: str) -> None:
    meeting = world.zoom().made()
    answer = requests.post(f"{world.url}/meetings/{meeting['id']}/move", data={"start": start}, timeout=10)
    assert answer.status_code == 422


@pytest.mark.parametrize("path", ["/mail/999", "/j/12345678901", "/j/123456789012345678901", "/mail/" + "9" * 5000])
def test_what_is_not_there_is_404(world: World, path: str) -> None:
    assert requests.get(f"{world.url}{path}", timeout=10).status_code == 404
