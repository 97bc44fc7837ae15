"""Erases what is kept of hosts whose account with us is no more, after their canceled meetings are deleted in Zoom."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared import logs
from shared.clock import Clock
from shared.database import Database
from zoom_connector.connections.removal import Removal
from zoom_connector.refusals import Refused
from zoom_connector.storage import connections, removals
from zoom_connector.tokens import TokenStoreUnavailableError

log = logs.get(__name__)

LOOKED_EVERY = timedelta(seconds=2)
LONGEST_STAY = timedelta(minutes=10)
"""So long are a leaving host's meetings given to be deleted; the erasing does not wait for a Zoom that is down."""


@dataclass
class Leaving:
    """Lets hosts go, one after the other."""

    database: Database
    removal: Removal
    clock: Clock
    _next: datetime | None = None

    def step(self) -> int:
        """Erase everybody who may be erased; give how many."""
        now = self.clock()
        if self._next is not None and now < self._next:
            return 0
        self._next = now + LOOKED_EVERY
        with self.database.read() as tx:
            gone = [
                row.id
                for row in connections.leaving(tx)
                if now > row.leaving_at + LONGEST_STAY or not removals.meetings_to_delete(tx, row.id, now)
            ]
        return sum(self._let_go(host_id) for host_id in gone)

    def _let_go(self, host_id: str) -> int:
        try:
            self.removal.leave(host_id)
        except (Refused, TokenStoreUnavailableError) as error:
            log.warning("leaving_postponed", host_id=host_id, error=type(error).__name__)
            return 0
        return 1
