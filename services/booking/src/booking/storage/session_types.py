"""Keeps what hosts offer."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, literal, select, tuple_, update

from booking.bookings import Location, Question, SessionType
from booking.storage.tables import SESSION_TYPES
from booking.storage.working_hours import of_document, to_document
from shared.database import Instant


def add_session_type(tx: Connection, session_type: SessionType) -> None:
    """Keep a new session type. Raises `IntegrityError` when the host has one with this slug."""
    tx.execute(insert(SESSION_TYPES).values(_values(session_type)))


def save_session_type(tx: Connection, session_type: SessionType) -> None:
    """Keep what a session type is now. Raises `IntegrityError` when the host has another one with this slug."""
    tx.execute(update(SESSION_TYPES).where(SESSION_TYPES.c.id == session_type.id).values(_values(session_type)))


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


def _values(session_type: SessionType) -> dict[str, Any]:
    return {**asdict(replace(session_type, availability=None)), "availability": to_document(session_type.availability)}


def _session_type(row: RowMapping) -> SessionType:
    return SessionType(
        **{
            **row,
            "location": Location(**row["location"]),
            "questions": tuple(Question(**question) for question in row["questions"]),
            "reminders": tuple(row["reminders"]),
            "availability": of_document(row["availability"]),
        }
    )
