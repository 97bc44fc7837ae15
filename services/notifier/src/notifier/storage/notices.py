"""Keeps the mails that are about no booking. One that is sent, refused or expired is erased: its link is a key."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from notifier.deliveries.notices import Notice
from notifier.storage.tables import NOTICES
from shared import due


def owe(tx: Connection, notice: Notice, *, address: str | None = None, name: str | None = None) -> None:
    """Owe this mail now. Without an address it goes to where the host is reached when it is sent."""
    tx.execute(
        insert(NOTICES).values(
            id=notice.id,
            host_id=notice.host_id,
            kind=notice.kind,
            address=address,
            name=name,
            data=json.dumps(notice.data),
            state="queued",
            created_at=notice.created_at,
            expires_at=notice.expires_at,
            next_attempt_at=notice.created_at,
        )
    )


def withdraw(tx: Connection, host_id: str, kinds: Sequence[str], now: datetime) -> None:
    """Take back what has not gone out and is not on its way."""
    free = or_(NOTICES.c.lease.is_(None), NOTICES.c.leased_until <= now)
    tx.execute(delete(NOTICES).where(NOTICES.c.host_id == host_id, NOTICES.c.kind.in_(kinds), free))


def wake(tx: Connection, host_id: str, now: datetime) -> None:
    """Let what waited for the host's address go out."""
    waits = (NOTICES.c.host_id == host_id, NOTICES.c.next_attempt_at.is_(None), NOTICES.c.lease.is_(None))
    tx.execute(update(NOTICES).where(*waits).values(next_attempt_at=now))


def claim(tx: Connection, *, now: datetime, lease_for: timedelta, limit: int) -> list[Row[Any]]:
    """Lease notices that are due."""
    return due.claim(tx, NOTICES, now=now, lease_for=lease_for, limit=limit)


def as_notice(row: Row[Any]) -> Notice:
    """Read a row as the rules see it."""
    return Notice(row.id, row.host_id, row.kind, row.created_at, json.loads(row.data), row.expires_at)


def holds(tx: Connection, row: Row[Any]) -> bool:
    """Say whether a claimed notice is still held under the lease that it was claimed with."""
    held = select(NOTICES.c.id).where(NOTICES.c.id == row.id, NOTICES.c.lease == row.lease)
    return tx.execute(held).first() is not None


def finish(tx: Connection, row: Row[Any]) -> None:
    """Erase a notice that is sent or never will be."""
    tx.execute(delete(NOTICES).where(NOTICES.c.id == row.id, NOTICES.c.lease == row.lease))


def settle(tx: Connection, row: Row[Any], **outcome: Any) -> None:
    """Give a claimed notice back to be tried again. Raises `due.LeaseLostError`."""
    due.settle(tx, NOTICES, row.id, row.lease, **outcome)


def forget(tx: Connection, before: datetime) -> None:
    """Erase what has waited in vain for an address since then."""
    tx.execute(delete(NOTICES).where(NOTICES.c.created_at < before, NOTICES.c.lease.is_(None)))
