"""Keeps what makes a host busy. That two of a host's occupancies never overlap is the database's own rule."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, case, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from booking.bookings import Booking, SessionType
from booking.slots import Diary, Group
from booking.storage.tables import BOOKINGS, OCCUPANCIES


class OverlapError(Exception):
    """The host is busy at that time, or every seat is taken. The transaction has to be given up."""


def diary(
    tx: Connection, session_type: SessionType, since: datetime, until: datetime, *, without: Booking | None = None
) -> Diary:
    """Read what is booked in a stretch of time, as if the booking `without` were not there."""
    own = without.occupancy_id if without is not None else None
    in_reach = and_(
        OCCUPANCIES.c.host_id == session_type.host_id, OCCUPANCIES.c.busy_to > since, OCCUPANCIES.c.busy_from < until
    )
    others = or_(OCCUPANCIES.c.id != (own or ""), OCCUPANCIES.c.taken > 1)
    busy = tx.execute(select(OCCUPANCIES.c.busy_from, OCCUPANCIES.c.busy_to).where(in_reach, others))
    return Diary(
        [(row.busy_from, row.busy_to) for row in busy],
        _groups(tx, session_type, and_(in_reach, others), own) if session_type.capacity > 1 else [],
        _booked(tx, session_type, since, until, without=without) if session_type.max_per_day else [],
    )


def _groups(tx: Connection, session_type: SessionType, reach: ColumnElement[bool], own: str | None) -> list[Group]:
    query = select(OCCUPANCIES).where(reach, OCCUPANCIES.c.session_type_id == session_type.id, OCCUPANCIES.c.seats > 1)
    return [Group(row.starts_at, row.ends_at, row.taken - (row.id == own)) for row in tx.execute(query)]


def _booked(
    tx: Connection, session_type: SessionType, since: datetime, until: datetime, *, without: Booking | None
) -> list[datetime]:
    query = select(BOOKINGS.c.starts_at).where(
        BOOKINGS.c.session_type_id == session_type.id,
        BOOKINGS.c.status == "confirmed",
        BOOKINGS.c.starts_at >= since,
        BOOKINGS.c.starts_at < until,
    )
    if without is not None:
        query = query.where(BOOKINGS.c.id != without.id)
    return list(tx.execute(query).scalars())


def occupy(tx: Connection, session_type: SessionType, start: datetime) -> str:
    """Take a seat at a start, in a session that is there already or a new one; give the occupancy's id.

    Raises `OverlapError` when somebody else was quicker.
    """
    end = start + timedelta(minutes=session_type.duration)
    try:
        joined = _join(tx, session_type, start, end) if session_type.capacity > 1 else None
        return joined or _begin(tx, session_type, start, end)
    except IntegrityError as error:
        raise OverlapError from error


def _join(tx: Connection, session_type: SessionType, start: datetime, end: datetime) -> str | None:
    joined = tx.execute(
        update(OCCUPANCIES)
        .where(
            OCCUPANCIES.c.host_id == session_type.host_id,
            OCCUPANCIES.c.session_type_id == session_type.id,
            OCCUPANCIES.c.starts_at == start,
            OCCUPANCIES.c.ends_at == end,
            OCCUPANCIES.c.seats > 1,
            OCCUPANCIES.c.taken < session_type.capacity,
        )
        .values(
            taken=OCCUPANCIES.c.taken + 1,
            # The host may have changed the number of seats since; a private session never becomes a group.
            seats=case((OCCUPANCIES.c.seats > session_type.capacity, OCCUPANCIES.c.seats), else_=session_type.capacity),
        )
        .returning(OCCUPANCIES.c.id)
    )
    return joined.scalar_one_or_none()


def _begin(tx: Connection, session_type: SessionType, start: datetime, end: datetime) -> str:
    occupancy_id = uuid.uuid4().hex
    row = {
        "id": occupancy_id,
        "host_id": session_type.host_id,
        "session_type_id": session_type.id,
        "starts_at": start,
        "ends_at": end,
        "busy_from": start - timedelta(minutes=session_type.buffer_before),
        "busy_to": end + timedelta(minutes=session_type.buffer_after),
        "seats": session_type.capacity,
        "taken": 1,
    }
    tx.execute(insert(OCCUPANCIES), row)
    return occupancy_id


def leave(tx: Connection, occupancy_id: str) -> None:
    """Give a seat back; the last one to leave frees the time."""
    left = tx.execute(
        update(OCCUPANCIES)
        .where(OCCUPANCIES.c.id == occupancy_id, OCCUPANCIES.c.taken > 1)
        .values(taken=OCCUPANCIES.c.taken - 1)
    )
    if left.rowcount == 0:
        tx.execute(delete(OCCUPANCIES).where(OCCUPANCIES.c.id == occupancy_id))
