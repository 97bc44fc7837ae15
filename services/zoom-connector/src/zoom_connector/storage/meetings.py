"""Rows of meetings: recording what is wanted, giving out what is due, and what was announced."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, insert, or_, select, update

from shared import due
from zoom_connector.meetings import Intent, Made, Meeting, Wanted, marker
from zoom_connector.storage.tables import MEETINGS


def record(
    tx: Connection,
    *,
    booking_id: str,
    host_id: str,
    version: int,
    live: bool,
    wanted: Wanted,
    end: datetime,
    now: datetime,
) -> bool:
    """Keep what the booking wants now, and make it due. Anything not newer than what is there changes nothing."""
    desired = {
        "host_id": host_id,
        "version": version,
        "live": live,
        "start_at": wanted.start,
        "end_at": end,
        "duration": wanted.duration,
        "timezone": wanted.timezone,
        "topic": wanted.topic,
        "agenda": wanted.agenda,
        "next_attempt_at": now,
        "attempts": 0,
        "last_error": None,
        "note": None,
    }
    known = tx.execute(select(MEETINGS.c.version).where(MEETINGS.c.id == booking_id).with_for_update()).scalar()
    if known is None:
        tx.execute(insert(MEETINGS).values(id=booking_id, **desired))
        return True
    if known >= version:
        return False
    tx.execute(update(MEETINGS).where(MEETINGS.c.id == booking_id).values(**desired, wakes=MEETINGS.c.wakes + 1))
    return True


def something_due(tx: Connection, now: datetime) -> bool:
    """Say whether a claim may find something."""
    return tx.execute(select(MEETINGS.c.id).where(*_due(now)).limit(1)).first() is not None


def claim(tx: Connection, now: datetime, lease_for: timedelta) -> Row[Any] | None:
    """Lease the nearest appointment that is due, of a host for whom nothing else is under way."""
    rows = due.claim(tx, MEETINGS, now=now, lease_for=lease_for, limit=1, where=_due(now), order_by=_NEAREST_FIRST)
    return rows[0] if rows else None


def claim_unheard(tx: Connection, now: datetime, since: datetime, lease_for: timedelta) -> list[Row[Any]]:
    """Lease rows that are due since then and about whose version nothing has been said yet."""
    return due.claim(
        tx, MEETINGS, now=now, lease_for=lease_for, limit=50, where=_unheard(since), order_by=_NEAREST_FIRST
    )


def something_unheard(tx: Connection, since: datetime) -> bool:
    """Say whether `claim_unheard` may find something."""
    return (
        tx.execute(select(MEETINGS.c.id).where(MEETINGS.c.next_attempt_at <= since, *_unheard(since)).limit(1)).first()
        is not None
    )


def renew(tx: Connection, row_id: str, leased_until: datetime, **values: Any) -> None:
    """Hold the row longer, and change it. The caller has confirmed that the lease is its own."""
    tx.execute(update(MEETINGS).where(MEETINGS.c.id == row_id).values(leased_until=leased_until, **values))


def get(tx: Connection, booking_id: str) -> Row[Any] | None:
    """Read one row."""
    return tx.execute(select(MEETINGS).where(MEETINGS.c.id == booking_id)).one_or_none()


def retry(tx: Connection, now: datetime, *, host_id: str, booking_id: str) -> bool:
    """Make a host's meeting due now, whatever it waits for; say whether there is one.

    What comes of it is told even if it was told before: somebody is waiting for it.
    """
    which = [MEETINGS.c.host_id == host_id, MEETINGS.c.id == booking_id]
    if _wake(tx, now, which) != 1:
        return False
    unmet = MEETINGS.c.said.in_(("delayed", "unavailable", "failed"))
    tx.execute(update(MEETINGS).where(*which, unmet).values(said_code=None))
    return True


def wake_host(tx: Connection, now: datetime, host_id: str) -> int:
    """Make all of a host's meetings due that are still to come, and those that are still to be deleted."""
    to_delete = and_(
        MEETINGS.c.live.is_(False), or_(MEETINGS.c.zoom_id.is_not(None), MEETINGS.c.intent_at.is_not(None))
    )
    return _wake(tx, now, [MEETINGS.c.host_id == host_id, or_(MEETINGS.c.end_at > now, to_delete)])


def hasten(tx: Connection, now: datetime, host_id: str, errors: Sequence[str]) -> int:
    """Bring forward what waits because of one of these: the cause has just gone."""
    waits = [MEETINGS.c.host_id == host_id, MEETINGS.c.next_attempt_at > now, MEETINGS.c.last_error.in_(errors)]
    return tx.execute(update(MEETINGS).where(*waits).values(next_attempt_at=now)).rowcount


def pending(tx: Connection, now: datetime, host_id: str) -> int:
    """Count a host's live bookings to come that have no link for their present version."""
    heard = and_(MEETINGS.c.said == "ready", MEETINGS.c.said_version == MEETINGS.c.version)
    query = select(func.count()).where(
        MEETINGS.c.host_id == host_id, MEETINGS.c.live, MEETINGS.c.end_at > now, or_(MEETINGS.c.said.is_(None), ~heard)
    )
    return tx.execute(query).scalar_one()


def read(row: Row[Any]) -> Meeting:
    """Give the row as the rules know it."""
    made = None
    if row.zoom_id is not None:
        made = Made(row.zoom_id, row.join_url, row.passcode, row.made_start, row.made_duration, row.made_topic)
    intent = None
    if row.intent_at is not None:
        intent = Intent(row.intent_at, row.intent_start, row.intent_settled_at)
    wanted = Wanted(marker(row.id), row.topic, row.agenda, row.start_at, row.duration, row.timezone)
    return Meeting(row.id, row.host_id, row.version, row.live, wanted, row.end_at, made, intent)


def made_values(made: Made | None) -> dict[str, Any]:
    """Give the columns for what Zoom has."""
    return {
        "zoom_id": made and made.id,
        "join_url": made and made.join_url,
        "passcode": made and made.passcode,
        "made_start": made and made.start,
        "made_duration": made and made.duration,
        "made_topic": made and made.topic,
    }


def intent_values(intent: Intent | None) -> dict[str, Any]:
    """Give the columns for an open intent, or for none."""
    return {
        "intent_at": intent and intent.begun_at,
        "intent_start": intent and intent.start,
        "intent_settled_at": intent and intent.settled_at,
    }


_OTHER = MEETINGS.alias("other")
_NEAREST_FIRST = (MEETINGS.c.start_at, MEETINGS.c.id)


def _due(now: datetime) -> Sequence[ColumnElement[bool]]:
    # One meeting of a host at a time: a host whose Zoom hangs holds up one thread, not all of them.
    under_way = exists().where(_OTHER.c.host_id == MEETINGS.c.host_id, _OTHER.c.leased_until > now)
    return [MEETINGS.c.next_attempt_at <= now, ~under_way]


def _unheard(since: datetime) -> Sequence[ColumnElement[bool]]:
    silent = or_(MEETINGS.c.said_version.is_(None), MEETINGS.c.said_version < MEETINGS.c.version)
    return [MEETINGS.c.next_attempt_at <= since, silent]


def _wake(tx: Connection, now: datetime, which: Sequence[ColumnElement[bool]]) -> int:
    changed = tx.execute(
        update(MEETINGS).where(*which).values(next_attempt_at=now, attempts=0, wakes=MEETINGS.c.wakes + 1)
    )
    return changed.rowcount
