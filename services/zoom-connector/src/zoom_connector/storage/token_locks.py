"""The lock on the tokens at a place, and on changing who uses them: one row in the database, for all processes."""

import time
import uuid
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from shared.clock import Clock
from shared.database import Database
from zoom_connector.storage.tables import TOKEN_LOCKS

FORCED_TRIES = 3


class TokenLock:
    """Held by one over all processes. It ends by itself, should the holder be killed."""

    def __init__(self, database: Database, place: str) -> None:
        self._database = database
        self._place = place
        self._holder = str(uuid.uuid4())

    def take(self, now: datetime, lasting: timedelta, *, by_force: bool = False) -> bool:
        """Take the lock if it is free or has run out, or `by_force`; say whether it is ours."""
        # By force it may still be lost to another one who does the same in the same moment.
        return any(self._taken(now, lasting, by_force=by_force) for _ in range(FORCED_TRIES if by_force else 1))

    def _taken(self, now: datetime, lasting: timedelta, *, by_force: bool) -> bool:
        stale = TOKEN_LOCKS.c.id == self._place
        if not by_force:
            stale &= TOKEN_LOCKS.c.held_until <= now
        try:
            with self._database.write() as tx:
                tx.execute(delete(TOKEN_LOCKS).where(stale))
                tx.execute(insert(TOKEN_LOCKS).values(id=self._place, holder=self._holder, held_until=now + lasting))
        except IntegrityError:
            return False
        return True

    def wait(self, clock: Clock, lasting: timedelta, *, patience: float) -> bool:
        """Take the lock within so many seconds; say whether it is ours."""
        end, seen = time.monotonic() + patience, -1
        while not self.take(clock(), lasting):
            if time.monotonic() > end:
                return False
            seen = self._database.wait(seen, timeout=0.05)
        return True

    def held(self, tx: Connection) -> bool:
        """Say whether the lock is still ours, and keep it so until the transaction ends."""
        mine = select(TOKEN_LOCKS.c.id).where(TOKEN_LOCKS.c.id == self._place, TOKEN_LOCKS.c.holder == self._holder)
        return tx.execute(mine.with_for_update()).first() is not None

    def release(self) -> None:
        """Give the lock back, if it is still ours."""
        with self._database.write() as tx:
            tx.execute(delete(TOKEN_LOCKS).where(TOKEN_LOCKS.c.id == self._place, TOKEN_LOCKS.c.holder == self._holder))


def something_stale(tx: Connection, before: datetime) -> bool:
    """Say whether a holder was killed before that moment and nobody has wanted the lock since."""
    return tx.execute(select(TOKEN_LOCKS.c.id).where(TOKEN_LOCKS.c.held_until < before).limit(1)).first() is not None


def forget_stale(tx: Connection, before: datetime) -> None:
    """Delete the locks of those who were killed."""
    tx.execute(delete(TOKEN_LOCKS).where(TOKEN_LOCKS.c.held_until < before))
