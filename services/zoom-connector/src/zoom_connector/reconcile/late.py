"""Says so when a meeting has not even had its turn: many hosts' slow calls must not leave anybody without a word."""

from dataclasses import dataclass
from datetime import timedelta

from shared.clock import Clock
from shared.database import Database
from zoom_connector.reconcile import sayings
from zoom_connector.reconcile.outcomes import Outcome
from zoom_connector.reconcile.settling import settle
from zoom_connector.storage import meetings

PATIENCE = timedelta(seconds=20)
LEASE = timedelta(seconds=10)


@dataclass
class Late:
    """Announces `MeetingDelayed` for what has waited too long without any announcement."""

    database: Database
    clock: Clock

    def step(self) -> int:
        """Speak for those that wait; give how many there were."""
        now = self.clock()
        since = now - PATIENCE
        with self.database.read() as tx:
            if not meetings.something_unheard(tx, since):
                return 0
        with self.database.write() as tx:
            rows = meetings.claim_unheard(tx, now, since, LEASE)
            for row in rows:
                # It stays as due as it was: this says something and does nothing.
                waits = Outcome(
                    row.next_attempt_at, sayings.delayed("waiting"), {"attempts": row.attempts - 1}, error="waiting"
                )
                settle(tx, row, waits, now, only_unheard=True)
        return len(rows)
