"""Takes up the reminders whose moment has come; they are then mails like any other."""

from dataclasses import dataclass
from datetime import timedelta

from notifier import handlers, storage
from shared.clock import Clock
from shared.database import Database

BATCH = 50


@dataclass
class Reminders:
    """Turns moments into mails. Any number of them may share one database: each locks the booking first."""

    database: Database
    clock: Clock
    wait: timedelta

    def step(self) -> int:
        """Take up a batch that is due; give how many bookings that were."""
        with self.database.read() as tx:
            due = storage.bookings_to_remind(tx, self.clock(), BATCH)
        for booking_id in due:
            with self.database.write() as tx:
                handlers.remind(tx, booking_id, self.clock(), self.wait)
        return len(due)
