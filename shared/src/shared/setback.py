"""What a clock that was set back would hold up: everything that waits for a moment on the old clock.

Nothing's order comes from a clock, but due times and leases do. They keep the distance that they had.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, Table, bindparam, select, update

from shared import logs
from shared.clock import Clock
from shared.database import Database
from shared.inbox import INBOX
from shared.outbox import OUTBOX

log = logs.get(__name__)

SLEW = timedelta(seconds=5)
"""Less than this is how clocks are kept right, and holds up nothing for longer."""
APART = timedelta(minutes=6)
"""Machines that share a database may disagree by less; an event stored later than that was stored by an older clock."""
NEAR = timedelta(minutes=1)
"""A lease that ends within this was taken on the new clock already, or is soon over; no lease is longer."""


class Setback:
    """Notices that the clock of this process was set back, or was so while nobody ran, and sets right what waits.

    `tables` are the service's tables of due work, its inbox among them if it has one; its outbox is known.
    """

    def __init__(self, database: Database, clock: Clock, tables: Sequence[Table]) -> None:
        self._database = database
        self._clock = clock
        self._tables = tables
        self._seen: datetime | None = None

    def step(self) -> int:
        """Look once; give whether something was set right."""
        now = self._clock()
        back = self._set_back(now)
        self._seen = now
        if back <= timedelta():
            return 0
        with self._database.write() as tx:
            moved = sum(_move(tx, table, now, back) for table in self._tables)
            free = update(OUTBOX).where(OUTBOX.c.leased_until > now + NEAR).values(lease=None, leased_until=None)
            tx.execute(free)
        log.warning("clock_was_set_back", seconds=round(back.total_seconds()), rows=moved)
        return 1

    def _set_back(self, now: datetime) -> timedelta:
        if self._seen is not None:
            return self._seen - now if self._seen - now > SLEW else timedelta()
        if INBOX not in self._tables:
            return timedelta()
        newest = select(INBOX.c.received_at).order_by(INBOX.c.id.desc()).limit(1)
        with self._database.read() as tx:
            received_at: datetime | None = tx.execute(newest).scalar_one_or_none()
        return received_at - now if received_at is not None and received_at - now > APART else timedelta()


def _move(tx: Connection, table: Table, now: datetime, back: timedelta) -> int:
    """Bring what lies ahead nearer by `back`. What was written since is due sooner, which only costs an attempt."""
    columns = [table.c.id, table.c.next_attempt_at, table.c.leased_until]
    rows = tx.execute(select(*columns).where(table.c.next_attempt_at > now)).all()
    leased = tx.execute(select(*columns).where(table.c.leased_until > now + NEAR, table.c.next_attempt_at <= now)).all()
    values = [
        {
            "row": row.id,
            "at": max(now, row.next_attempt_at - back),
            "until": row.leased_until
            and (row.leased_until - back if row.leased_until > now + NEAR else row.leased_until),
        }
        for row in [*rows, *leased]
    ]
    if values:
        change = update(table).where(table.c.id == bindparam("row"))
        tx.execute(change.values(next_attempt_at=bindparam("at"), leased_until=bindparam("until")), values)
    return len(values)
