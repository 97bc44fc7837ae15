"""Keeps hosts, their working hours and their session types."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, literal, select, tuple_, update

from booking.bookings import Host, Location, Question, SessionType, WorkingHours
from booking.slots import Interval
from booking.storage.tables import HOSTS, OVERRIDES, SESSION_TYPES, WEEKLY_RULES
from shared.database import Instant


def add_host(tx: Connection, host: Host) -> None:
    """Keep a new host. Raises `IntegrityError` when handle, e-mail or id are taken."""
    tx.execute(insert(HOSTS).values(**asdict(host), email_key=email_key(host.email)))


def save_host(tx: Connection, host: Host) -> None:
    """Keep what a host is now. Raises `IntegrityError` when the handle is taken."""
    tx.execute(update(HOSTS).where(HOSTS.c.id == host.id).values(**asdict(host), email_key=email_key(host.email)))


def host(tx: Connection, host_id: str, *, lock: bool = False) -> Host | None:
    """Find a host by id; `lock` makes others wait who want to change this host's diary."""
    return _host(tx, HOSTS.c.id == host_id, lock=lock)


def host_by_handle(tx: Connection, handle: str, *, lock: bool = False) -> Host | None:
    """Find a host by the handle in the address of the public page."""
    return _host(tx, HOSTS.c.handle == handle, lock=lock)


def host_by_feed_key(tx: Connection, feed_key: str) -> Host | None:
    """Find the host whose calendar feed a key opens."""
    return _host(tx, HOSTS.c.feed_key == feed_key)


def host_by_email(tx: Connection, email: str) -> Host | None:
    """Find a host by e-mail address, whatever its case."""
    return _host(tx, HOSTS.c.email_key == email_key(email))


def email_key(email: str) -> str:
    """Give what two spellings of one address share."""
    return email.casefold()


def _host(tx: Connection, condition: Any, *, lock: bool = False) -> Host | None:
    query = select(*(HOSTS.c[name] for name in Host.__slots__)).where(condition)
    row = tx.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    return None if row is None else Host(**row)


def working_hours(tx: Connection, host_id: str) -> WorkingHours:
    """Read when a host works."""
    weekly: dict[int, list[Interval]] = defaultdict(list)
    query = select(WEEKLY_RULES).where(WEEKLY_RULES.c.host_id == host_id)
    for rule in tx.execute(query.order_by(WEEKLY_RULES.c.weekday, WEEKLY_RULES.c.start_minute)):
        weekly[rule.weekday].append(Interval(rule.start_minute, rule.end_minute))
    overrides = tx.execute(select(OVERRIDES).where(OVERRIDES.c.host_id == host_id).order_by(OVERRIDES.c.date))
    return WorkingHours(weekly, {row.date: [Interval(*pair) for pair in row.intervals] for row in overrides})


def replace_working_hours(tx: Connection, host_id: str, hours: WorkingHours) -> None:
    """Keep these working hours and none of the earlier ones."""
    tx.execute(delete(WEEKLY_RULES).where(WEEKLY_RULES.c.host_id == host_id))
    tx.execute(delete(OVERRIDES).where(OVERRIDES.c.host_id == host_id))
    rules = [
        {"host_id": host_id, "weekday": weekday, "start_minute": interval.start, "end_minute": interval.end}
        for weekday, intervals in hours.weekly.items()
        for interval in intervals
    ]
    if rules:
        tx.execute(insert(WEEKLY_RULES), rules)
    overrides = [_override(host_id, day, intervals) for day, intervals in hours.overrides.items()]
    if overrides:
        tx.execute(insert(OVERRIDES), overrides)


def _override(host_id: str, day: date, intervals: Sequence[Interval]) -> dict[str, Any]:
    return {"host_id": host_id, "date": day, "intervals": [[i.start, i.end] for i in intervals]}


def add_session_type(tx: Connection, session_type: SessionType) -> None:
    """Keep a new session type. Raises `IntegrityError` when the host has one with this slug."""
    tx.execute(insert(SESSION_TYPES).values(asdict(session_type)))


def save_session_type(tx: Connection, session_type: SessionType) -> None:
    """Keep what a session type is now. Raises `IntegrityError` when the host has another one with this slug."""
    tx.execute(update(SESSION_TYPES).where(SESSION_TYPES.c.id == session_type.id).values(asdict(session_type)))


def session_type(tx: Connection, host_id: str, type_id: str) -> SessionType | None:
    """Find a session type of a host, also one that was deleted."""
    condition = (SESSION_TYPES.c.host_id == host_id) & (SESSION_TYPES.c.id == type_id)
    row = tx.execute(select(SESSION_TYPES).where(condition)).mappings().one_or_none()
    return None if row is None else _session_type(row)


def session_type_by_slug(tx: Connection, host_id: str, slug: str) -> SessionType | None:
    """Find a session type that was not deleted by the slug in its address."""
    condition = (SESSION_TYPES.c.host_id == host_id) & (SESSION_TYPES.c.slug == slug)
    query = select(SESSION_TYPES).where(condition, SESSION_TYPES.c.deleted_at.is_(None))
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else _session_type(row)


def session_types(tx: Connection, host_id: str, *, after: tuple[datetime, str] | None, limit: int) -> list[SessionType]:
    """List a host's session types, oldest first, from behind a place in that order."""
    order = (SESSION_TYPES.c.created_at, SESSION_TYPES.c.id)
    query = select(SESSION_TYPES).where(SESSION_TYPES.c.host_id == host_id, SESSION_TYPES.c.deleted_at.is_(None))
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(literal(after[0], Instant), literal(after[1])))
    return [_session_type(row) for row in tx.execute(query.order_by(*order).limit(limit)).mappings()]


def offered_session_types(tx: Connection, host_id: str) -> list[SessionType]:
    """List what clients can book at a host, oldest first."""
    query = select(SESSION_TYPES).where(
        SESSION_TYPES.c.host_id == host_id, SESSION_TYPES.c.deleted_at.is_(None), SESSION_TYPES.c.active
    )
    ordered = query.order_by(SESSION_TYPES.c.created_at, SESSION_TYPES.c.id)
    return [_session_type(row) for row in tx.execute(ordered).mappings()]


def _session_type(row: RowMapping) -> SessionType:
    location = Location(**row["location"])
    questions = tuple(Question(**question) for question in row["questions"])
    return SessionType(**{**row, "location": location, "questions": questions})
