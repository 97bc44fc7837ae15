"""What the other services and the timeline are told of a change, in the transaction of the change."""

from datetime import datetime

from sqlalchemy import Connection

from booking import storage
from booking.bookings import Booking, Host, Party
from booking.handlers.sentences import when, who
from shared import outbox
from shared.events import (
    BookingCanceled,
    BookingCreated,
    BookingFacts,
    BookingRescheduled,
    ClientFacts,
    Event,
    HostChanged,
    HostFacts,
    HostRemoved,
    LocationFacts,
    QuestionFacts,
    SessionTypeFacts,
)


def booked(tx: Connection, booking: Booking, host: Host, *, by: Party, now: datetime) -> None:
    """Tell of a new booking."""
    client, title, start = booking.client.name, booking.booked.title, when(booking.start, host)
    of_host = f"{host.name} (host) booked {title} for {client}: {start}."
    text = f"{client} booked {title} for {start}." if by == "client" else of_host
    _note(tx, booking, "booking.created", text, by=by, now=now)
    _send(tx, BookingCreated(booking=facts(booking, host)), now)


def rescheduled(tx: Connection, before: Booking, after: Booking, host: Host, *, by: Party, now: datetime) -> None:
    """Tell of a booking that moved."""
    text = f"{who(after, host, by)} moved it from {when(before.start, host)} to {when(after.start, host)}."
    _note(tx, after, "booking.rescheduled", text, by=by, now=now)
    event = BookingRescheduled(booking=facts(after, host), previous_start=before.start, previous_end=before.end, by=by)
    _send(tx, event, now)


def canceled(tx: Connection, booking: Booking, host: Host, *, by: Party, now: datetime) -> None:
    """Tell of a booking that was called off."""
    reason = f" Reason: {booking.cancel_reason}" if booking.cancel_reason else ""
    _note(tx, booking, "booking.canceled", f"{who(booking, host, by)} canceled it.{reason}", by=by, now=now)
    called_off(tx, booking, host, now)


def called_off(tx: Connection, booking: Booking, host: Host, now: datetime) -> None:
    """Tell the other services alone: of a booking whose own timeline is about to be erased."""
    _send(tx, BookingCanceled(booking=facts(booking, host)), now)


def host_changed(tx: Connection, host: Host, now: datetime) -> None:
    """Tell what a host is called now and where mail reaches the host."""
    _send(tx, HostChanged(host=_card(host), revision=host.revision), now)


def host_removed(tx: Connection, host_id: str, now: datetime) -> None:
    """Tell that whatever is kept of a host is to be erased."""
    _send(tx, HostRemoved(host_id=host_id, at=now), now)


def facts(booking: Booking, host: Host) -> BookingFacts:
    """Give the whole booking in the words of the events."""
    what, client, location = booking.booked, booking.client, booking.location
    return BookingFacts(
        id=booking.id,
        reference=booking.reference,
        version=booking.version,
        status=booking.status,
        start=booking.start,
        end=booking.end,
        session_type=SessionTypeFacts(
            id=booking.session_type_id,
            slug=what.slug,
            title=what.title,
            description=what.description,
            duration=what.duration,
            reminders=list(what.reminders),
        ),
        host=_card(host),
        client=ClientFacts(name=client.name, email=client.email, timezone=client.timezone),
        notes=booking.notes,
        answers=dict(booking.answers),
        questions=[QuestionFacts(key=question.key, label=question.label) for question in booking.questions],
        location=LocationFacts(kind=location.kind, provider=location.provider, detail=location.detail),
        occupancy_id=booking.group_id,
        canceled_by=booking.canceled_by,
        cancel_reason=booking.cancel_reason,
        created_at=booking.created_at,
    )


def _card(host: Host) -> HostFacts:
    return HostFacts(id=host.id, name=host.name, email=host.email, handle=host.handle, timezone=host.timezone)


def _send(tx: Connection, event: Event, now: datetime) -> None:
    outbox.add(tx, event, source="booking", now=now)


def _note(tx: Connection, booking: Booking, kind: str, text: str, *, by: Party, now: datetime) -> None:
    detail = {"by": by, "version": booking.version, "start": booking.start.isoformat()}
    storage.note(tx, booking.id, f"booking:{booking.version}", storage.Line(now, kind, text, detail))
