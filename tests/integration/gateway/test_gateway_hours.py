"""Availability beyond the week: vacations, copied hours, and a week of it as a client sees it."""

from integration.gateway.conftest import Gateway
from integration.gateway.inner import problem
from support.browsing import Browser


def press(browser: Browser, action: str, **fields: str) -> None:
    form = next(one for one in browser.page().forms if one.action.endswith("/availability") and one.method == "POST")
    kept = [(name, value) for name, value in form.form_values() if name not in fields]
    browser.answer = browser.session.post(browser.url, data=[*kept, *fields.items(), ("action", action)], timeout=10)


def test_vacations_are_added_removed_and_saved(gateway: Gateway, browser: Browser) -> None:
    browser.get(f"{gateway.url}/dashboard/availability")
    press(browser, "add-vacation", **{"new-vacation-first": "2026-12-20", "new-vacation-last": "2027-01-02"})
    press(browser, "add-vacation", **{"new-vacation-first": "2026-08-01", "new-vacation-last": "2026-08-14"})
    assert "Not saved yet." in browser.words
    press(browser, "remove-vacation:0")
    press(browser, "save", **{"new-vacation-first": "2027-05-01"})
    [call] = gateway.inner.asked("PUT", "/me/availability")
    winter, spring = {"first": "2026-12-20", "last": "2027-01-02"}, {"first": "2027-05-01", "last": "2027-05-01"}
    assert call.json()["vacations"] == [winter, spring]


def test_a_vacation_that_ends_before_it_begins_is_said_at_its_place(gateway: Gateway, browser: Browser) -> None:
    browser.get(f"{gateway.url}/dashboard/availability")
    press(browser, "save", **{"new-vacation-first": "2027-01-02", "new-vacation-last": "2026-12-20"})
    assert browser.answer.status_code == 422
    assert "must not be before" in browser.page().get_element_by_id("wrong-vacation0").text_content()
    errors = [{"field": "vacations.0.last", "message": "is too far away"}]
    gateway.inner.say("PUT", "/me/availability", problem(422, "validation_failed", "x", errors=errors))
    press(browser, "save", **{"vacation-last": "2027-01-20"})
    assert "Is too far away" in browser.page().get_element_by_id("wrong-vacation0").text_content()


def test_the_hours_of_a_day_are_copied_to_the_working_week(gateway: Gateway, browser: Browser) -> None:
    browser.get(f"{gateway.url}/dashboard/availability")
    press(browser, "add:monday")
    press(browser, "copy:sunday")
    press(browser, "save")
    assert gateway.inner.asked("PUT", "/me/availability")[-1].json()["weekly"] == []


def test_a_week_as_a_client_sees_it_stands_below(gateway: Gateway, browser: Browser) -> None:
    browser.get(f"{gateway.url}/dashboard/availability?week=2027-01-04&type=type-intro")
    assert "15 free times this week" in browser.words
    later = next(href for _, href in browser.links() if "week=2027-01-11" in href)
    assert "Mon, 11 Jan" in browser.get(later).words


def test_the_form_is_there_even_when_its_preview_cannot_be(gateway: Gateway, browser: Browser) -> None:
    gateway.inner.say("GET", "/me/session-types", problem(503, "unavailable", "Away."))
    browser.get(f"{gateway.url}/dashboard/availability")
    assert browser.answer.status_code == 200
    assert browser.page().xpath("//input[@name='monday-start']")
