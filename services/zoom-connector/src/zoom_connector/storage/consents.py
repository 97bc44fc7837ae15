"""Rows of consents under way: where a host was sent to Zoom, and has come back or not."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from zoom_connector.storage.tables import AUTHORIZATIONS


def begin(tx: Connection, *, state_hash: str, host_id: str, verifier: str, expires_at: datetime) -> None:
    """Keep that a host was sent to Zoom for consent."""
    tx.execute(insert(AUTHORIZATIONS).values(id=state_hash, host_id=host_id, verifier=verifier, expires_at=expires_at))


def find(tx: Connection, state_hash: str) -> Row[Any] | None:
    """Find a consent under way, and lock it: two browsers may come back with one state."""
    return tx.execute(select(AUTHORIZATIONS).where(AUTHORIZATIONS.c.id == state_hash).with_for_update()).one_or_none()


def use(tx: Connection, state_hash: str, now: datetime) -> None:
    """Mark a state as used. It is kept a while, so that a reload can be told from a forgery."""
    tx.execute(update(AUTHORIZATIONS).where(AUTHORIZATIONS.c.id == state_hash).values(used_at=now, verifier=""))


def withdraw(tx: Connection, host_id: str) -> None:
    """Delete a host's consents that nobody has come back from. A used one is the trace of tokens that may lie there."""
    tx.execute(delete(AUTHORIZATIONS).where(AUTHORIZATIONS.c.host_id == host_id, AUTHORIZATIONS.c.used_at.is_(None)))


def abandoned(tx: Connection, before: datetime) -> list[str]:
    """Give the hosts all of whose consents ended before that moment."""
    latest = func.max(AUTHORIZATIONS.c.expires_at)
    return list(
        tx.execute(
            select(AUTHORIZATIONS.c.host_id).group_by(AUTHORIZATIONS.c.host_id).having(latest < before)
        ).scalars()
    )


def forget(tx: Connection, host_id: str, *, before: datetime) -> None:
    """Delete a host's consents that ended before that moment."""
    tx.execute(delete(AUTHORIZATIONS).where(AUTHORIZATIONS.c.host_id == host_id, AUTHORIZATIONS.c.expires_at < before))
