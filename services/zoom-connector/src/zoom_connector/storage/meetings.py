"""Rows of meetings: what should be and what Zoom has, giving out what is due, and waking it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from shared import due
from zoom_connector.meetings import Deviation, Intent, Made, Meeting, Wanted, followed, marker
from zoom_connector.storage.tables import MEETINGS, SEATS

SOME = 8
"""Candidates for a claim, so that those who look at the same time can each have one."""
AWAKE: dict[str, Any] = {"attempts": 0, "last_error": None}
MET = ("ready", "moved", "removed")
"""What was said last of a meeting about which nothing is owed."""


def lock(tx: Connection, meeting_id: str) -> Row[Any] | None:
    """Read one row, which nobody else changes until the transaction ends."""
    return tx.execute(select(MEETINGS).where(MEETINGS.c.id == meeting_id).with_for_update()).one_or_none()


def make(tx: Connection, *, meeting_id: str, host_id: str, wanted: Wanted, end: datetime, now: datetime) -> bool:
    """Begin a meeting without seats; say whether it is new. Somebody else may have just begun it."""
    insert = postgres_insert if tx.dialect.name == "postgresql" else sqlite_insert
    values = {"id": meeting_id, "host_id": host_id, "live": False, **_wanted_values(wanted, end, now)}
    made = tx.execute(insert(MEETINGS).values(**values).on_conflict_do_nothing(index_elements=["id"]))
    return made.rowcount == 1


def want(tx: Connection, known: Row[Any], *, wanted: Wanted, end: datetime, now: datetime) -> None:
    """Keep what the meeting should be, and make it due. `known` is its locked row."""
    meeting = followed(read(known), wanted)
    values = _wanted_values(wanted, end, now) | made_values(meeting.made) | deviation_values(meeting.deviation)
    values |= {"doubted": known.doubted, "restoring": known.restoring}
    tx.execute(update(MEETINGS).where(MEETINGS.c.id == known.id).values(**values, wakes=MEETINGS.c.wakes + 1))


def count_seats(tx: Connection, meeting_id: str, now: datetime) -> None:
    """Keep whether the meeting has a live seat left, and make it due."""
    live = exists().where(SEATS.c.meeting_id == meeting_id, SEATS.c.live)
    tx.execute(
        update(MEETINGS)
        .where(MEETINGS.c.id == meeting_id)
        .values(live=live, next_attempt_at=now, note=None, wakes=MEETINGS.c.wakes + 1, **AWAKE)
    )


def forget_empty(tx: Connection, meeting_id: str) -> None:
    """Delete a meeting that all seats have left for others, once Zoom has nothing of it any more."""
    seat = exists().where(SEATS.c.meeting_id == meeting_id)
    nothing = and_(MEETINGS.c.live.is_(False), MEETINGS.c.zoom_id.is_(None), MEETINGS.c.intent_at.is_(None))
    tx.execute(delete(MEETINGS).where(MEETINGS.c.id == meeting_id, nothing, ~seat))


def nearest_due(tx: Connection, now: datetime) -> Sequence[str]:
    """Name some of the nearest appointments that are due, of hosts for whom nothing is under way.

    This looks at all that is due, so it is not for a transaction that others wait for.
    """
    return tx.execute(select(MEETINGS.c.id).where(*_due(now)).order_by(*_NEAREST_FIRST).limit(SOME)).scalars().all()


def claim(tx: Connection, now: datetime, lease_for: timedelta, meeting_ids: Sequence[str]) -> Row[Any] | None:
    """Lease the nearest of these appointments that still is due, of a host for whom nothing else is under way."""
    where = [MEETINGS.c.id.in_(meeting_ids), *_due(now)]
    rows = due.claim(tx, MEETINGS, now=now, lease_for=lease_for, limit=1, where=where, order_by=_NEAREST_FIRST)
    return rows[0] if rows else None


def claim_unheard(tx: Connection, now: datetime, since: datetime, lease_for: timedelta) -> list[Row[Any]]:
    """Lease rows that are due since then and about which somebody has not heard a word yet."""
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


def get(tx: Connection, meeting_id: str) -> Row[Any] | None:
    """Read one row."""
    return tx.execute(select(MEETINGS).where(MEETINGS.c.id == meeting_id)).one_or_none()


def of_zoom(tx: Connection, zoom_id: int) -> Row[Any] | None:
    """Find the live meeting that Zoom knows by this number."""
    query = select(MEETINGS).where(MEETINGS.c.zoom_id == zoom_id, MEETINGS.c.live)
    return tx.execute(query.order_by(MEETINGS.c.id).limit(1)).one_or_none()


def of_host(tx: Connection, host_id: str, now: datetime) -> list[Row[Any]]:
    """List a host's live meetings to come that Zoom should have, the nearest first."""
    made = [MEETINGS.c.live, MEETINGS.c.zoom_id.is_not(None)]
    query = select(MEETINGS).where(MEETINGS.c.host_id == host_id, MEETINGS.c.start_at > now, *made)
    return list(tx.execute(query.order_by(*_NEAREST_FIRST)))


def doubt(tx: Connection, now: datetime, meeting_ids: Sequence[str]) -> None:
    """Let Zoom be asked about these."""
    _wake(tx, now, [MEETINGS.c.id.in_(meeting_ids)], doubted=True)


def deviate(tx: Connection, now: datetime, meeting_id: str, deviation: Deviation | None) -> None:
    """Keep what the host did to a meeting in Zoom, as somebody has told who is believed."""
    _wake(tx, now, [MEETINGS.c.id == meeting_id], **deviation_values(deviation))


def wake(tx: Connection, now: datetime, meeting_id: str, **values: Any) -> None:
    """Make one meeting due now, whatever it waits for, and change it."""
    _wake(tx, now, [MEETINGS.c.id == meeting_id], **values)


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
    unheard = or_(SEATS.c.said_version.is_(None), SEATS.c.said_version < SEATS.c.version, SEATS.c.said.not_in(MET))
    query = select(func.count()).where(SEATS.c.host_id == host_id, SEATS.c.live, SEATS.c.end_at > now, unheard)
    return tx.execute(query).scalar_one()


def read(row: Row[Any]) -> Meeting:
    """Give the row as the rules know it."""
    made = intent = deviation = None
    if row.zoom_id is not None:
        made = Made(row.zoom_id, row.join_url, row.passcode, row.made_start, row.made_duration, row.made_topic)
    if row.intent_at is not None:
        intent = Intent(row.intent_at, row.intent_start, row.intent_settled_at)
    if row.deviation is not None:
        deviation = Deviation(row.deviation, row.moved_start, row.moved_duration)
    return Meeting(
        id=row.id,
        host_id=row.host_id,
        live=row.live,
        wanted=Wanted(marker(row.id), row.topic, row.agenda, row.start_at, row.duration, row.timezone),
        end=row.end_at,
        made=made,
        intent=intent,
        deviation=deviation,
        doubted=row.doubted,
        restoring=row.restoring,
        left_behind=frozenset(map(int, row.left_behind.split())),
    )


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


def deviation_values(deviation: Deviation | None) -> dict[str, Any]:
    """Give the columns for what the host did in Zoom. It is known now, so nothing is in doubt."""
    return {
        "deviation": deviation and deviation.kind,
        "moved_start": deviation and deviation.start,
        "moved_duration": deviation and deviation.duration,
        "doubted": False,
        "restoring": False,
    }


_OTHER = MEETINGS.alias("other")
_NEAREST_FIRST = (MEETINGS.c.start_at, MEETINGS.c.id)


def _due(now: datetime) -> Sequence[ColumnElement[bool]]:
    # One meeting of a host at a time: a host whose Zoom hangs holds up one thread, not all of them.
    # Read once: asked for each row, it took the square of a host's meetings.
    under_way = select(_OTHER.c.host_id).where(_OTHER.c.leased_until > now)
    return [MEETINGS.c.next_attempt_at <= now, MEETINGS.c.host_id.not_in(under_way)]


def _wanted_values(wanted: Wanted, end: datetime, now: datetime) -> dict[str, Any]:
    return {
        "start_at": wanted.start,
        "end_at": end,
        "duration": wanted.duration,
        "timezone": wanted.timezone,
        "topic": wanted.topic,
        "agenda": wanted.agenda,
        "next_attempt_at": now,
        "note": None,
        **AWAKE,
    }


def _unheard(since: datetime) -> Sequence[ColumnElement[bool]]:
    silent = or_(SEATS.c.said_version.is_(None), SEATS.c.said_version < SEATS.c.version)
    return [MEETINGS.c.next_attempt_at <= since, exists().where(SEATS.c.meeting_id == MEETINGS.c.id, silent)]


def _wake(tx: Connection, now: datetime, which: Sequence[ColumnElement[bool]], **values: Any) -> int:
    changed = tx.execute(
        update(MEETINGS).where(*which).values(next_attempt_at=now, attempts=0, wakes=MEETINGS.c.wakes + 1, **values)
    )
    return changed.rowcount
