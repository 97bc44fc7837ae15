"""Booking, its confirmation, moving and canceling, as a visitor without JavaScript sees them."""

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from integration.gateway.conftest import Gateway, Host
from integration.gateway.inner import Call, problem
from shared.clock import system
from support.browsing import Browser


def workday(days: int = 7) -> date:
    day = system().date() + timedelta(days=days)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day


def start_of(href: str) -> str:
    return parse_qs(urlsplit(href).query)["start"][0]


@pytest.fixture
def page(gateway: Gateway, host: Host) -> str:
    return f"{gateway.url}/{host.handle}/intro"


@pytest.fixture
def path(host: Host) -> str:
    return f"/hosts/{host.handle}/session-types/intro/bookings"


def slots_on(browser: Browser) -> list[str]:
    return [href for _, href in browser.links() if "start=" in href]


def to_the_details(page: str, **query: str) -> Browser:
    browser = Browser().get(f"{page}?{'&'.join(f'{k}={v}' for k, v in query.items())}")
    return browser.get(slots_on(browser)[0])


def test_the_hosts_page_leads_to_each_session_type(gateway: Gateway, host: Host) -> None:
    browser = Browser().get(f"{gateway.url}/{host.handle}")
    assert "Hanna Host" in browser.words
    assert "Welcome." in browser.words
    browser.follow("Introduction")
    assert browser.url == f"{gateway.url}/{host.handle}/intro"


def test_without_a_wish_the_first_free_day_is_open(gateway: Gateway, page: str) -> None:
    browser = Browser().get(page)
    starts = [datetime.fromisoformat(start_of(href)) for href in slots_on(browser)]
    assert [start.strftime("%H:%M") for start in starts] == ["09:00", "10:00", "14:00"]
    assert len({start.date() for start in starts}) == 1
    assert browser.page().xpath("//a[@aria-current='date']")
    assert "Europe/Berlin, UTC+" in browser.words
    assert len(gateway.inner.calls) == 2


def test_a_day_a_month_and_a_zone_can_be_chosen_without_a_script(page: str) -> None:
    day = workday(40)
    browser = Browser().get(f"{page}?date={day}&timezone=America/New_York")
    starts = [datetime.fromisoformat(start_of(href)) for href in slots_on(browser)]
    assert {start.date() for start in starts} == {day}
    assert {start.utcoffset() for start in starts} <= {timedelta(hours=-5), timedelta(hours=-4)}
    assert f"{day:%B %Y}" in browser.page().get_element_by_id("month-name").text_content()
    times = browser.page().xpath("//section[@id='times']//time/@datetime")
    assert times == [start_of(href) for href in slots_on(browser)]


def test_the_arrows_turn_months_and_stop_at_the_ends(page: str) -> None:
    browser = Browser().get(f"{page}?month=1999-01")
    assert browser.page().xpath("//a[@rel='prev']") == []
    browser.get(page + browser.page().xpath("//a[@rel='next']/@href")[0].partition("intro")[2])
    assert browser.page().xpath("//a[@rel='prev']")
    browser.get(f"{page}?month=2999-01")
    assert browser.page().xpath("//a[@rel='next']") == []


def test_an_empty_month_says_when_the_next_time_is_free(gateway: Gateway, host: Host, page: str) -> None:
    first_of_next = (system().date().replace(day=1) + timedelta(days=32)).replace(day=1)

    def slots(call: Call) -> tuple[int, Any]:
        later = f"from={first_of_next}" not in call.query
        found = {"start": f"{workday(90)}T09:00:00+01:00", "end": f"{workday(90)}T09:30:00+01:00", "seats_left": 1}
        return 200, {"timezone": "Europe/Berlin", "slots": [found] if later else []}

    gateway.inner.say("GET", f"/hosts/{host.handle}/session-types/intro/slots", slots)
    browser = Browser().get(f"{page}?month={first_of_next:%Y-%m}")
    assert "Nothing is free in" in browser.words
    assert (
        f"date={workday(90)}"
        in dict(browser.links())[f"Next free: {workday(90):%a, }{workday(90).day}{workday(90): %b}"]
    )
    assert len(gateway.inner.calls) == 3


@pytest.mark.parametrize(
    "query",
    [
        "month=x",
        "date=2026-02-31",
        "timezone=Mars/Base",
        "start=soon",
        "start=2026-12-01T09:00",
        "date=%00",
        "month=0000-00",
    ],
)
def test_nonsense_in_the_address_shows_the_month_all_the_same(page: str, query: str) -> None:
    browser = Browser().get(f"{page}?{query}")
    assert browser.answer.status_code == 200
    assert slots_on(browser)


def test_the_zone_that_was_chosen_is_remembered(page: str) -> None:
    browser = Browser().get(f"{page}?timezone=Asia/Kolkata").get(page)
    assert "Asia/Kolkata, UTC+5:30" in browser.words


def test_a_slot_leads_to_the_form_and_the_form_to_the_confirmation(gateway: Gateway, page: str, path: str) -> None:
    browser = to_the_details(page, timezone="America/New_York")
    start = dict(browser.page().forms[0].form_values())["start"]
    fields = {"answers.topic": "Teams", "notes": "Line one\nLine two"}
    browser.submit("Book", name="Carl", email="carl@example.org", **fields)
    [call] = gateway.inner.asked("POST", path)
    assert call.json() == {
        "start": start,
        "client": {"name": "Carl", "email": "carl@example.org", "timezone": "America/New_York"},
        "notes": "Line one\nLine two",
        "answers": {"topic": "Teams"},
    }
    assert call.headers["idempotency-key"]
    assert "/bookings/reference-of-booking-" in browser.url
    assert [answer.status_code for answer in browser.answer.history] == [303]


def test_the_same_form_sent_twice_is_one_request_twice(gateway: Gateway, page: str, path: str) -> None:
    browser = to_the_details(page)
    form = browser.page().forms[0]
    fields = dict(form.form_values()) | {"name": "Carl", "email": "carl@example.org"}
    for _ in range(2):
        assert browser.session.post(page, data=fields, timeout=10, allow_redirects=False).status_code == 303
    one, two = gateway.inner.asked("POST", path)
    assert (one.headers["idempotency-key"], one.body) == (two.headers["idempotency-key"], two.body)


TYPED = {"name": "Carl <b>", "email": "carl@example", "notes": 'See "you"\nthere', "answers.topic": "Te&ms"}


def kept(browser: Browser) -> dict[str, str]:
    values = dict(browser.page().forms[0].form_values())
    return {name: values[name].replace("\r\n", "\n") for name in TYPED}


def test_errors_stand_beside_their_fields_and_nothing_typed_is_lost(gateway: Gateway, page: str, path: str) -> None:
    errors = [
        {"field": "client.email", "message": "must be an e-mail address"},
        {"field": "answers.topic", "message": "must be answered"},
    ]
    gateway.inner.say("POST", path, problem(422, "validation_failed", "x", errors=errors))
    browser = to_the_details(page).submit("Book", **TYPED)
    assert browser.answer.status_code == 422
    assert "Must be an e-mail address" in browser.page().get_element_by_id("wrong-email").text_content()
    assert "Must be answered" in browser.page().get_element_by_id("wrong-answers.topic").text_content()
    assert kept(browser) == TYPED
    assert "<b>" not in browser.page().xpath("string(//main)").replace("Carl <b>", "")


def test_a_taken_slot_offers_the_nearest_as_one_click(gateway: Gateway, page: str, path: str) -> None:
    nearest = [f"{workday()}T{hour}:00:00+01:00" for hour in ("09", "10", "11")]

    def taken_once(call: Call) -> tuple[int, Any]:
        if call.json()["start"] == nearest[1]:
            del gateway.inner.said["POST", path]
            return gateway.inner.answer(call)
        return problem(409, "slot_taken", "This time has just been taken.", nearest=nearest)

    gateway.inner.say("POST", path, taken_once)
    browser = to_the_details(page).submit("Book", **TYPED)
    assert browser.answer.status_code == 409
    assert "This time has just been taken." in browser.words
    buttons = browser.page().xpath("//button[@name='start']")
    assert [button.get("value") for button in buttons] == nearest
    assert kept(browser) == TYPED
    browser.submit("10:00", **TYPED)
    assert "/bookings/" in browser.url
    first, second = gateway.inner.asked("POST", path)
    assert second.json() == {**first.json(), "start": nearest[1]}
    assert first.headers["idempotency-key"] != second.headers["idempotency-key"]


def test_when_nothing_answers_the_form_comes_back_to_be_sent_again(gateway: Gateway, page: str, path: str) -> None:
    browser = to_the_details(page)
    with gateway.away("booking"):
        browser.submit("Book", **TYPED)
    assert browser.answer.status_code == 503
    assert "Nothing is lost" in browser.words
    assert kept(browser) == TYPED
    key = dict(browser.page().forms[0].form_values())["idempotency_key"]
    browser.submit("Book")
    assert "/bookings/" in browser.url
    [call] = gateway.inner.asked("POST", path)
    assert call.headers["idempotency-key"] == key


def test_a_form_that_was_sent_before_with_other_words_explains_itself(gateway: Gateway, page: str, path: str) -> None:
    gateway.inner.say("POST", path, problem(409, "idempotency_conflict", "x"))
    browser = to_the_details(page).submit("Book", **TYPED)
    assert browser.answer.status_code == 409
    assert "look for its confirmation in your mail" in browser.words


def test_what_is_typed_is_never_markup(gateway: Gateway, host: Host) -> None:
    evil = "<script>alert(1)</script>"
    video = {"provider": "custom", "state": "ready", "join_url": "javascript:alert(1)", "passcode": evil}
    made = gateway.book(host, notes=evil, answers={evil: evil}, video=video, cancel_reason=evil)
    made["client"] |= {"name": evil}
    gateway.inner.hosts[host.id]["welcome_text"] = evil
    for address in (f"/bookings/{made['reference']}", f"/{host.handle}"):
        text = requests.get(gateway.url + address, timeout=10).text
        assert evil not in text
        assert 'href="javascript:' not in text
    browser = gateway.browser(host).get(f"{gateway.url}/dashboard/bookings/{made['id']}")
    assert evil not in browser.text
    assert 'href="javascript:' not in browser.text
    gateway.inner.hosts[host.id]["welcome_text"] = "Welcome."


STATES = {
    "pending": "being prepared",
    "delayed": "delayed",
    "unavailable": "will follow",
    "failed": "no video link",
    "removed": "was removed",
    "ready": "is ready",
}


@pytest.mark.parametrize("state", STATES)
def test_each_state_of_the_link_is_said_in_words_with_an_icon_of_its_own(
    gateway: Gateway, host: Host, state: str
) -> None:
    url = "https://zoom.example/j/1?pwd=x" if state == "ready" else None
    video = {"provider": "zoom", "state": state, "join_url": url, "passcode": None}
    made = gateway.book(host, video=video)
    browser = Browser().get(f"{gateway.url}/bookings/{made['reference']}")
    [panel] = browser.page().xpath("//div[@id='link']")
    assert STATES[state] in panel.text_content()
    assert panel.xpath(".//*[local-name()='svg']")
    assert bool(panel.xpath(".//a[@href='https://zoom.example/j/1?pwd=x']")) == (state == "ready")
    refreshes = browser.page().xpath("//noscript//meta[@http-equiv='refresh']")
    assert bool(refreshes) == (state in {"pending", "delayed", "unavailable"})
    icons = {other: words_icon(gateway, host, other) for other in STATES}
    assert len(set(icons.values())) == len(STATES)


def words_icon(gateway: Gateway, host: Host, state: str) -> str:
    made = gateway.book(host, video={"provider": "zoom", "state": state, "join_url": None, "passcode": None})
    page = Browser().get(f"{gateway.url}/bookings/{made['reference']}/link").page()
    return "".join(page.xpath("//p[@class='state']/*[local-name()='svg']/*/@d"))


def fragment(gateway: Gateway, made: dict[str, Any]) -> requests.Response:
    return requests.get(f"{gateway.url}/bookings/{made['reference']}/link", timeout=10)


def test_the_script_learns_how_often_to_look(gateway: Gateway, host: Host) -> None:
    made = gateway.book(host)
    pending = fragment(gateway, made)
    assert pending.headers["X-Live"] == "soon"
    assert "<html" not in pending.text
    made["video"] |= {"state": "ready", "join_url": "https://zoom.example/j/1"}
    ready = fragment(gateway, made)
    assert ready.headers["X-Live"] == "seldom"
    assert ready.headers["X-State"] != pending.headers["X-State"]
    assert ready.headers["X-State"].split()[:2] == pending.headers["X-State"].split()[:2] == ["confirmed", "1"]
    assert "https://zoom.example/j/1" in ready.text
    made |= {"status": "canceled"}
    assert fragment(gateway, made).headers["X-Live"] == "no"


def test_the_confirmation_gives_the_time_in_both_zones(gateway: Gateway, host: Host) -> None:
    start = f"{workday()}T09:00:00+01:00"
    client = {"name": "Carl", "email": "c@example.org", "timezone": "Asia/Kolkata"}
    made = gateway.book(host, start=start, end=start.replace("09:00", "09:30", 1), client=client)
    browser = Browser().get(f"{gateway.url}/bookings/{made['reference']}")
    assert "13:30\N{EN DASH}14:00" in browser.words
    assert "Asia/Kolkata, UTC+5:30" in browser.words
    assert "09:00\N{EN DASH}09:30 (Europe/Berlin, UTC+1)" in browser.words


def test_an_unknown_reference_is_a_404_page(gateway: Gateway, host: Host) -> None:
    made = gateway.book(host)
    for reference in ("nothing", made["id"], "%00"):
        for rest in ("", "/cancel", "/reschedule", "/link"):
            answer = requests.get(f"{gateway.url}/bookings/{reference}{rest}", timeout=10)
            assert answer.status_code == 404


def test_a_client_cancels_with_a_reason(gateway: Gateway, host: Host) -> None:
    made = gateway.book(host)
    browser = Browser().get(f"{gateway.url}/bookings/{made['reference']}").follow("Cancel")
    browser.submit("Cancel the session", reason="I am ill.")
    assert browser.url == f"{gateway.url}/bookings/{made['reference']}"
    assert "Canceled by you" in browser.words
    assert "I am ill." in browser.words
    assert "Both of you are told by mail" in browser.words
    [call] = gateway.inner.asked("POST", f"/bookings/{made['reference']}/cancel")
    assert call.subject == "anonymous"


def test_a_client_moves_the_booking(gateway: Gateway, host: Host) -> None:
    made = gateway.book(host)
    browser = Browser().get(f"{gateway.url}/bookings/{made['reference']}").follow("Reschedule")
    slot = slots_on(browser)[-1]
    browser.get(slot).submit("Move the session")
    assert browser.url == f"{gateway.url}/bookings/{made['reference']}"
    assert datetime.fromisoformat(made["start"]) == datetime.fromisoformat(start_of(slot))


def test_a_move_to_a_taken_time_offers_the_nearest(gateway: Gateway, host: Host) -> None:
    made = gateway.book(host)
    nearest = [f"{workday()}T15:00:00+01:00"]
    path = f"/bookings/{made['reference']}/reschedule"
    gateway.inner.say("POST", path, problem(409, "slot_taken", "Just taken.", nearest=nearest))
    browser = Browser().get(gateway.url + path)
    browser.get(slots_on(browser)[0]).submit("Move the session")
    assert browser.answer.status_code == 409
    gateway.inner.said.clear()
    browser.submit("15:00")
    assert made["start"] == nearest[0]


def test_what_cannot_be_moved_says_why(gateway: Gateway, host: Host) -> None:
    made = gateway.book(host, status="canceled")
    browser = Browser().get(f"{gateway.url}/bookings/{made['reference']}/reschedule")
    assert "can't be moved" in browser.words
    other = gateway.book(host, session_type={"slug": "gone", "title": "Gone", "duration": 30})
    browser.get(f"{gateway.url}/bookings/{other['reference']}/reschedule")
    assert browser.answer.status_code == 200
    assert "not offered any more" in browser.words


def test_no_page_for_visitors_asks_more_than_three_times(gateway: Gateway, host: Host, page: str) -> None:
    made = gateway.book(host)
    addresses = (page, f"{gateway.url}/{host.handle}")
    for address in (
        *addresses,
        *(f"{gateway.url}/bookings/{made['reference']}{rest}" for rest in ("", "/cancel", "/reschedule")),
    ):
        gateway.inner.calls.clear()
        requests.get(address, timeout=10)
        assert 1 <= len(gateway.inner.calls) <= 3, address


def test_another_time_keeps_all_that_was_typed(gateway: Gateway, page: str, path: str) -> None:
    day = workday(40)
    browser = to_the_details(page, timezone="Asia/Kolkata")
    browser.submit("Change the time", **TYPED)
    assert gateway.inner.asked("POST", path) == []
    [other] = {button.get("name") for button in browser.page().xpath("//section[@id='times']//button")}
    assert other == "start"
    assert "Asia/Kolkata, UTC+5:30" in browser.words
    browser.submit("", month=f"{day:%Y-%m}", timezone="Europe/Berlin")
    [button] = [one for one in browser.page().xpath("//button[@name='date']/@value") if one == str(day)]
    browser.submit("", date=button)
    browser.submit("14:00")
    assert kept(browser) == TYPED
    browser.submit("Book this time")
    [call] = gateway.inner.asked("POST", path)
    assert call.json()["start"].startswith(f"{day}T14:00:00")
    assert call.json()["client"] == {"name": "Carl <b>", "email": "carl@example", "timezone": "Europe/Berlin"}
    assert call.json()["answers"] == {"topic": "Te&ms"}


def test_the_address_of_the_other_times_leads_to_the_month(page: str) -> None:
    assert Browser().get(f"{page}/time").url == page


def test_the_enter_key_never_changes_the_time_nor_books_another_one(gateway: Gateway, page: str, path: str) -> None:
    first = "(//form[@data-draft]//button[@type='submit'])[1]"
    browser = to_the_details(page)
    [button] = browser.page().xpath(first)
    assert (button.get("formaction"), button.get("name"), button.get("disabled")) == (None, None, None)
    taken = problem(409, "slot_taken", "Taken.", nearest=[f"{workday()}T09:00:00+01:00"])
    gateway.inner.say("POST", path, taken)
    [button] = browser.submit("Book", **TYPED).page().xpath(first)
    assert button.get("disabled") is not None


def test_each_slot_is_named_in_full(page: str) -> None:
    day = workday(40)
    browser = Browser().get(f"{page}?date={day}&timezone=America/New_York")
    names = browser.page().xpath("//section[@id='times']//a/@aria-label")
    times = [one.text_content().strip() for one in browser.page().xpath("//section[@id='times']//a/time")]
    assert names == [f"{day:%A} {day.day} {day:%B}, {time}, New York time" for time in times]


def test_it_is_said_until_when_a_booking_can_be_changed(gateway: Gateway, host: Host) -> None:
    made = gateway.book(host)
    until = (datetime.fromisoformat(made["start"]) - timedelta(hours=24)).isoformat()
    made |= {"changeable": True, "changeable_until": until}
    browser = Browser().get(f"{gateway.url}/bookings/{made['reference']}")
    day = datetime.fromisoformat(until)
    assert f"until {day.day} {day:%B %Y}, 09:00 (Europe/Berlin, UTC+1)" in browser.words
    assert browser.follow("Reschedule").page().xpath("//section[@id='times']")


@pytest.mark.parametrize("rest", ["", "/reschedule", "/cancel"])
def test_when_it_is_too_late_it_says_so_before_anything_is_tried(gateway: Gateway, host: Host, rest: str) -> None:
    made = gateway.book(host)
    made |= {"changeable": False, "changeable_until": (system() - timedelta(hours=1)).isoformat()}
    browser = Browser().get(f"{gateway.url}/bookings/{made['reference']}{rest}")
    assert "too late to move or cancel" in browser.words
    assert "reply to your confirmation mail" in browser.words
    assert [text for text, _ in browser.links() if text in {"Reschedule", "Cancel"}] == []
    assert browser.page().xpath("//main//form[@method='post']") == []


def test_when_it_became_too_late_meanwhile_the_refusal_is_shown(gateway: Gateway, host: Host) -> None:
    made = gateway.book(host)
    too_late = problem(409, "too_late", "It is too late to cancel this.")
    gateway.inner.say("POST", f"/bookings/{made['reference']}/cancel", too_late)
    browser = Browser().get(f"{gateway.url}/bookings/{made['reference']}/cancel")
    browser.submit("Cancel the session", reason="I am ill.")
    assert browser.answer.status_code == 409
    assert "It is too late to cancel this." in browser.words
    assert dict(browser.page().forms[0].form_values())["reason"].strip() == "I am ill."


def test_a_session_that_is_over_says_so(gateway: Gateway, host: Host) -> None:
    start = (system() - timedelta(hours=2)).isoformat()
    made = gateway.book(host, start=start, end=(system() - timedelta(hours=1)).isoformat())
    browser = Browser().get(f"{gateway.url}/bookings/{made['reference']}")
    assert "This session is over" in browser.words
    assert browser.follow("Book another time").url == f"{gateway.url}/{host.handle}/intro"


def test_the_booking_is_shown_in_another_zone_and_stays_so(gateway: Gateway, host: Host) -> None:
    made = gateway.book(host)
    browser = Browser().get(f"{gateway.url}/bookings/{made['reference']}").submit("Show", timezone="Asia/Tokyo")
    assert "17:00\N{EN DASH}17:30 Asia/Tokyo, UTC+9" in browser.words
    assert "Asia/Tokyo, UTC+9" in browser.get(f"{gateway.url}/bookings/{made['reference']}/cancel").words


def test_a_meeting_that_was_moved_in_zoom_shows_both_times(gateway: Gateway, host: Host) -> None:
    moved = {"start": "2027-01-04T15:00:00+01:00", "end": "2027-01-04T15:30:00+01:00"}
    video = {"provider": "zoom", "state": "ready", "join_url": "https://zoom.example/j/1", "passcode": None}
    made = gateway.book(host, video={**video, "moved_to": moved})
    browser = Browser().get(f"{gateway.url}/bookings/{made['reference']}")
    [panel] = browser.page().xpath("//div[@id='link']")
    assert "The host moved the meeting in Zoom" in panel.text_content()
    assert "4 January 2027, 15:00 (Europe/Berlin, UTC+1)" in panel.text_content()
    assert panel.xpath(".//a[@href='https://zoom.example/j/1']")


@pytest.mark.parametrize(("cause", "words"), [("deleted_in_zoom", "was deleted in Zoom"), ("accepted", "on purpose")])
def test_why_a_meeting_is_gone_is_said(gateway: Gateway, host: Host, cause: str, words: str) -> None:
    gone = {"provider": "zoom", "state": "removed", "join_url": None, "passcode": None, "removed_because": cause}
    made = gateway.book(host, video=gone)
    assert words in Browser().get(f"{gateway.url}/bookings/{made['reference']}").words


def test_a_hosts_logo_stands_where_its_initial_stood(gateway: Gateway, host: Host, page: str) -> None:
    public = gateway.inner.answer(Call("booking", "GET", f"/hosts/{host.handle}", "", "anonymous", {}, b""))[1]
    gateway.inner.say("GET", f"/hosts/{host.handle}", (200, {**public, "logo": "v 1"}))
    for address in (f"{gateway.url}/{host.handle}", page):
        [logo] = Browser().get(address).page().xpath("//img")
        assert logo.get("src") == f"/api/v1/hosts/{host.handle}/logo?v=v+1"
        assert logo.get("alt") == ""
