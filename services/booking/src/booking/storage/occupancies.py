"""Keeps what makes a host busy. That two of a host's occupancies never overlap is the database's own rule."""

import uuid
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Connection,
    Row,
    and_,
    bindparam,
    case,
    delete,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from booking.bookings import Booking, SessionType
from booking.slots import Diary, Group
from booking.storage.tables import BOOKINGS, OCCUPANCIES
from shared.database import Instant


class OverlapError(Exception):
    """The host is busy at that time, or every seat is taken. The transaction has to be given up."""


class InTheWay(NamedTuple):
    """A session that keeps its host busy; `guests` counts the seats that are taken."""

    session_type_id: str
    start: datetime
    end: datetime
    guests: int
    title: str
    client: str


class _Seconds(FunctionElement[int]):
    """Whole seconds since 1970. A thousand datetimes would take longer to make than everything else about a month."""

    type = BigInteger()
    inherit_cache = True


@compiles(_Seconds, "sqlite")
def _on_sqlite(element: _Seconds, compiler: Any, **options: Any) -> str:
    return f"CAST(strftime('%s', {compiler.process(element.clauses, **options)}) AS INTEGER)"


@compiles(_Seconds, "postgresql")
def _on_postgresql(element: _Seconds, compiler: Any, **options: Any) -> str:
    return f"CAST(EXTRACT(epoch FROM {compiler.process(element.clauses, **options)}) AS BIGINT)"


# Built once: putting them together takes as long as a hundred rows.
_IN_REACH = and_(
    OCCUPANCIES.c.host_id == bindparam("host_id"),
    OCCUPANCIES.c.busy_to > bindparam("since", type_=Instant),
    OCCUPANCIES.c.busy_from < bindparam("until", type_=Instant),
    or_(OCCUPANCIES.c.id != bindparam("own"), OCCUPANCIES.c.taken > 1),
)
_BUSY = select(_Seconds(OCCUPANCIES.c.busy_from), _Seconds(OCCUPANCIES.c.busy_to)).where(_IN_REACH)
_BUSY_WITH_SEATS = _BUSY.add_columns(
    _Seconds(OCCUPANCIES.c.starts_at).label("starts"),
    _Seconds(OCCUPANCIES.c.ends_at).label("ends"),
    OCCUPANCIES.c.session_type_id,
    OCCUPANCIES.c.seats,
    (OCCUPANCIES.c.taken - case((OCCUPANCIES.c.id == bindparam("own"), 1), else_=0)).label("taken"),
)


def diary(
    tx: Connection, session_type: SessionType, since: datetime, until: datetime, *, without: Booking | None = None
) -> Diary:
    """Read what is booked in a stretch of time, as if the booking `without` were not there."""
    own = without.occupancy_id if without is not None else None
    asked = {"host_id": session_type.host_id, "since": since, "until": until, "own": own or ""}
    if session_type.capacity == 1 and session_type.max_per_day is None:
        return Diary(tx.execute(_BUSY, asked).all())
    rows = tx.execute(_BUSY_WITH_SEATS, asked).all()
    of_type = [row for row in rows if row.session_type_id == session_type.id]
    return Diary([(row[0], row[1]) for row in rows], _groups(session_type, of_type), _booked(of_type))


def _groups(session_type: SessionType, rows: list[Row[Any]]) -> list[Group]:
    if session_type.capacity == 1:
        return []
    return [Group(row.starts, row.ends, row.taken) for row in rows if row.seats > 1]


def _booked(rows: list[Row[Any]]) -> list[int]:
    # Each confirmed booking has a seat in an occupancy of its type, so nobody has to count the bookings themselves.
    return [row.starts for row in rows for _ in range(row.taken)]


def in_the_way(tx: Connection, host_id: str, since: datetime, until: datetime) -> InTheWay | None:
    """Find the first session that keeps a host busy in a stretch of time, with one of its guests."""
    at, booked = OCCUPANCIES.c, BOOKINGS.c
    query = (
        select(at.session_type_id, at.starts_at, at.ends_at, at.taken, booked.booked, booked.client_name)
        .join(BOOKINGS, booked.occupancy_id == at.id)
        .where(at.host_id == host_id, at.busy_to > since, at.busy_from < until)
        .order_by(at.busy_from, booked.created_at, booked.id)
        .limit(1)
    )
    row = tx.execute(query).one_or_none()
    return None if row is None else _in_the_way(row)


def _in_the_way(row: Any) -> InTheWay:
    return InTheWay(
        session_type_id=row.session_type_id,
        start=row.starts_at,
        end=row.ends_at,
        guests=row.taken,
        title=row.booked["title"],
        client=row.client_name,
    )


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
        "seats": session_type.capacity,
        "taken": 1,
    }
    tx.execute(insert(OCCUPANCIES), row | _times(session_type, start, end))
    return occupancy_id


def move_group(tx: Connection, occupancy_id: str, session_type: SessionType, start: datetime) -> None:
    """Move a session with all who have a seat in it. Raises `OverlapError`."""
    times = _times(session_type, start, start + timedelta(minutes=session_type.duration))
    try:
        tx.execute(update(OCCUPANCIES).where(OCCUPANCIES.c.id == occupancy_id).values(times))
    except IntegrityError as error:
        raise OverlapError from error


def _times(session_type: SessionType, start: datetime, end: datetime) -> dict[str, datetime]:
    return {
        "starts_at": start,
        "ends_at": end,
        "busy_from": start - timedelta(minutes=session_type.buffer_before),
        "busy_to": end + timedelta(minutes=session_type.buffer_after),
    }


def leave(tx: Connection, occupancy_id: str) -> None:
    """Give a seat back; the last one to leave frees the time."""
    left = tx.execute(
        update(OCCUPANCIES)
        .where(OCCUPANCIES.c.id == occupancy_id, OCCUPANCIES.c.taken > 1)
        .values(taken=OCCUPANCIES.c.taken - 1)
    )
    if left.rowcount == 0:
        tx.execute(delete(OCCUPANCIES).where(OCCUPANCIES.c.id == occupancy_id))
