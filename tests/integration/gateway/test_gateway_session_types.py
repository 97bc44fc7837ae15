"""Session types with every rule: reminders, hours of their own, the preview, and why a time is not offered."""

from typing import Any
from urllib.parse import parse_qs

from integration.gateway.conftest import Gateway
from integration.gateway.inner import problem, session_type
from support.browsing import Browser

TYPE = "/me/session-types/type-intro"


def changed(gateway: Gateway) -> Any:
    return gateway.inner.asked("PATCH", TYPE)[-1].json()


def test_reminders_are_chosen_and_added(gateway: Gateway, browser: Browser) -> None:
    gateway.inner.say("GET", TYPE, (200, session_type(reminders=[1440, 90])))
    browser.get(f"{gateway.url}/dashboard/session-types/type-intro")
    ticked = browser.page().xpath("//input[@name='reminder'][@checked]/@value")
    assert ticked == ["1440", "90"]
    assert "1 hour 30 minutes before" in browser.words
    browser.submit("Save", reminder_number="3", reminder_unit="days")
    assert changed(gateway)["reminders"] == [4320, 1440, 90]


def test_a_reminder_that_is_refused_is_said_at_the_reminders(gateway: Gateway, browser: Browser) -> None:
    errors = [{"field": "reminders.0", "message": "Input should be greater than or equal to 5"}]
    gateway.inner.say("PATCH", TYPE, problem(422, "validation_failed", "x", errors=errors))
    browser.get(f"{gateway.url}/dashboard/session-types/type-intro").submit("Save", reminder_number="1")
    assert "greater than or equal to 5" in browser.page().get_element_by_id("wrong-reminders").text_content()
    assert browser.page().get_element_by_id("reminder-number").get("value") == "1"


def test_a_session_type_has_hours_of_its_own(gateway: Gateway, browser: Browser) -> None:
    browser.get(f"{gateway.url}/dashboard/session-types/type-intro")
    press(browser, "add:saturday", hours="own")
    press(browser, "save", **{"saturday-start": "10:00", "saturday-end": "12:00"})
    hours = changed(gateway)["availability"]
    assert hours == {"weekly": [{"weekday": "saturday", "start": "10:00", "end": "12:00"}], "overrides": []}
    browser.get(f"{gateway.url}/dashboard/session-types/type-intro").submit("Save", hours="")
    assert changed(gateway)["availability"] is None


def press(browser: Browser, action: str, **fields: str) -> None:
    form = [one for one in browser.page().forms if one.method == "POST"][-1]
    kept = [(name, value) for name, value in form.form_values() if name not in fields]
    browser.answer = browser.session.post(browser.url, data=[*kept, *fields.items(), ("action", action)], timeout=10)


def test_hours_of_its_own_that_cannot_be_are_said_at_their_day(gateway: Gateway, browser: Browser) -> None:
    own = {"weekly": [{"weekday": "friday", "start": "09:00", "end": "12:00"}], "overrides": []}
    gateway.inner.say("GET", TYPE, (200, session_type(availability=own)))
    errors = [{"field": "availability.weekly.0", "message": "must end after it starts"}]
    gateway.inner.say("PATCH", TYPE, problem(422, "validation_failed", "x", errors=errors))
    browser.get(f"{gateway.url}/dashboard/session-types/type-intro").submit("Save")
    assert "Must end after it starts" in browser.page().get_element_by_id("wrong-friday").text_content()


def test_the_preview_shows_what_was_typed_without_saving_it(gateway: Gateway, browser: Browser) -> None:
    browser.get(f"{gateway.url}/dashboard/session-types/type-intro")
    browser.submit("Look at the preview", title="Deep dive", duration="90", max_per_day="2")
    [preview] = browser.page().xpath("//*[@id='preview-part']")
    assert "Deep dive" in preview.text_content()
    assert "at most 2 a day" in preview.text_content()
    assert gateway.inner.asked("PATCH", TYPE) == []


def test_the_script_gets_the_same_preview(gateway: Gateway, browser: Browser) -> None:
    browser.get(f"{gateway.url}/dashboard/session-types/type-intro")
    form = [one for one in browser.page().forms if one.method == "POST"][-1]
    sent = [*form.form_values(), ("title", "x")]
    gateway.inner.calls.clear()
    part = browser.session.post(f"{gateway.url}/dashboard/session-types/preview", data=sent, timeout=10)
    assert part.status_code == 200
    assert "<html" not in part.text
    assert gateway.inner.calls == []


def test_a_week_is_shown_as_a_client_sees_it(gateway: Gateway, browser: Browser) -> None:
    browser.get(f"{gateway.url}/dashboard/session-types/type-intro/times?week=2027-01-04")
    query = parse_qs(gateway.inner.asked("GET", f"{TYPE}/slots")[-1].query)
    assert (query["from"], query["to"]) == (["2027-01-04"], ["2027-01-10"])
    assert "15 free times this week. Times are in Europe/Berlin" in browser.words


def test_the_one_rule_that_takes_a_time_away_is_told(gateway: Gateway, browser: Browser) -> None:
    browser.get(f"{gateway.url}/dashboard/session-types/type-intro/times")
    browser.submit("Find out", date="2026-12-01", time="10:00")
    query = parse_qs(gateway.inner.asked("GET", f"{TYPE}/why")[-1].query)
    assert query == {"start": ["2026-12-01T10:00:00+01:00"]}
    assert "not offered" in browser.words
    assert "Too late." in browser.words
    browser.submit("Find out", date="", time="10:00")
    assert "Write a date and a time" in browser.page().get_element_by_id("wrong-date").text_content()


def test_any_week_in_the_address_is_a_page(gateway: Gateway, browser: Browser) -> None:
    for week in ("0001-01-01", "9999-12-31", "x", ""):
        page = f"{gateway.url}/dashboard/session-types/type-intro/times?week={week}"
        assert browser.get(page).answer.status_code == 200
