"""One due row at a time, of any table of leased work."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, select

from shared import due, logs
from shared.database import Database

log = logs.get(__name__)


def take(
    database: Database, table: Table, now: datetime, lease_for: timedelta, *where: ColumnElement[bool]
) -> Row[Any] | None:
    """Claim the row that is due longest, or give None."""
    with database.read() as tx:
        if tx.execute(select(table.c.id).where(table.c.next_attempt_at <= now, *where).limit(1)).first() is None:
            return None
    with database.write() as tx:
        rows = due.claim(tx, table, now=now, lease_for=lease_for, limit=1, where=where)
    return rows[0] if rows else None


def give_back(database: Database, table: Table, row: Row[Any], **outcome: Any) -> int:
    """Settle a row that was taken; give 1, as a step does that has worked."""
    try:
        with database.write() as tx:
            due.settle(tx, table, row.id, row.lease, **outcome)
    except due.LeaseLostError:
        log.warning("lease_lost", table=table.name)
    return 1
