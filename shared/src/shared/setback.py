"""What a clock that was set back would hold up: everything that waits for a moment on the old clock.

Nothing's order comes from a clock, but due times and leases do. They keep the distance that they had.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, bindparam, select, update

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


Moments = Sequence[Column[Any]]


class Setback:
    """Notices that the clock of this process was set back, or was so while nobody ran, and sets right what waits.

    `waits` are the service's moments until which something waits, or since which it does; `leases` are those until
    which somebody has hold of a row. The tables' keys are called `id`; the outbox is known.
    """

    def __init__(self, database: Database, clock: Clock, waits: Moments, leases: Moments = ()) -> None:
        self._database = database
        self._clock = clock
        self._waits = waits
        self._leases = (*leases, OUTBOX.c.leased_until)
        self._has_inbox = any(moment.table is INBOX for moment in waits)
        self._seen: datetime | None = None

    def step(self) -> int:
        """Look once; give whether something was set right."""
        now = self._clock()
        back = self._set_back(now)
        self._seen = now
        if back <= timedelta():
            return 0
        with self._database.write() as tx:
            moved = sum(_move(tx, wait, back, later_than=now) for wait in self._waits)
            moved += sum(_move(tx, lease, back, later_than=now + NEAR) for lease in self._leases)
        log.warning("clock_was_set_back", seconds=round(back.total_seconds()), rows=moved)
        return 1

    def _set_back(self, now: datetime) -> timedelta:
        if self._seen is not None:
            return self._seen - now if self._seen - now > SLEW else timedelta()
        if not self._has_inbox:
            return timedelta()
        newest = select(INBOX.c.received_at).order_by(INBOX.c.id.desc()).limit(1)
        with self._database.read() as tx:
            received_at: datetime | None = tx.execute(newest).scalar_one_or_none()
        return received_at - now if received_at is not None and received_at - now > APART else timedelta()


def _move(tx: Connection, moment: Column[Any], back: timedelta, *, later_than: datetime) -> int:
    """Bring what lies ahead nearer by `back`. What was written since is due sooner, which only costs an attempt."""
    table = moment.table
    rows = tx.execute(select(table.c.id, moment).where(moment > later_than)).all()
    if rows:
        change = update(table).where(table.c.id == bindparam("row")).values({moment.name: bindparam("at")})
        tx.execute(change, [{"row": row[0], "at": row[1] - back} for row in rows])
    return len(rows)
