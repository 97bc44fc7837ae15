"""Leased work: rows that are due at a time, shared by any number of workers.

A worker claims due rows under a lease, works with no transaction open, and settles each row only if the
lease is still its own. What a killed worker held is due again when its lease runs out.
"""

import random
import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Integer, Row, String, Table, Text, or_, select, update

from shared.database import Instant


class LeaseLostError(Exception):
    """Another worker has the row by now. Whoever raises this must change nothing."""


def columns() -> list[Column[Any]]:
    """Give the columns that a table of leased work needs. The table's own key column must be called `id`."""
    return [
        Column("next_attempt_at", Instant, nullable=True),
        Column("attempts", Integer, nullable=False, server_default="0"),
        Column("lease", String(36), nullable=True),
        Column("leased_until", Instant, nullable=True),
        Column("last_error", Text, nullable=True),
    ]


def is_free(table: Table, now: datetime) -> ColumnElement[bool]:
    """Say whether nobody holds the row."""
    return or_(table.c.leased_until.is_(None), table.c.leased_until <= now)


def claim(
    tx: Connection,
    table: Table,
    *,
    now: datetime,
    lease_for: timedelta,
    limit: int,
    where: Sequence[ColumnElement[bool]] = (),
    order_by: Sequence[ColumnElement[Any]] = (),
) -> list[Row[Any]]:
    """Lease up to `limit` rows that are due and that nobody holds; each claim counts as an attempt.

    The rows come back as they now are: `row.lease` is the token for `settle`.
    """
    found = (
        select(table.c.id)
        .where(table.c.next_attempt_at <= now, is_free(table, now), *where)
        .order_by(*(order_by or (table.c.next_attempt_at,)))
        .limit(limit)
        .with_for_update(skip_locked=True, of=table)
    )
    return lease(tx, table, tx.execute(found).scalars().all(), now=now, lease_for=lease_for)


def lease(tx: Connection, table: Table, ids: Sequence[Any], *, now: datetime, lease_for: timedelta) -> list[Row[Any]]:
    """Lease these rows, which nobody holds and which the transaction has locked; the same as `claim` otherwise."""
    if not ids:
        return []
    token = str(uuid.uuid4())
    leased = (
        update(table)
        .where(table.c.id.in_(ids))
        .values(lease=token, leased_until=now + lease_for, attempts=table.c.attempts + 1)
        .returning(*table.c)
    )
    rows = {row.id: row for row in tx.execute(leased)}
    return [rows[row_id] for row_id in ids]


def settle(
    tx: Connection,
    table: Table,
    row_id: Any,
    lease: str,
    *,
    next_attempt_at: datetime | None,
    last_error: str | None = None,
    **values: Any,
) -> None:
    """Give the row back with its outcome; with no `next_attempt_at` it rests. Raises `LeaseLostError`."""
    changed = tx.execute(
        update(table)
        .where(table.c.id == row_id, table.c.lease == lease)
        .values(lease=None, leased_until=None, next_attempt_at=next_attempt_at, last_error=last_error, **values)
    )
    if changed.rowcount != 1:
        raise LeaseLostError(f"{table.name} {row_id}")


def confirm(tx: Connection, table: Table, row_id: Any, lease: str) -> Row[Any]:
    """Lock the row and read it again while the lease is ours. Raises `LeaseLostError`."""
    row = tx.execute(select(table).where(table.c.id == row_id, table.c.lease == lease).with_for_update()).one_or_none()
    if row is None:
        raise LeaseLostError(f"{table.name} {row_id}")
    return row


def still_held(tx: Connection, table: Table, rows: Collection[Row[Any]]) -> set[Any]:
    """Lock those of one claim's rows that it still holds, and give their ids. The others are somebody else's by now."""
    lease = next(iter(rows)).lease
    ids = [row.id for row in rows]
    return set(
        tx.execute(select(table.c.id).where(table.c.id.in_(ids), table.c.lease == lease).with_for_update()).scalars()
    )


def backoff(attempts: int, chance: random.Random, *, base: timedelta, cap: timedelta) -> timedelta:
    """Double the wait with each attempt from `base` up to `cap`, less up to a quarter so that crowds spread out."""
    wait: timedelta = min(cap, base * 2 ** min(max(attempts - 1, 0), 30))
    return wait * (1 - chance.random() / 4)
