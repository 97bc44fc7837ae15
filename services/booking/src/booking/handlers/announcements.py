"""What the other services and the timeline are told when a booking changes, in the transaction of the change."""

from datetime import datetime

from sqlalchemy import Connection

from booking import storage
from booking.bookings import Booking, Host, Party
from shared import outbox
from shared.events import (
    BookingCanceled,
    BookingCreated,
    BookingFacts,
    BookingRescheduled,
    ClientFacts,
    Event,
    HostFacts,
    LocationFacts,
    QuestionFacts,
    SessionTypeFacts,
)


def booked(tx: Connection, booking: Booking, host: Host, now: datetime) -> None:
    """Tell of a new booking."""
    text = f"{booking.client.name} booked {booking.booked.title} for {_when(booking.start, host)}."
    _note(tx, booking, "booking.created", text, by="client", now=now)
    _send(tx, BookingCreated(booking=facts(booking, host)), now)


def rescheduled(tx: Connection, before: Booking, after: Booking, host: Host, *, by: Party, now: datetime) -> None:
    """Tell of a booking that moved."""
    text = f"{_who(after, host, by)} moved it from {_when(before.start, host)} to {_when(after.start, host)}."
    _note(tx, after, "booking.rescheduled", text, by=by, now=now)
    event = BookingRescheduled(booking=facts(after, host), previous_start=before.start, previous_end=before.end)
    _send(tx, event, now)


def canceled(tx: Connection, booking: Booking, host: Host, *, by: Party, now: datetime) -> None:
    """Tell of a booking that was called off."""
    reason = f" Reason: {booking.cancel_reason}" if booking.cancel_reason else ""
    _note(tx, booking, "booking.canceled", f"{_who(booking, host, by)} canceled it.{reason}", by=by, now=now)
    _send(tx, BookingCanceled(booking=facts(booking, host)), now)


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
        ),
        host=HostFacts(id=host.id, name=host.name, email=host.email, handle=host.handle, timezone=host.timezone),
        client=ClientFacts(name=client.name, email=client.email, timezone=client.timezone),
        notes=booking.notes,
        answers=dict(booking.answers),
        questions=[QuestionFacts(key=question.key, label=question.label) for question in booking.questions],
        location=LocationFacts(kind=location.kind, provider=location.provider, detail=location.detail),
        canceled_by=booking.canceled_by,
        cancel_reason=booking.cancel_reason,
        created_at=booking.created_at,
    )


def _send(tx: Connection, event: Event, now: datetime) -> None:
    outbox.add(tx, event, source="booking", now=now)


def _note(tx: Connection, booking: Booking, kind: str, text: str, *, by: Party, now: datetime) -> None:
    detail = {"by": by, "version": booking.version, "start": booking.start.isoformat()}
    storage.note(tx, booking.id, f"booking:{booking.version}", storage.Line(now, kind, text, detail))


def _who(booking: Booking, host: Host, by: Party) -> str:
    return f"{booking.client.name} (client)" if by == "client" else f"{host.name} (host)"


def _when(moment: datetime, host: Host) -> str:
    local = moment.astimezone(host.zone)
    return f"{local:%A} {local.day} {local:%B} {local.year}, {local:%H:%M} ({host.timezone})"
