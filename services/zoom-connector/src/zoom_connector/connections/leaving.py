"""Erases what is kept of hosts whose account with us is no more, after their canceled meetings are deleted in Zoom."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from shared import logs
from shared.clock import Clock, Every
from shared.database import Database
from zoom_connector.connections.removal import Removal
from zoom_connector.refusals import Refused
from zoom_connector.storage import connections, removals
from zoom_connector.tokens import TokenStoreUnavailableError

log = logs.get(__name__)

LOOKED_EVERY = timedelta(seconds=2)
LONGEST_STAY = timedelta(minutes=10)
"""So long may a leaving host's meetings take to be deleted, should Zoom be down; and then the rows go, too."""


@dataclass
class Leaving:
    """Lets hosts go, one after the other."""

    database: Database
    removal: Removal
    clock: Clock
    _every: Every = field(default_factory=lambda: Every(LOOKED_EVERY))

    def step(self) -> int:
        """Erase whatever may be erased by now; give for how many hosts."""
        now = self.clock()
        if not self._every.is_due(now):
            return 0
        with self.database.read() as tx:
            gone = connections.leaving(tx)
            busy = {row.id for row in gone if removals.meetings_to_delete(tx, row.id, now)}
        return sum(self._let_go(row, now, busy=row.id in busy) for row in gone)

    def _let_go(self, row: Row[Any], now: datetime, *, busy: bool) -> int:
        over = now > row.leaving_at + LONGEST_STAY
        try:
            if row.status != connections.DISCONNECTED:
                if busy and not over:
                    return 0
                self.removal.leave(row.id)
            elif not over:
                # News of a booking may still be on its way, and would be kept anew.
                return 0
            if over:
                self.removal.forget(row.id)
        except (Refused, TokenStoreUnavailableError) as error:
            log.warning("leaving_postponed", host_id=row.id, error=type(error).__name__)
            return 0
        return 1
