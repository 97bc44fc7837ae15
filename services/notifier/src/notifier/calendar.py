"""Writes the calendar entry of a mail (iCalendar, RFC 5545 and 5546): one UID for the booking's whole life."""

from datetime import datetime

from icalendar import Calendar, Event, vCalAddress, vText, vUri

from notifier.deliveries import FIRSTS, LINK_MAILS, Occasion
from notifier.letters import Addresses, places
from notifier.letters.lines import block, one_line

PRODUCT = "-//Punctual//Notifier//EN"


def method(occasion: Occasion) -> str | None:
    """Give `REQUEST` or `CANCEL`, or None when this mail must not touch the reader's calendar: it changes nothing."""
    if occasion.kind not in FIRSTS | LINK_MAILS:
        return None
    return "CANCEL" if occasion.change.what == "canceled" else "REQUEST"


def write(occasion: Occasion, *, method: str, public_url: str, now: datetime) -> str:
    """Write the entry with times in UTC, which every program shows in its reader's own zone."""
    booking = occasion.change.booking
    page = Addresses(public_url).of(occasion)
    entry = Event()
    entry.add("uid", f"{booking.id}@punctual")
    entry.add("sequence", occasion.sequence)
    entry.add("dtstamp", now)
    entry.add("dtstart", booking.start)
    entry.add("dtend", booking.end)
    entry.add("summary", _summary(occasion))
    entry.add("description", _description(occasion, page))
    entry.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    entry.add("transp", "TRANSPARENT" if method == "CANCEL" else "OPAQUE")
    entry.add("url", page)
    entry.add("organizer", _person(booking.host.name, booking.host.email))
    entry.add("attendee", _attendee(booking.client.name, booking.client.email, role="REQ-PARTICIPANT"))
    entry.add("attendee", _attendee(booking.host.name, booking.host.email, role="CHAIR"))
    if method == "REQUEST":
        _add_place(entry, occasion)
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(entry)
    return bytes(calendar.to_ical()).decode("utf-8")


def _add_place(entry: Event, occasion: Occasion) -> None:
    if link := places.join_link(occasion):
        entry.add("location", link)
        entry.add("conference", vUri(link), parameters={"VALUE": "URI", "FEATURE": "VIDEO", "LABEL": "Join"})
    else:
        entry.add("location", ", ".join(line for fact in places.where(occasion) for line in fact.lines))


def _summary(occasion: Occasion) -> str:
    booking = occasion.change.booking
    other = booking.host if occasion.recipient == "client" else booking.client
    return f"{one_line(booking.session_type.title)} with {one_line(other.name)}"


def _description(occasion: Occasion, page: str) -> str:
    booking = occasion.change.booking
    if occasion.change.what == "canceled":
        reason = " ".join(block(booking.cancel_reason or ""))
        return f"Canceled. {reason}".strip()
    lines = [f"{fact.label}: {', '.join(fact.lines)}" for fact in places.where(occasion)]
    if occasion.recipient == "host" and booking.notes.strip():
        lines += ["Notes:", *block(booking.notes)]
    verb = "Open the booking" if occasion.recipient == "host" else "View, move or cancel"
    return "\n".join([*lines, f"{verb}: {page}"])


def _person(name: str, email: str) -> vCalAddress:
    person = vCalAddress(f"mailto:{one_line(email)}")
    # A parameter can't hold a quotation mark, whatever it is written in.
    person.params["CN"] = vText(one_line(name).replace('"', "'"))
    return person


def _attendee(name: str, email: str, *, role: str) -> vCalAddress:
    attendee = _person(name, email)
    attendee.params["ROLE"] = vText(role)
    attendee.params["PARTSTAT"] = vText("ACCEPTED")
    attendee.params["RSVP"] = vText("FALSE")
    return attendee
