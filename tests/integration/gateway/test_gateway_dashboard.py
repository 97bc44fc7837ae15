"""The dashboard, without JavaScript: every form, its errors, and what it asks of the inner services."""

from urllib.parse import parse_qs

import pytest

from integration.gateway.conftest import Gateway, Host
from integration.gateway.inner import Call, problem
from support.browsing import Browser


def test_the_overview_shows_the_address_the_state_of_zoom_and_what_comes_next(
    gateway: Gateway, host: Host, browser: Browser
) -> None:
    browser.get(f"{gateway.url}/dashboard")
    assert f"http://gateway.test/{host.handle}" in browser.words
    assert "Connect Zoom to get a link" in browser.words
    assert "Nobody has booked yet" in browser.words
    gateway.book(host, client={"name": "Carla", "email": "c@example.org", "timezone": "UTC"})
    gateway.inner.connected = True
    browser.get(f"{gateway.url}/dashboard")
    assert "Carla" in browser.words
    assert "Connect Zoom to get a link" not in browser.words
    [call] = gateway.inner.asked("GET", "/me/bookings")[1:]
    assert parse_qs(call.query)["status"] == ["confirmed"]


def test_the_overview_stands_when_the_connector_is_away(gateway: Gateway, browser: Browser) -> None:
    with gateway.away("zoom-connector"):
        browser.get(f"{gateway.url}/dashboard")
    assert browser.answer.status_code == 200
    assert "can't be read right now" in browser.words


def test_bookings_are_filtered_and_paged(gateway: Gateway, host: Host, browser: Browser) -> None:
    made = gateway.book(host)
    gateway.inner.say("GET", "/me/bookings", (200, {"items": [made], "next_cursor": "next/page="}))
    browser.get(f"{gateway.url}/dashboard/bookings")
    browser.submit("Show", q="Carl & co", status="canceled", **{"from": "2026-12-01", "to": "2026-12-31"})
    query = parse_qs(gateway.inner.asked("GET", "/me/bookings")[-1].query)
    assert (query["q"], query["status"]) == (["Carl & co"], ["canceled"])
    assert (query["from"], query["to"]) == (["2026-12-01"], ["2026-12-31"])
    browser.follow("More bookings")
    query = parse_qs(gateway.inner.asked("GET", "/me/bookings")[-1].query)
    assert (query["cursor"], query["q"]) == (["next/page="], ["Carl & co"])


def test_a_filter_that_cannot_be_is_said_and_not_a_fault(gateway: Gateway, browser: Browser) -> None:
    gateway.inner.say("GET", "/me/bookings", problem(422, "validation_failed", "The cursor is not one of ours."))
    browser.get(f"{gateway.url}/dashboard/bookings?cursor=x&from=soon&status=maybe")
    assert browser.answer.status_code == 200
    assert "The cursor is not one of ours." in browser.words


def test_a_booking_shows_its_timeline_and_its_mails(gateway: Gateway, host: Host, browser: Browser) -> None:
    made = gateway.book(host, answers={"topic": "Teams"})
    mail = {
        "kind": "client_confirmation",
        "to": "carl@example.org",
        "state": "retrying",
        "attempts": 2,
        "next_attempt_at": "2026-12-01T10:00:00+00:00",
        "last_error": "The mail server refuses connections.",
        "sent_at": None,
    }
    gateway.inner.say("GET", f"/me/bookings/{made['id']}/deliveries", (200, {"items": [mail]}))
    browser.get(f"{gateway.url}/dashboard/bookings/{made['id']}")
    assert "Confirmation to the client" in browser.words
    assert "Not sent yet; it is tried again" in browser.words
    assert "next try Tue, 1 Dec, 11:00" in browser.words
    assert "The mail server refuses connections. (after 2 tries)" in browser.words
    assert "Carl booked." in browser.words
    assert "What is it about?" in browser.words
    with gateway.away("notifier"):
        browser.get(f"{gateway.url}/dashboard/bookings/{made['id']}")
    assert "can't be read right now" in browser.words


def test_a_host_tries_again_moves_and_cancels(gateway: Gateway, host: Host, browser: Browser) -> None:
    made = gateway.book(host)
    path = f"/me/bookings/{made['id']}"
    browser.get(f"{gateway.url}/dashboard/bookings/{made['id']}").submit("Try again now")
    assert "being tried again now" in browser.words
    assert {call.service for call in gateway.inner.asked("POST", f"{path}/retry")} == {"zoom-connector", "notifier"}
    browser.follow("Reschedule")
    browser.get(next(href for _, href in browser.links() if "start=" in href)).submit("Move the session")
    assert "The session is moved" in browser.words
    [moved] = gateway.inner.asked("POST", f"{path}/reschedule")
    assert moved.subject == host.id
    browser.follow("Cancel").submit("Cancel the session", reason="Ill")
    assert browser.url.endswith(made["id"])
    [canceled] = gateway.inner.asked("POST", f"{path}/cancel")
    assert (canceled.subject, canceled.json()) == (host.id, {"reason": "Ill"})


def test_a_booking_of_somebody_else_is_not_there(gateway: Gateway, browser: Browser) -> None:
    for rest in ("", "/cancel", "/reschedule"):
        assert browser.get(f"{gateway.url}/dashboard/bookings/other{rest}").answer.status_code == 404


def test_the_calendar_asks_for_one_week_or_month_of_the_hosts_clock(
    gateway: Gateway, host: Host, browser: Browser
) -> None:
    start = "2026-12-02T23:30:00+00:00"
    gateway.book(host, start=start, end="2026-12-03T00:00:00+00:00")
    browser.get(f"{gateway.url}/dashboard/calendar?date=2026-12-02")
    query = parse_qs(gateway.inner.asked("GET", "/me/bookings")[0].query)
    assert (query["from"], query["to"]) == (["2026-11-30T00:00:00+01:00"], ["2026-12-07T00:00:00+01:00"])
    [thursday] = [day for day in browser.page().xpath("//ol[@class='days']/li") if "Thursday" in day.text_content()]
    assert "00:30" in thursday.text_content()
    assert "Europe/Berlin" in browser.words
    browser.follow("Month")
    query = parse_qs(gateway.inner.asked("GET", "/me/bookings")[1].query)
    assert (query["from"], query["to"]) == (["2026-11-30T00:00:00+01:00"], ["2027-01-04T00:00:00+01:00"])


@pytest.mark.parametrize("date", ["0001-01-01", "9999-12-31", "x", "2026-02-30", ""])
def test_any_date_in_the_address_shows_a_calendar(gateway: Gateway, browser: Browser, date: str) -> None:
    for view in ("week", "month", "x"):
        assert browser.get(f"{gateway.url}/dashboard/calendar?view={view}&date={date}").answer.status_code == 200


def test_a_session_type_is_made_changed_and_deleted(gateway: Gateway, browser: Browser) -> None:
    browser.get(f"{gateway.url}/dashboard/session-types").follow("New session type")
    browser.submit("Make it", title="Deep dive", duration="90", place="phone", detail="+49 30 123", capacity="3")
    assert browser.url.endswith("/dashboard/session-types")
    [made] = gateway.inner.asked("POST", "/me/session-types")
    body = made.json()
    assert (body["slug"], body["duration"], body["capacity"]) == ("deep-dive", 90, 3)
    assert body["location"] == {"kind": "phone", "provider": None, "detail": "+49 30 123"}
    assert (body["slot_step"], body["max_per_day"], body["active"]) == (None, None, True)
    browser.follow("Introduction").submit("Save", title="Hello")
    [changed] = gateway.inner.asked("PATCH", "/me/session-types/type-intro")
    assert changed.json()["title"] == "Hello"
    browser.get(f"{gateway.url}/dashboard/session-types/type-intro").follow("Delete").submit("Delete it")
    assert len(gateway.inner.asked("DELETE", "/me/session-types/type-intro")) == 1
    assert "What was booked stays booked." in browser.words


def test_questions_are_added_and_removed_without_a_script(gateway: Gateway, browser: Browser) -> None:
    browser.get(f"{gateway.url}/dashboard/session-types/type-intro").submit("Add a question")
    assert len(browser.page().xpath("//input[@name='question-label']")) == 2
    form = [(name, value) for name, value in browser.page().forms[-1].form_values() if not name.startswith("question-")]
    rows = [("question-key", "topic"), ("question-label", ""), ("question-key", ""), ("question-label", "Your goal?")]
    browser.session.post(browser.url, data=[*form, *rows, ("question-required", "1")], timeout=10)
    [changed] = gateway.inner.asked("PATCH", "/me/session-types/type-intro")
    assert changed.json()["questions"] == [{"key": "your_goal", "label": "Your goal?", "required": True}]


def test_errors_of_a_session_type_stand_beside_its_fields(gateway: Gateway, browser: Browser) -> None:
    browser.get(f"{gateway.url}/dashboard/session-types/new").submit("Make it", title="T", duration="ninety")
    assert browser.answer.status_code == 422
    assert "whole number" in browser.page().get_element_by_id("wrong-duration").text_content()
    gateway.inner.say("POST", "/me/session-types", problem(409, "slug_taken", "You have one with this address."))
    browser.submit("Make it", title="T", duration="90")
    assert "You have one with this address" in browser.page().get_element_by_id("wrong-slug").text_content()
    errors = [{"field": "location", "message": "detail must be an address"}]
    gateway.inner.say("POST", "/me/session-types", problem(422, "validation_failed", "x", errors=errors))
    browser.submit("Make it", place="custom")
    assert browser.page().get_element_by_id("wrong-detail") is not None
    assert dict(browser.page().forms[-1].form_values())["place"] == "custom"


def test_an_unknown_session_type_is_a_404(gateway: Gateway, browser: Browser) -> None:
    gateway.inner.say("GET", "/me/session-types/gone", problem(404, "no_such_session_type"))
    assert browser.get(f"{gateway.url}/dashboard/session-types/gone").answer.status_code == 404


def sent_hours(gateway: Gateway) -> Call:
    return gateway.inner.asked("PUT", "/me/availability")[-1]


def test_the_week_is_saved_as_it_stands(gateway: Gateway, browser: Browser) -> None:
    browser.get(f"{gateway.url}/dashboard/availability").submit("Save")
    assert "Saved." in browser.words
    body = sent_hours(gateway).json()
    assert [one["weekday"] for one in body["weekly"]] == ["monday", "tuesday", "wednesday", "thursday", "friday"]
    assert {(one["start"], one["end"]) for one in body["weekly"]} == {("09:00", "17:00")}
    assert (body["timezone"], body["overrides"]) == ("Europe/Berlin", [])


def press(browser: Browser, action: str, **fields: str) -> Browser:
    form = [one for one in browser.page().forms if one.method == "POST"][-1]
    sent = [(name, value) for name, value in form.form_values() if name not in fields]
    sent += [*fields.items(), ("action", action)]
    browser.answer = browser.session.post(browser.url, data=sent, timeout=10)
    return browser


def test_hours_and_dates_are_edited_without_a_script(gateway: Gateway, browser: Browser) -> None:
    browser.get(f"{gateway.url}/dashboard/availability")
    press(browser, "remove:monday:0")
    press(browser, "add:saturday")
    press(browser, "add-date", **{"new-date": "2026-12-24"})
    assert "Day off" in browser.words
    assert gateway.inner.asked("PUT", "/me/availability") == []
    later = {"saturday-start": "10:00", "saturday-end": "00:00", "new-date": "2026-12-31"}
    press(browser, "save", **later, **{"new-start": "10:00", "new-end": "12:00"})
    body = sent_hours(gateway).json()
    assert [one["weekday"] for one in body["weekly"]] == ["tuesday", "wednesday", "thursday", "friday", "saturday"]
    assert body["weekly"][-1] == {"weekday": "saturday", "start": "10:00", "end": "24:00"}
    assert body["overrides"] == [
        {"date": "2026-12-24", "intervals": []},
        {"date": "2026-12-31", "intervals": [{"start": "10:00", "end": "12:00"}]},
    ]


def test_hours_that_cannot_be_are_said_at_their_day(gateway: Gateway, browser: Browser) -> None:
    errors = [{"field": "weekly.2", "message": "must end after it starts"}]
    gateway.inner.say("PUT", "/me/availability", problem(422, "validation_failed", "x", errors=errors))
    browser.get(f"{gateway.url}/dashboard/availability").submit("Save")
    assert browser.answer.status_code == 422
    assert "Must end after it starts" in browser.page().get_element_by_id("wrong-wednesday").text_content()


def test_the_profile_is_changed_and_errors_keep_what_was_typed(gateway: Gateway, browser: Browser) -> None:
    browser.get(f"{gateway.url}/dashboard/settings").submit("Save", name="Hanna H.", color="#123456")
    assert "Saved." in browser.words
    [call] = gateway.inner.asked("PATCH", "/me")
    assert (call.json()["name"], call.json()["color"]) == ("Hanna H.", "#123456")
    errors = [{"field": "welcome_text", "message": "String should have at most 2000 characters"}]
    gateway.inner.say("PATCH", "/me", problem(422, "validation_failed", "x", errors=errors))
    browser.submit("Save", welcome_text="Too long")
    assert browser.answer.status_code == 422
    assert "at most 2000" in browser.page().get_element_by_id("wrong-welcome_text").text_content()
    assert browser.page().get_element_by_id("field-welcome_text").text_content().strip() == "Too long"
    gateway.inner.say("PATCH", "/me", problem(409, "handle_taken", "This handle is taken."))
    browser.submit("Save")
    assert browser.page().get_element_by_id("wrong-handle") is not None


def test_a_key_is_made_shown_once_and_revoked(gateway: Gateway, browser: Browser) -> None:
    browser.get(f"{gateway.url}/dashboard/settings/programs").submit("Make a key", label="The script")
    [key] = browser.page().xpath("//code[starts-with(., 'pk_')]")
    secret = key.text_content()
    assert gateway.call("GET", "/me", key=secret).status_code == 200
    browser.get(f"{gateway.url}/dashboard/settings/programs")
    assert secret not in browser.text
    [row] = [item for item in browser.page().xpath("//ul[@class='keys']/li") if "The script" in item.text_content()]
    action = row.xpath(".//form/@action")[0]
    token = row.xpath(".//input[@name='csrf_token']/@value")[0]
    browser.session.post(gateway.url + action, data={"csrf_token": token}, timeout=10)
    assert gateway.call("GET", "/me", key=secret).status_code == 401


@pytest.mark.parametrize("label", ["", " ", "x" * 121, "a\nb"])
def test_a_key_needs_a_name(gateway: Gateway, browser: Browser, label: str) -> None:
    browser.get(f"{gateway.url}/dashboard/settings/programs").submit("Make a key", label=label)
    assert browser.answer.status_code == 422
    assert browser.page().get_element_by_id("wrong-label") is not None


def test_the_reference_shows_every_call_of_the_document(gateway: Gateway) -> None:
    browser = Browser().get(f"{gateway.url}/api/docs")
    assert browser.answer.status_code == 200
    document = gateway.call("GET", "/openapi.json").json()
    shown = {article.get("aria-label") for article in browser.page().xpath("//article")}
    assert shown == {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}


PAGES = (
    "",
    "/bookings",
    "/bookings.csv",
    "/bookings/{id}",
    "/bookings/{id}/cancel",
    "/bookings/{id}/reschedule",
    "/bookings/new",
    "/bookings/new?type=type-intro",
    "/bookings/new?type=type-intro&any_date=2026-12-01&any_clock=20:00",
    "/calendar",
    "/calendar?view=month",
    "/session-types",
    "/session-types/new",
    "/session-types/type-intro",
    "/session-types/type-intro/times?date=2026-12-01&time=10:00",
    "/session-types/type-intro/delete",
    "/availability",
    "/connections",
    "/connections/zoom/disconnect",
    "/settings",
    "/settings/account",
    "/settings/programs",
    "/settings/feed",
    "/settings/leave",
)


@pytest.mark.parametrize("page", PAGES)
def test_no_page_asks_more_than_three_times(gateway: Gateway, host: Host, browser: Browser, page: str) -> None:
    gateway.inner.connected = True
    made = gateway.book(host)
    answer = browser.get(f"{gateway.url}/dashboard{page.format(id=made['id'])}").answer
    assert answer.status_code == 200
    assert len(gateway.inner.calls) <= 3


def test_the_first_steps_tick_themselves(gateway: Gateway) -> None:
    browser = gateway.browser(gateway.host())
    assert "0 of 3 done" in browser.get(f"{gateway.url}/dashboard").words
    browser.follow("Set your availability").submit("Save")
    assert "1 of 3 done" in browser.get(f"{gateway.url}/dashboard").words
    browser.get(f"{gateway.url}/dashboard/session-types/type-intro").submit("Save")
    assert "2 of 3 done" in browser.get(f"{gateway.url}/dashboard").words
    gateway.inner.connected = True
    assert "of 3 done" not in browser.get(f"{gateway.url}/dashboard").words


def test_what_needs_a_hand_stands_first(gateway: Gateway, host: Host, browser: Browser) -> None:
    refused = {"provider": "zoom", "state": "failed", "join_url": None, "passcode": None}
    gateway.book(host, video=refused, client={"name": "Rita", "email": "r@example.org", "timezone": "UTC"})
    browser.get(f"{gateway.url}/dashboard")
    [hand] = browser.page().xpath("//section[@aria-labelledby='hand']")
    assert "Rita" in hand.text_content()


def test_a_link_in_the_calendar_can_be_joined(gateway: Gateway, host: Host, browser: Browser) -> None:
    ready = {"provider": "zoom", "state": "ready", "join_url": "https://zoom.example/j/1", "passcode": None}
    made = gateway.book(host, video=ready)
    for view in ("week", "month"):
        browser.get(f"{gateway.url}/dashboard/calendar?view={view}&date={made['start'][:10]}")
        [link] = browser.page().xpath("//a[@href='https://zoom.example/j/1']")
        assert link.get("aria-label") == "Join the session with Carl"


def test_an_address_that_is_no_web_page_is_never_a_link(gateway: Gateway, host: Host, browser: Browser) -> None:
    bad = {"provider": "custom", "state": "ready", "join_url": "javascript:alert(1)", "passcode": None}
    made = gateway.book(host, video=bad)
    for page in ("", "/bookings", "/calendar?date=" + made["start"][:10], f"/bookings/{made['id']}"):
        browser.get(f"{gateway.url}/dashboard{page}")
        assert browser.page().xpath("//a[starts-with(@href, 'javascript:')]") == []
