"""Bookings as iCalendar: one to download, many for a calendar program that subscribes to its host's feed."""

from collections.abc import Sequence
from datetime import datetime

from icalendar import Calendar, Event, vCalAddress, vText, vUri

from booking.bookings import Booking, Host

PRODUCT = "-//Punctual//Booking//EN"
SEQUENCE_STEP = 10
"""Between two versions of a booking there is room for the notifier's mails about a link that came late."""


def download(booking: Booking, host: Host, page: str) -> bytes:
    """Give a client the booking; `page` is the address where it can be changed."""
    calendar = _calendar()
    lines = [_link(booking), booking.booked.description, f"Change or cancel: {page}"]
    calendar.add_component(_event(booking, host, f"{booking.booked.title} with {host.name}", lines, page))
    return bytes(calendar.to_ical())


def feed(bookings: Sequence[tuple[Booking, str]], host: Host) -> bytes:
    """Give a host's calendar program the bookings, each with the address of its page."""
    calendar = _calendar()
    calendar.add("x-wr-calname", f"Bookings of {host.name}")
    calendar.add("x-wr-timezone", host.timezone)
    for booking, page in bookings:
        client = f"Booked by {booking.client.name} <{booking.client.email}>"
        lines = [_link(booking), client, booking.notes, *_answers(booking), page]
        calendar.add_component(_event(booking, host, f"{booking.booked.title}: {booking.client.name}", lines, page))
    return bytes(calendar.to_ical())


def _calendar() -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    return calendar


def _event(booking: Booking, host: Host, title: str, lines: Sequence[str], page: str) -> Event:
    event = Event()
    event.add("uid", f"{booking.id}@punctual")
    event.add("sequence", (booking.version - 1) * SEQUENCE_STEP)
    event.add("dtstamp", _second(booking.changed_at))
    event.add("created", _second(booking.created_at))
    event.add("last-modified", _second(booking.changed_at))
    event.add("dtstart", booking.start)
    event.add("dtend", booking.end)
    event.add("summary", title)
    event.add("description", "\n\n".join(line for line in lines if line))
    event.add("status", "CANCELLED" if booking.status == "canceled" else "CONFIRMED")
    event.add("url", vUri(page))
    where = booking.video.join_url or (booking.location.detail if booking.location.kind != "video" else None)
    if where:
        event.add("location", where)
    organizer = vCalAddress(f"mailto:{host.email}")
    organizer.params["CN"] = vText(host.name)
    event["organizer"] = organizer
    return event


def _second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _link(booking: Booking) -> str:
    video = booking.video
    if video.join_url is None:
        waiting = video.state in ("pending", "delayed", "unavailable") and booking.status == "confirmed"
        return "The video link follows." if waiting else ""
    return f"Join: {video.join_url}" + (f"\nPasscode: {video.passcode}" if video.passcode else "")


def _answers(booking: Booking) -> list[str]:
    labels = {question.key: question.label for question in booking.questions}
    return [f"{labels.get(key, key)}\n{answer}" for key, answer in booking.answers.items()]
