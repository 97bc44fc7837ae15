"""Booking, moving and calling off, each in one transaction with its event."""

import hashlib
import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from booking import storage
from booking.bookings import (
    Booking,
    Client,
    Host,
    Party,
    Refused,
    SessionType,
    first_video,
    missing,
    what_is_booked,
    zone,
)
from booking.handlers import announcements
from booking.handlers.desk import Desk, Finder, Record, clock_of, require_handle, require_host
from booking.handlers.offers import NotFreeError, require_free, require_type, slot_taken
from booking.slots import Reason


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client asks for."""

    start: datetime
    client: Client
    notes: str
    answers: Mapping[str, str]

    @property
    def fingerprint(self) -> str:
        """What two requests for the same thing share."""
        client = self.client
        said = [
            self.start.astimezone(UTC).isoformat(),
            [client.name, client.email, client.timezone],
            self.notes,
            sorted(self.answers.items()),
        ]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def book(desk: Desk, handle: str, slug: str, wish: Wish, *, key: str | None) -> tuple[Record, bool]:
    """Book a slot; give the booking, and whether it is new or the one made before under the same idempotency key."""
    clock = zone(wish.client.timezone, "client.timezone")
    try:
        with desk.database.write() as tx:
            now = desk.clock()
            host = require_handle(tx, handle, lock=True)
            session_type = storage.session_type_by_slug(tx, host.id, slug)
            if session_type is None:
                raise missing("session_type")
            earlier = _made_before(tx, session_type, wish, key) if key else None
            if earlier is not None:
                return Record(earlier, host), False
            booking = _book(tx, host, session_type, wish, now)
            if key:
                storage.remember(tx, session_type.id, key, body_hash=wish.fingerprint, booking_id=booking.id, now=now)
            return Record(booking, host), True
    except NotFreeError as refused:
        raise slot_taken(desk, refused, wish.start, clock) from refused


def _made_before(tx: Connection, session_type: SessionType, wish: Wish, key: str) -> Booking | None:
    remembered = storage.remembered(tx, session_type.id, key)
    if remembered is None:
        return None
    if remembered.body_hash != wish.fingerprint:
        raise Refused("idempotency_conflict", "conflict", "This Idempotency-Key was used for another request.")
    return storage.booking(tx, remembered.booking_id)


def _book(tx: Connection, host: Host, session_type: SessionType, wish: Wish, now: datetime) -> Booking:
    if not session_type.offered:
        raise missing("session_type")
    answers = session_type.checked_answers(wish.answers)
    start = wish.start.astimezone(UTC)
    require_free(tx, host, session_type, start, now=now)
    booking = Booking(
        id=uuid.uuid4().hex,
        reference=secrets.token_urlsafe(24),
        host_id=host.id,
        session_type_id=session_type.id,
        version=1,
        status="confirmed",
        start=start,
        end=start + timedelta(minutes=session_type.duration),
        booked=what_is_booked(session_type),
        client=wish.client,
        notes=wish.notes,
        answers=answers,
        questions=session_type.questions,
        location=session_type.location,
        video=first_video(session_type.location),
        created_at=now,
        changed_at=now,
        occupancy_id=_occupy(tx, host, session_type, start, None),
    )
    storage.add_booking(tx, booking)
    announcements.booked(tx, booking, host, now)
    return booking


def reschedule(desk: Desk, find: Finder, start: datetime, *, by: Party) -> Record:
    """Move a booking; its old time is free in the same instant. Moving it to where it is changes nothing."""
    try:
        with desk.database.write() as tx:
            now = desk.clock()
            found = find(tx)
            host = require_host(tx, found.host_id, lock=True)
            booking = storage.booking(tx, found.id, lock=True) or found
            booking.require_movable(now)
            if start == booking.start:
                return Record(booking, host)
            return Record(_move(tx, host, booking, start, by=by, now=now), host)
    except NotFreeError as refused:
        raise slot_taken(desk, refused, start, clock_of(Record(found, host), by)) from refused


def _move(tx: Connection, host: Host, booking: Booking, start: datetime, *, by: Party, now: datetime) -> Booking:
    session_type = require_type(tx, booking)
    require_free(tx, host, session_type, start, now=now, booking=booking)
    storage.detach(tx, booking.id)
    if booking.occupancy_id is not None:
        storage.leave(tx, booking.occupancy_id)
    occupancy_id = _occupy(tx, host, session_type, start, booking)
    moved = replace(booking.rescheduled(start.astimezone(UTC), session_type, now), occupancy_id=occupancy_id)
    storage.save_booking(tx, moved)
    announcements.rescheduled(tx, booking, moved, host, by=by, now=now)
    return moved


def cancel(desk: Desk, find: Finder, reason: str | None, *, by: Party) -> Record:
    """Call a booking off and free its time. Once is enough: a second time changes nothing."""
    with desk.database.write() as tx:
        now = desk.clock()
        found = find(tx)
        host = require_host(tx, found.host_id)
        booking = storage.booking(tx, found.id, lock=True) or found
        if booking.status == "canceled":
            return Record(booking, host)
        booking.require_cancelable(now)
        canceled = booking.canceled(by, reason, now)
        storage.save_booking(tx, canceled)
        if booking.occupancy_id is not None:
            storage.leave(tx, booking.occupancy_id)
        announcements.canceled(tx, canceled, host, by=by, now=now)
        return Record(canceled, host)


def _occupy(tx: Connection, host: Host, session_type: SessionType, start: datetime, booking: Booking | None) -> str:
    try:
        return storage.occupy(tx, session_type, start)
    except storage.OverlapError as error:
        raise NotFreeError(Reason.BUSY, host, session_type, booking) from error
