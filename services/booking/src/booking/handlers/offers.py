"""Which times can be booked now, and what to say about one that can't."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from booking import storage
from booking.bookings import Booking, Host, Party, Refused, SessionType, missing, span, unfit, zone
from booking.handlers.desk import Desk, Finder, require_handle, require_host
from booking.slots import Offer, Reason, Slot

LONGEST_RANGE = 92
"""Days, the first and the last included."""
MARGIN = timedelta(days=4)
"""How far around a start the diary has to be known: two days of zones, one of buffers, one of sessions."""
FURTHEST = timedelta(days=3650)
"""How far ahead a host may book for a client, whatever the horizon of the session type."""


class Question(NamedTuple):
    """Which dates somebody asks about, and on whose clock; None is the clock of the host."""

    first: date
    last: date
    timezone: str | None


class NotFreeError(Exception):
    """The start is no free slot; carries what an answer needs."""

    def __init__(self, reason: Reason, host: Host, session_type: SessionType, booking: Booking | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.host = host
        self.session_type = session_type
        self.booking = booking


def free_slots(desk: Desk, handle: str, slug: str, question: Question) -> tuple[ZoneInfo, Sequence[Slot]]:
    """List the free slots of a session type on the asked dates, and the zone that the dates were read in."""
    with desk.database.read() as tx:
        host = require_handle(tx, handle)
        session_type = require_offered(tx, host, slug)
        return _free(tx, host, session_type, question, now=desk.clock())


def preview(desk: Desk, host_id: str, type_id: str, question: Question) -> tuple[ZoneInfo, Sequence[Slot]]:
    """List for its host what clients find free, or would find once it is active."""
    with desk.database.read() as tx:
        return _free(tx, require_host(tx, host_id), require_own_type(tx, host_id, type_id), question, now=desk.clock())


def free_slots_for(desk: Desk, find: Finder, question: Question, *, by: Party) -> tuple[ZoneInfo, Sequence[Slot]]:
    """List where a booking could be moved to, as if its own time were free."""
    with desk.database.read() as tx:
        booking = find(tx)
        host, now = require_host(tx, booking.host_id), desk.clock()
        booking.require_movable(now)
        if by == "client":
            booking.require_in_time(host.change_cutoff, now)
        return _free(tx, host, require_type(tx, booking), question, now=now, booking=booking)


def require_offered(tx: Connection, host: Host, slug: str) -> SessionType:
    """Read a session type that clients may book. Raises `Refused`."""
    session_type = storage.session_type_by_slug(tx, host.id, slug)
    if session_type is None or not session_type.offered:
        raise missing("session_type")
    return session_type


def require_own_type(tx: Connection, host_id: str, type_id: str) -> SessionType:
    """Read a session type of a host that was not deleted. Raises `Refused`."""
    found = storage.session_type(tx, host_id, type_id)
    if found is None or found.deleted_at is not None:
        raise missing("session_type")
    return found


def require_type(tx: Connection, booking: Booking) -> SessionType:
    """Read the session type of a booking, also when it is no longer offered: who has booked may still move."""
    session_type = storage.session_type(tx, booking.host_id, booking.session_type_id)
    if session_type is None:
        raise missing("session_type")
    return session_type


def require_free(
    tx: Connection,
    host: Host,
    session_type: SessionType,
    start: datetime,
    *,
    now: datetime,
    booking: Booking | None = None,
    any_time: bool = False,
) -> None:
    """Raise `NotFreeError` when a start can't be booked, or when `booking` can't be moved to it.

    At any time but a past one, only what is booked already can be in the way, and that the database itself refuses.
    """
    if any_time:
        _require_sensible(start, now)
        if start < now:
            raise NotFreeError(Reason.IN_THE_PAST, host, session_type, booking)
        return
    near = min(max(start, now - MARGIN), now + timedelta(days=session_type.horizon) + MARGIN)
    # For one start only what touches it counts; a month of bookings read for each would cost more than all the rest.
    around = MARGIN if session_type.max_per_day else session_type.span
    reason = offer_of(tx, host, session_type, (near - around, near + around), now=now, booking=booking).refusal(start)
    if reason is not None:
        raise NotFreeError(reason, host, session_type, booking)


def slot_taken(desk: Desk, refused: NotFreeError, start: datetime, clock: ZoneInfo) -> Refused:
    """Say why a start can't be booked, and which free starts are nearest, on a given clock."""
    now, session_type = desk.clock(), refused.session_type
    reach = (now - MARGIN, now + timedelta(days=session_type.horizon) + MARGIN)
    with desk.database.read() as tx:
        nearest = offer_of(tx, refused.host, session_type, reach, now=now, booking=refused.booking).nearest(start)
    starts = [slot.start.astimezone(clock).isoformat() for slot in nearest]
    detail = f"{sentence(refused.reason, session_type)} Please choose another time."
    return Refused("slot_taken", "conflict", detail, extra={"reason": refused.reason.value, "nearest": starts})


def _free(
    tx: Connection,
    host: Host,
    session_type: SessionType,
    question: Question,
    *,
    now: datetime,
    booking: Booking | None = None,
) -> tuple[ZoneInfo, Sequence[Slot]]:
    first, last = question.first, question.last
    asked = host.zone if question.timezone is None else zone(question.timezone)
    if last < first:
        raise unfit("to", "must not be before from")
    if (last - first).days >= LONGEST_RANGE:
        raise unfit("to", f"must be within {LONGEST_RANGE} days of from", code="range_too_long")
    # The ends of the calendar can't be moved further out, and nothing is offered there anyway.
    begin = max(first, now.date() - MARGIN)
    end = min(last, now.date() + timedelta(days=session_type.horizon) + MARGIN)
    reach = (_midnight(begin) - MARGIN, _midnight(end) + MARGIN)
    return asked, offer_of(tx, host, session_type, reach, now=now, booking=booking).free(asked, first, last)


def offer_of(
    tx: Connection,
    host: Host,
    session_type: SessionType,
    reach: tuple[datetime, datetime],
    *,
    now: datetime,
    booking: Booking | None = None,
) -> Offer:
    """Read all that decides what is free within `reach`: one look at the rules, one at what is booked."""
    hours = session_type.hours(storage.working_hours(tx, host.id))
    diary = storage.diary(tx, session_type, *reach, without=booking)
    return Offer(hours.on_the_clock_of(host), session_type.terms, diary, now)


def _require_sensible(start: datetime, now: datetime) -> None:
    if start.microsecond:
        raise unfit("start", "must be a whole second")
    if start > now + FURTHEST:
        raise unfit("start", "must be within ten years")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def sentence(reason: Reason, session_type: SessionType) -> str:
    """Say to a client why a time can't be booked."""
    return {
        Reason.IN_THE_PAST: "This time is in the past.",
        Reason.TOO_SOON: f"This must be booked at least {span(session_type.min_notice)} ahead.",
        Reason.BEYOND_HORIZON: f"This can be booked up to {session_type.horizon} days ahead.",
        Reason.VACATION: "The host is away on this day.",
        Reason.OUTSIDE_AVAILABILITY: "The host does not offer this time.",
        Reason.OFF_GRID: "No session starts at exactly this time.",
        Reason.DAY_FULL: "This day is fully booked.",
        Reason.BUSY: "This time has been taken.",
    }[reason]
