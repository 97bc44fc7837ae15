"""Booking, moving and calling off, each in one transaction with its event."""

import hashlib
import json
import secrets
import uuid
from collections.abc import Callable, Mapping
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
    """What a client asks for, or a host for a client. With `any_time` only the past and what is booked refuse it."""

    start: datetime
    client: Client
    notes: str
    answers: Mapping[str, str]
    by: Party = "client"
    any_time: bool = False

    @property
    def fingerprint(self) -> str:
        """What two requests for the same thing share."""
        client = self.client
        said = [
            self.start.astimezone(UTC).isoformat(),
            [client.name, client.email, client.timezone],
            self.notes,
            sorted(self.answers.items()),
            *([] if self.by == "client" else [self.by, self.any_time]),
        ]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


Chosen = tuple[Host, SessionType]
Chooser = Callable[[Connection], Chosen]
"""Finds the host, locked, and the session type that is to be booked. Raises `Refused`."""


def book(desk: Desk, handle: str, slug: str, wish: Wish, *, key: str | None) -> tuple[Record, bool]:
    """Book a slot; give the booking, and whether it is new or the one made before under the same idempotency key."""

    def choose(tx: Connection) -> Chosen:
        host = require_handle(tx, handle, lock=True)
        session_type = storage.session_type_by_slug(tx, host.id, slug)
        if session_type is None:
            raise missing("session_type")
        return host, session_type

    return _book_once(desk, choose, wish, key)


def book_for_client(desk: Desk, host_id: str, type_id: str, wish: Wish, *, key: str | None) -> tuple[Record, bool]:
    """Book as the host for a client, also what clients can't book themselves now."""

    def choose(tx: Connection) -> Chosen:
        host = require_host(tx, host_id, lock=True)
        session_type = storage.session_type(tx, host_id, type_id)
        if session_type is None or session_type.deleted_at is not None:
            raise missing("session_type")
        return host, session_type

    return _book_once(desk, choose, wish, key)


def _book_once(desk: Desk, choose: Chooser, wish: Wish, key: str | None) -> tuple[Record, bool]:
    clock = zone(wish.client.timezone, "client.timezone")
    try:
        with desk.database.write() as tx:
            now = desk.clock()
            host, session_type = choose(tx)
            earlier = _made_before(tx, session_type, wish, key) if key else None
            if earlier is not None:
                return Record(earlier, host), False
            booking = _book(tx, host, session_type, wish, now)
            if key:
                storage.remember(tx, session_type.id, key, body_hash=wish.fingerprint, booking_id=booking.id, now=now)
            return Record(booking, host), True
    except NotFreeError as refused:
        asked = clock if wish.by == "client" else refused.host.zone
        raise slot_taken(desk, refused, wish.start, asked) from refused


def _made_before(tx: Connection, session_type: SessionType, wish: Wish, key: str) -> Booking | None:
    remembered = storage.remembered(tx, session_type.id, key)
    if remembered is None:
        return None
    if remembered.body_hash != wish.fingerprint:
        raise Refused("idempotency_conflict", "conflict", "This Idempotency-Key was used for another request.")
    return storage.booking(tx, remembered.booking_id)


def _book(tx: Connection, host: Host, session_type: SessionType, wish: Wish, now: datetime) -> Booking:
    by_client = wish.by == "client"
    if by_client and not session_type.offered:
        raise missing("session_type")
    answers = session_type.checked_answers(wish.answers, all_required=by_client)
    start = wish.start.astimezone(UTC)
    require_free(tx, host, session_type, start, now=now, any_time=wish.any_time)
    occupancy_id = _occupy(tx, host, session_type, start, None)
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
        occupancy_id=occupancy_id,
        group_id=_group(session_type, occupancy_id),
    )
    storage.add_booking(tx, booking)
    announcements.booked(tx, booking, host, by=wish.by, now=now)
    return booking


def reschedule(desk: Desk, find: Finder, start: datetime, *, by: Party, any_time: bool = False) -> Record:
    """Move a booking; its old time is free in the same instant. Moving it to where it is changes nothing."""
    try:
        with desk.database.write() as tx:
            now = desk.clock()
            found = find(tx)
            host = require_host(tx, found.host_id, lock=True)
            booking = _locked(tx, found)
            booking.require_movable(now)
            if by == "client":
                booking.require_in_time(host.change_cutoff, now)
            if start == booking.start:
                return Record(booking, host)
            if any_time and booking.group_id and booking.is_in_zoom_at(start):
                return Record(_move_group(tx, host, booking, start, now=now), host)
            return Record(_move(tx, host, booking, start, by=by, now=now, any_time=any_time), host)
    except NotFreeError as refused:
        raise slot_taken(desk, refused, start, clock_of(Record(found, host), by)) from refused


def _move(
    tx: Connection, host: Host, booking: Booking, start: datetime, *, by: Party, now: datetime, any_time: bool
) -> Booking:
    session_type = require_type(tx, booking)
    require_free(tx, host, session_type, start, now=now, booking=booking, any_time=any_time)
    storage.detach(tx, booking.id)
    if booking.occupancy_id is not None:
        storage.leave(tx, booking.occupancy_id)
    occupancy_id = _occupy(tx, host, session_type, start, booking)
    moved = replace(
        booking.rescheduled(start.astimezone(UTC), session_type, now),
        occupancy_id=occupancy_id,
        group_id=_group(session_type, occupancy_id),
    )
    storage.save_booking(tx, moved)
    announcements.rescheduled(tx, booking, moved, host, by=by, now=now)
    return moved


def _move_group(tx: Connection, host: Host, booking: Booking, start: datetime, *, now: datetime) -> Booking:
    """Let everybody in a group follow the meeting that they share to where the host has moved it in Zoom."""
    session_type = require_type(tx, booking)
    require_free(tx, host, session_type, start, now=now, booking=booking, any_time=True)
    group = booking.occupancy_id or ""
    guests = storage.seats(tx, group)
    try:
        storage.move_group(tx, group, session_type, start)
    except storage.OverlapError as error:
        raise NotFreeError(Reason.BUSY, host, session_type, booking) from error
    for guest in guests:
        moved = guest.rescheduled(start, session_type, now)
        storage.save_booking(tx, moved)
        announcements.rescheduled(tx, guest, moved, host, by="host", now=now)
    return booking.rescheduled(start, session_type, now)


def cancel(desk: Desk, find: Finder, reason: str | None, *, by: Party) -> Record:
    """Call a booking off and free its time. Once is enough: a second time changes nothing."""
    with desk.database.write() as tx:
        now = desk.clock()
        found = find(tx)
        host = require_host(tx, found.host_id)
        booking = _locked(tx, found)
        if booking.status == "canceled":
            return Record(booking, host)
        booking.require_cancelable(now)
        if by == "client":
            booking.require_in_time(host.change_cutoff, now)
        canceled = booking.canceled(by, reason, now)
        storage.save_booking(tx, canceled)
        if booking.occupancy_id is not None:
            storage.leave(tx, booking.occupancy_id)
        announcements.canceled(tx, canceled, host, by=by, now=now)
        return Record(canceled, host)


def _locked(tx: Connection, found: Booking) -> Booking:
    booking = storage.booking(tx, found.id, lock=True)
    if booking is None:  # Its host's account was deleted a moment ago.
        raise missing("booking")
    return booking


def _occupy(tx: Connection, host: Host, session_type: SessionType, start: datetime, booking: Booking | None) -> str:
    try:
        return storage.occupy(tx, session_type, start)
    except storage.OverlapError as error:
        raise NotFreeError(Reason.BUSY, host, session_type, booking) from error


def _group(session_type: SessionType, occupancy_id: str) -> str | None:
    """Name the group that a new seat is in; a session for one is none, and never becomes one."""
    return occupancy_id if session_type.capacity > 1 else None
