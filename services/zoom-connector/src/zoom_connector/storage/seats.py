"""Rows of seats: which booking takes part in which meeting, and what was announced to it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, or_, select, update

from zoom_connector.meetings import Wanted, undone
from zoom_connector.storage import hosts, meetings
from zoom_connector.storage.tables import SEATS

# Built once: a backlog asks these for each event.
_ONE = select(SEATS).where(SEATS.c.id == bindparam("booking_id"))
_VERSION = select(SEATS.c.version).where(SEATS.c.id == bindparam("booking_id"))


def record(
    tx: Connection,
    *,
    booking_id: str,
    meeting_id: str,
    host_id: str,
    version: int,
    live: bool,
    wanted: Wanted,
    end: datetime,
    now: datetime,
) -> bool:
    """Keep what the booking wants now, and make its meeting due. Anything not newer than what is there changes nothing.

    A seat that moves leaves its old meeting, which goes with its last live seat.
    """
    known = get(tx, booking_id)
    if known is not None and known.version >= version:
        return False
    if known is not None and not live:
        # What a canceled booking had a seat in is known best here.
        meeting_id = known.meeting_id
    left = meeting_id if known is None else known.meeting_id
    new = False
    rows = {}
    # Meetings before seats and in one order everywhere, so that no two transactions wait for each other.
    for key in sorted({left, meeting_id}):
        rows[key] = meetings.lock(tx, key)
        if rows[key] is None and key == meeting_id:
            new = meetings.make(tx, meeting_id=key, host_id=host_id, wanted=wanted, end=end, now=now)
            rows[key] = meetings.lock(tx, key)
    if not _take(tx, booking_id, version=version, meeting_id=meeting_id, host_id=host_id, live=live, end_at=end):
        return False
    meeting = rows[meeting_id]
    if live and not new and meeting is not None:
        meetings.want(tx, meeting, wanted=wanted, end=end, now=now)
    for key in rows:
        meetings.count_seats(tx, key, now)
    if live:
        hosts.watch(tx, host_id, now)
    return True


def _take(tx: Connection, booking_id: str, *, version: int, **values: Any) -> bool:
    """Keep the seat, unless somebody has just kept a newer version of it."""
    older = update(SEATS).where(SEATS.c.id == booking_id, SEATS.c.version < version)
    if tx.execute(older.values(version=version, **values)).rowcount == 1:
        return True
    if get(tx, booking_id) is not None:
        return False
    tx.execute(insert(SEATS).values(id=booking_id, version=version, **values))
    return True


def get(tx: Connection, booking_id: str) -> Row[Any] | None:
    """Read one row."""
    return tx.execute(_ONE, {"booking_id": booking_id}).one_or_none()


def knows(tx: Connection, booking_id: str, version: int) -> bool:
    """Say whether this version of a booking, or a newer one, is here already; most of a backlog is."""
    known = tx.execute(_VERSION, {"booking_id": booking_id}).scalar_one_or_none()
    return known is not None and known >= version


def to_tell(tx: Connection, meeting_id: str) -> list[Row[Any]]:
    """List the seats of a meeting to which something may have to be announced, the oldest first."""
    over = ~SEATS.c.live & (SEATS.c.said == "removed") & (SEATS.c.said_version == SEATS.c.version)
    open_ = or_(SEATS.c.said.is_(None), ~over, SEATS.c.said_code != "")
    query = select(SEATS).where(SEATS.c.meeting_id == meeting_id, open_)
    return list(tx.execute(query.order_by(SEATS.c.end_at, SEATS.c.id).with_for_update()))


def told(tx: Connection, seat: Row[Any], now: datetime, *, state: str, code: str, zoom_id: int | None) -> Row[Any]:
    """Keep what is announced to a seat; give it with its new revision."""
    values = {
        "revision": seat.revision + 1,
        "said": state,
        "said_version": seat.version,
        "said_code": code,
        "said_at": now,
        "told_zoom_id": zoom_id or seat.told_zoom_id,
    }
    return tx.execute(update(SEATS).where(SEATS.c.id == seat.id).values(**values).returning(*SEATS.c)).one()


def retry(tx: Connection, now: datetime, *, host_id: str, booking_id: str) -> bool:
    """Make the meeting of a host's booking due now, whatever it waits for; say whether there is one.

    What the host did to it in Zoom is undone. What comes of it is told even if it was told before: somebody waits.
    """
    row = _meeting(tx, host_id, booking_id)
    if row is None:
        return False
    known = meetings.read(row)
    meeting = undone(known)
    values = meetings.made_values(meeting.made) | meetings.deviation_values(None)
    # What was accepted is known; anything else the host may have done since we looked.
    in_doubt = {"doubted": meeting.made is not None, "restoring": meeting.made is not None}
    meetings.wake(tx, now, row.id, **values | in_doubt)
    unmet = SEATS.c.said.in_(("delayed", "unavailable", "failed"))
    tx.execute(update(SEATS).where(SEATS.c.meeting_id == row.id, unmet).values(said_code=None))
    return True


def accept(tx: Connection, now: datetime, *, host_id: str, booking_id: str) -> bool | None:
    """Let the host's deletion in Zoom stand. False when there is none, None when there is no such booking."""
    row = _meeting(tx, host_id, booking_id)
    if row is None:
        return None
    if row.deviation == "deleted":
        meetings.wake(tx, now, row.id, deviation="accepted")
    return row.live and row.deviation in ("deleted", "accepted")


def _meeting(tx: Connection, host_id: str, booking_id: str) -> Row[Any] | None:
    seat = get(tx, booking_id)
    return meetings.lock(tx, seat.meeting_id) if seat is not None and seat.host_id == host_id else None
