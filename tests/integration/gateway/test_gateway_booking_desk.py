"""What a host does with bookings: find them, accept what Zoom changed, move them, book for a client."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode
from zoneinfo import ZoneInfo

import pytest

from integration.gateway.conftest import Gateway, Host
from integration.gateway.inner import problem
from shared.clock import system
from support.browsing import Browser


def video(**fields: Any) -> dict[str, Any]:
    shown = {"provider": "zoom", "state": "ready", "join_url": "https://zoom.example/j/1", "passcode": None}
    return {**shown, "moved_to": None, "removed_because": None, **fields}


MOVED = {"start": "2026-12-03T15:00:00+00:00", "end": "2026-12-03T15:30:00+00:00"}


def test_every_filter_is_asked_for_and_kept(gateway: Gateway, host: Host, browser: Browser) -> None:
    gateway.book(host)
    wanted = {"q": "Carl", "status": "confirmed", "session_type": "type-intro", "video_state": "ready", "order": "desc"}
    browser.get(f"{gateway.url}/dashboard/bookings").submit("Show", **wanted)
    query = parse_qs(gateway.inner.asked("GET", "/me/bookings")[-1].query)
    assert {name: query[name][0] for name in wanted} == wanted
    kept = dict(browser.page().forms[-1].form_values())
    assert {name: kept[name] for name in wanted} == wanted


def test_the_same_bookings_come_as_a_file(gateway: Gateway, host: Host, browser: Browser) -> None:
    gateway.book(host)
    browser.get(f"{gateway.url}/dashboard/bookings?q=Carl&status=confirmed").follow("Download CSV")
    assert browser.text.split() == ["start,client"]
    query = parse_qs(gateway.inner.asked("GET", "/me/bookings.csv")[-1].query)
    assert query == {"q": ["Carl"], "status": ["confirmed"]}


def test_those_that_are_to_come_are_shown_unasked(gateway: Gateway, browser: Browser) -> None:
    today = system().astimezone(ZoneInfo("Europe/Berlin")).date()
    browser.get(f"{gateway.url}/dashboard/bookings")
    assert parse_qs(gateway.inner.asked("GET", "/me/bookings")[-1].query)["from"] == [today.isoformat()]
    assert "Nothing is coming up." in browser.words
    browser.follow("Past")
    query = parse_qs(gateway.inner.asked("GET", "/me/bookings")[-1].query)
    assert (query["to"], query["order"]) == ([(today - timedelta(days=1)).isoformat()], ["desc"])
    browser.follow("All")
    assert parse_qs(gateway.inner.asked("GET", "/me/bookings")[-1].query) == {"limit": ["25"]}
    [here] = browser.page().xpath("//nav[@aria-label='Which bookings']/a[@aria-current]")
    assert here.text_content() == "All"


def test_a_date_that_cannot_be_read_is_said_beside_it(gateway: Gateway, browser: Browser) -> None:
    browser.get(f"{gateway.url}/dashboard/bookings?from=soon&q=Carl")
    assert "Write a date" in browser.page().get_element_by_id("wrong-from").text_content()
    assert dict(browser.page().forms[-1].form_values())["q"] == "Carl"


def test_a_meeting_moved_in_zoom_is_accepted(gateway: Gateway, host: Host, browser: Browser) -> None:
    made = gateway.book(host, video=video(moved_to=MOVED))
    browser.get(f"{gateway.url}/dashboard/bookings/{made['id']}")
    assert "Moved in Zoom" in browser.words
    assert "3 December 2026, 16:00 (Europe/Berlin, UTC+1)" in browser.words
    browser.submit("Accept the time in Zoom")
    [call] = gateway.inner.asked("POST", f"/me/bookings/{made['id']}/reschedule")
    assert call.json() == {"start": MOVED["start"], "any_time": True}
    assert "Accepted." in browser.words


def test_a_meeting_moved_in_zoom_is_put_back(gateway: Gateway, host: Host, browser: Browser) -> None:
    made = gateway.book(host, video=video(moved_to=MOVED))
    browser.get(f"{gateway.url}/dashboard/bookings/{made['id']}").submit("Restore the booked time")
    asked = gateway.inner.asked("POST", f"/me/bookings/{made['id']}/retry")
    assert {call.service for call in asked} == {"zoom-connector", "notifier"}
    assert "is being put back" in browser.words


def test_a_meeting_deleted_in_zoom_is_accepted_or_restored(gateway: Gateway, host: Host, browser: Browser) -> None:
    gone = video(state="removed", join_url=None, removed_because="deleted_in_zoom")
    made = gateway.book(host, video=gone)
    page = f"{gateway.url}/dashboard/bookings/{made['id']}"
    browser.get(page).submit("Restore the meeting")
    assert gateway.inner.asked("POST", f"/me/bookings/{made['id']}/retry")
    browser.submit("Accept that there is none")
    [call] = gateway.inner.asked("POST", f"/me/bookings/{made['id']}/accept")
    assert (call.service, call.subject) == ("zoom-connector", host.id)
    made["video"]["removed_because"] = "accepted"
    assert browser.get(page).page().xpath("//button[contains(., 'Accept')]") == []


def test_nothing_to_accept_is_said(gateway: Gateway, host: Host, browser: Browser) -> None:
    made = gateway.book(host, video=video(state="removed", join_url=None, removed_because="deleted_in_zoom"))
    where = f"/me/bookings/{made['id']}/accept"
    gateway.inner.say("POST", where, problem(409, "nothing_to_accept", "Zoom has what was booked."))
    browser.get(f"{gateway.url}/dashboard/bookings/{made['id']}").submit("Accept that there is none")
    assert "Zoom has what was booked." in browser.words


def test_a_host_moves_a_session_to_any_time(gateway: Gateway, host: Host, browser: Browser) -> None:
    made = gateway.book(host)
    page = f"{gateway.url}/dashboard/bookings/{made['id']}/reschedule"
    browser.get(page).submit("Take this time", any_date="2027-03-28", any_clock="02:30")
    # Half past two doesn't exist in Berlin on that night: the clock goes on at three.
    assert "03:30" in browser.words
    browser.submit("Move the session")
    [call] = gateway.inner.asked("POST", f"/me/bookings/{made['id']}/reschedule")
    assert call.json() == {"start": "2027-03-28T03:30:00+02:00", "any_time": True}


def test_a_time_that_is_taken_offers_the_nearest(gateway: Gateway, host: Host, browser: Browser) -> None:
    made = gateway.book(host)
    where = f"/me/bookings/{made['id']}/reschedule"
    nearest = ["2026-12-01T10:00:00+01:00", "2026-12-01T11:00:00+01:00"]
    gateway.inner.say("POST", where, problem(409, "slot_taken", "Taken.", nearest=nearest))
    browser.get(f"{gateway.url}/dashboard/bookings/{made['id']}/reschedule")
    browser.get(next(href for _, href in browser.links() if "start=" in href)).submit("Move the session")
    assert browser.answer.status_code == 409
    gateway.inner.said.clear()
    browser.submit("Tue, 1 Dec, 10:00")
    assert gateway.inner.asked("POST", where)[-1].json()["start"] == nearest[0]


@pytest.mark.parametrize(
    "typed", [{"any_date": "x", "any_clock": "10:00"}, {"any_date": "2026-12-01", "any_clock": ""}]
)
def test_a_time_that_cannot_be_read_is_said_and_kept(
    gateway: Gateway, host: Host, browser: Browser, typed: dict[str, str]
) -> None:
    made = gateway.book(host)
    for page in (f"bookings/{made['id']}/reschedule?", "bookings/new?type=type-intro&"):
        browser.get(f"{gateway.url}/dashboard/{page}{urlencode(typed)}")
        assert browser.answer.status_code == 422
        assert "Write a date and a time" in browser.page().get_element_by_id("wrong-any_date").text_content()
        assert browser.page().get_element_by_id("any-date").get("value") == typed["any_date"]


def test_a_host_books_a_free_time_for_a_client(gateway: Gateway, host: Host, browser: Browser) -> None:
    browser.get(f"{gateway.url}/dashboard/bookings").follow("Book for a client")
    browser.get(next(href for _, href in browser.links() if "start=" in href))
    client = {"name": "Clara", "email": "clara@example.org", "timezone": "Asia/Kolkata"}
    browser.submit("Book it", **client, notes="As agreed", **{"answers.topic": "Teams"})
    [call] = gateway.inner.asked("POST", "/me/bookings")
    body = call.json()
    assert (call.subject, body["session_type_id"], body["any_time"]) == (host.id, "type-intro", False)
    assert (body["client"], body["notes"], body["answers"]) == (client, "As agreed", {"topic": "Teams"})
    assert "Booked. Both of you are told by mail." in browser.words


def test_a_host_books_any_time_for_a_client(gateway: Gateway, browser: Browser) -> None:
    browser.get(f"{gateway.url}/dashboard/bookings/new?type=type-intro")
    browser.submit("Take this time", any_date="2026-12-06", any_clock="20:00")
    assert "Sunday, 6 December 2026" in browser.words
    browser.submit("Book it", name="Clara", email="clara@example.org")
    body = gateway.inner.asked("POST", "/me/bookings")[-1].json()
    assert (body["start"], body["any_time"]) == ("2026-12-06T20:00:00+01:00", True)


def test_errors_of_a_booking_for_a_client_keep_what_was_typed(gateway: Gateway, browser: Browser) -> None:
    page = f"{gateway.url}/dashboard/bookings/new?type=type-intro&any_date=2026-12-06&any_clock=20:00"
    errors = [{"field": "client.email", "message": "must be an e-mail address"}]
    gateway.inner.say("POST", "/me/bookings", problem(422, "validation_failed", "x", errors=errors))
    browser.get(page).submit("Book it", name="Clara", email="clara")
    assert "Must be an e-mail address" in browser.page().get_element_by_id("wrong-email").text_content()
    assert browser.page().get_element_by_id("field-name").get("value") == "Clara"
    taken = problem(409, "slot_taken", "This time is taken.", nearest=["2026-12-07T09:00:00+01:00"])
    gateway.inner.say("POST", "/me/bookings", taken)
    browser.submit("Book it", email="clara@example.org")
    assert browser.answer.status_code == 409
    gateway.inner.said.clear()
    browser.submit("Mon, 7 Dec, 09:00")
    body = gateway.inner.asked("POST", "/me/bookings")[-1].json()
    assert (body["start"], body["client"]["name"]) == ("2026-12-07T09:00:00+01:00", "Clara")


def test_a_host_with_several_session_types_is_asked_which(gateway: Gateway, browser: Browser) -> None:
    kinds = [{"id": f"t{n}", "title": f"Type {n}", "duration": 30, "active": True, "location": {}} for n in (1, 2)]
    gateway.inner.say("GET", "/me/session-types", (200, {"items": kinds, "next_cursor": None}))
    browser.get(f"{gateway.url}/dashboard/bookings/new")
    assert "What is it?" in browser.words
    assert browser.follow("Type 2").url.endswith("?type=t2")
    assert browser.get(f"{gateway.url}/dashboard/bookings/new?type=gone").answer.status_code == 404


def test_each_line_of_the_timeline_is_a_step_with_its_icon(gateway: Gateway, host: Host, browser: Browser) -> None:
    made = gateway.book(host)
    browser.get(f"{gateway.url}/dashboard/bookings/{made['id']}")
    steps = browser.page().xpath("//ol[@class='steps']/li")
    assert [step.get("class") for step in steps] == ["good", "todo"]
    assert all(step.xpath(".//svg") for step in steps)
