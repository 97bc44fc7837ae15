"""The calendar entry, read back by a second reader that knows nothing of who wrote it."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier import calendar
from notifier.deliveries import Meeting, Occasion, Recipient
from notifier.letters.lines import block, one_line
from shared.events import ClientFacts, HostFacts, LocationFacts, SessionTypeFacts
from unit.notifier.ics_reader import event, read
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


def test_a_booking_is_a_request_with_all_that_a_calendar_shows() -> None:
    calendar = read(entry(about()))
    seen = calendar.parts[0]
    assert calendar["METHOD"] == "REQUEST"
    assert seen["UID"] == f"{BOOKING}@punctual"
    assert seen["SEQUENCE"] == "0"
    assert (seen.moment("DTSTART"), seen.moment("DTEND")) == (START, START + timedelta(minutes=45))
    assert seen.moment("DTSTAMP") == NOW
    assert seen["SUMMARY"] == "Introduction with Ada Lovelace"
    assert seen["LOCATION"] == LINK
    assert seen["CONFERENCE"] == LINK
    assert seen["STATUS"] == "CONFIRMED"
    assert "Passcode: 424242\n" in seen["DESCRIPTION"]


def test_the_uid_stays_and_the_sequence_rises_with_each_change() -> None:
    moved = event(entry(about("client_rescheduled", "rescheduled")))
    late = event(entry(about("client_link", "rescheduled", link_mails=1)))
    gone = event(entry(about("client_canceled", "canceled", outlook="none")))
    assert {moved["UID"], late["UID"], gone["UID"]} == {f"{BOOKING}@punctual"}
    assert [moved["SEQUENCE"], late["SEQUENCE"], gone["SEQUENCE"]] == ["10", "11", "10"]
    assert moved.moment("DTSTART") == START + timedelta(days=1)


def test_a_cancel_is_a_cancel_and_gives_no_link() -> None:
    text = entry(about("client_canceled", "canceled", outlook="none"))
    calendar = read(text)
    assert (calendar["METHOD"], calendar.parts[0]["STATUS"]) == ("CANCEL", "CANCELLED")
    assert LINK not in text.replace("\r\n ", "")


def test_host_and_client_are_named_and_each_gets_the_page_of_their_own() -> None:
    clients, hosts = entry(about()), entry(about("host_notification"))
    for seen in (event(clients), event(hosts)):
        (organizer,) = seen.all("ORGANIZER")
        assert (organizer.parameters, organizer.value) == ({"CN": "Ada Lovelace"}, "mailto:ada@example.com")
        attendees = {found.value: found.parameters for found in seen.all("ATTENDEE")}
        assert attendees["mailto:joerg@example.net"]["CN"] == "Jörg Müller"
        assert attendees["mailto:ada@example.com"]["ROLE"] == "CHAIR"
    assert event(clients)["URL"] == f"{PUBLIC_URL}/bookings/{REFERENCE}"
    assert event(hosts)["URL"] == f"{PUBLIC_URL}/dashboard/bookings/{BOOKING}"
    assert REFERENCE not in hosts.replace("\r\n ", "")


def test_a_place_other_than_a_link_is_the_location() -> None:
    location = LocationFacts(kind="in_person", detail="St James's Square; 2nd floor")
    seen = event(entry(about(change=change(location=location), outlook="none", meeting=None)))
    assert seen["LOCATION"] == "In person, St James's Square; 2nd floor"
    assert seen.all("CONFERENCE") == []


def test_a_link_that_no_longer_holds_leaves_the_entry_and_the_session_stays() -> None:
    gone = Meeting(1, 3, "removed", cause="accepted")
    seen = event(entry(about("client_link_removed", outlook="removed", meeting=gone, link_mails=1)))
    assert (seen["STATUS"], seen["SEQUENCE"]) == ("CONFIRMED", "1")
    assert seen.all("CONFERENCE") == []
    assert "zoom.us" not in seen["LOCATION"] + seen["DESCRIPTION"]


@pytest.mark.parametrize(
    "kind", ["host_link_failed", "host_moved_in_zoom", "host_deleted_in_zoom", "client_reminder", "host_reminder"]
)
def test_a_mail_that_changes_nothing_has_no_entry(kind: str) -> None:
    assert calendar.method(about(kind)) is None


def test_a_tenth_link_of_one_version_keeps_below_the_next_version() -> None:
    assert event(entry(about("client_link_changed", link_mails=14)))["SEQUENCE"] == "9"


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=120), st.text(max_size=120), st.text(max_size=300), st.booleans())
def test_any_text_comes_back_from_a_second_reader(name: str, title: str, notes: str, hosts: bool) -> None:
    host, client = name, f"{name} the client"
    version = change(
        client=ClientFacts(name=client, email="c@example.net", timezone="UTC"),
        host=HostFacts(id="h", name=host, email="h@example.com", handle="hhh", timezone="UTC"),
        session_type=SessionTypeFacts(id="s", slug="s", title=title, duration=30),
        notes=notes,
    )
    text = entry(about("host_notification" if hosts else "client_confirmation", change=version))
    seen = event(text)
    other = client if hosts else host
    assert seen["SUMMARY"] == f"{one_line(title)} with {one_line(other)}"
    assert (seen.moment("DTSTART"), seen.moment("DTEND")) == (START, START + timedelta(minutes=45))
    assert seen["UID"] == f"{BOOKING}@punctual"
    assert len(seen.all("ATTENDEE")) == 2
    if hosts and notes.strip():
        assert "\n".join(["Notes:", *block(notes)]) in seen["DESCRIPTION"]
