"""The calendar entry, read back by another parser and by a strict reading of its lines."""

import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from notifier import calendar
from notifier.deliveries import Occasion, Recipient
from shared.events import ClientFacts, HostFacts, LocationFacts, SessionTypeFacts
from unit.notifier.notifier_facts import BOOKING, LINK, NOW, PUBLIC_URL, REFERENCE, START, change, ready


def entry(occasion: Occasion) -> str:
    method = calendar.method(occasion)
    assert method is not None
    return calendar.write(occasion, method=method, public_url=PUBLIC_URL, now=NOW)


def about(kind: str = "client_confirmation", what: Any = "booked", **known: Any) -> Occasion:
    version = 1 if what == "booked" else 2
    recipient: Recipient = "client" if kind.startswith("client") else "host"
    known = {"change": change(version, what), "outlook": "ready", "meeting": ready(version), **known}
    return Occasion(BOOKING, kind, recipient, **known)


def properties(text: str) -> list[tuple[str, str, str]]:
    """Read the lines by hand (RFC 5545, 3.1): unfold, then split name, parameters and value."""
    assert text.endswith("\r\n")
    assert not re.search(r"\r(?!\n)|(?<!\r)\n", text)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    found = []
    for line in text.replace("\r\n ", "").split("\r\n")[:-1]:
        match = re.fullmatch(
            r'([A-Z-]+)((?:;[A-Z-]+=(?:"[^"\x00-\x1f]*"|[^";:,\x00-\x1f]*))*):([^\x00-\x08\x0a-\x1f]*)', line
        )
        assert match, line
        found.append(match.groups())
    return found  # type: ignore[return-value]


def read(text: str) -> dict[str, str]:
    return {name: value for name, _, value in properties(text)}


def test_a_booking_is_a_request_with_all_that_a_calendar_shows() -> None:
    seen = read(entry(about()))
    assert seen["METHOD"] == "REQUEST"
    assert seen["UID"] == f"{BOOKING}@punctual"
    assert seen["SEQUENCE"] == "0"
    assert (seen["DTSTART"], seen["DTEND"]) == ("20261201T233000Z", "20261202T001500Z")
    assert seen["DTSTAMP"] == "20261120T090000Z"
    assert seen["SUMMARY"] == "Introduction with Ada Lovelace"
    assert seen["LOCATION"] == LINK
    assert seen["CONFERENCE"] == LINK
    assert seen["STATUS"] == "CONFIRMED"
    assert "424242" in seen["DESCRIPTION"]


def test_the_uid_stays_and_the_sequence_rises_with_each_change() -> None:
    moved = read(entry(about("client_rescheduled", "rescheduled")))
    late = read(entry(about("client_link", "rescheduled", link_mails=1)))
    gone = read(entry(about("client_canceled", "canceled", outlook="none")))
    assert {moved["UID"], late["UID"], gone["UID"]} == {f"{BOOKING}@punctual"}
    assert [moved["SEQUENCE"], late["SEQUENCE"], gone["SEQUENCE"]] == ["10", "11", "10"]
    assert moved["DTSTART"] == "20261202T233000Z"


def test_a_cancel_is_a_cancel_and_gives_no_link() -> None:
    text = entry(about("client_canceled", "canceled", outlook="none"))
    seen = read(text)
    assert (seen["METHOD"], seen["STATUS"]) == ("CANCEL", "CANCELLED")
    assert LINK not in text.replace("\r\n ", "")


def test_host_and_client_are_named_and_each_gets_the_page_of_their_own() -> None:
    clients, hosts = entry(about()), entry(about("host_notification"))
    for text in (clients, hosts):
        people = {
            name: (parameters, value) for name, parameters, value in properties(text) if value.startswith("mailto:")
        }
        assert people["ORGANIZER"] == (';CN="Ada Lovelace"', "mailto:ada@example.com")
        assert "mailto:joerg@example.net" in text.replace("\r\n ", "")
    assert read(clients)["URL"] == f"{PUBLIC_URL}/bookings/{REFERENCE}"
    assert read(hosts)["URL"] == f"{PUBLIC_URL}/dashboard/bookings/{BOOKING}"
    assert REFERENCE not in hosts.replace("\r\n ", "")


def test_a_place_other_than_a_link_is_the_location() -> None:
    location = LocationFacts(kind="in_person", detail="St James's Square; 2nd floor")
    seen = read(entry(about(change=change(location=location), outlook="none", meeting=None)))
    assert seen["LOCATION"] == r"In person\, St James's Square\; 2nd floor"
    assert "CONFERENCE" not in seen


@pytest.mark.parametrize(
    "kind", ["host_link_failed", "host_moved_in_zoom", "host_deleted_in_zoom", "client_reminder", "host_reminder"]
)
def test_a_mail_that_changes_nothing_has_no_entry(kind: str) -> None:
    assert calendar.method(about(kind)) is None


def test_a_tenth_link_of_one_version_keeps_below_the_next_version() -> None:
    assert read(entry(about("client_link_changed", link_mails=14)))["SEQUENCE"] == "9"


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=120), st.text(max_size=120), st.text(max_size=300), st.booleans())
def test_any_text_comes_back_from_a_second_parser(name: str, title: str, notes: str, hosts: bool) -> None:
    version = change(
        client=ClientFacts(name=name, email="c@example.net", timezone="UTC"),
        host=HostFacts(id="h", name=name, email="h@example.com", handle="hhh", timezone="UTC"),
        session_type=SessionTypeFacts(id="s", slug="s", title=title, duration=30),
        notes=notes,
    )
    text = entry(about("host_notification" if hosts else "client_confirmation", change=version))
    assert len(properties(text)) == len({n for n, _, _ in properties(text)} - {"BEGIN", "END", "ATTENDEE"}) + 6
    events: list[Any] = Calendar.from_ical(text).walk("VEVENT")
    assert len(events) == 1
    begins, ends = events[0].DTSTART, events[0].DTEND
    assert begins == START
    assert ends - begins == timedelta(minutes=45)
    assert str(events[0]["UID"]) == f"{BOOKING}@punctual"
    assert len(events[0]["ATTENDEE"]) == 2
