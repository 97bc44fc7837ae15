"""What the worker process does: takes events in, handles them, sends mail, sends events, forgets what is old."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from notifier.dispatch import Dispatch
from shared import inbox, loops
from shared.bus import Bus
from shared.clock import Clock
from shared.database import Database
from shared.inbox import receive
from shared.outbox import Relay

QUEUE = "notifier.events"
CLEAN_EVERY = timedelta(hours=1)


@dataclass
class Cleaner:
    """Forgets long-handled events once in a while."""

    database: Database
    clock: Clock
    _next: datetime | None = None

    def step(self) -> int:
        """Clean when the time has come; there is never a reason to do it again at once."""
        now = self.clock()
        if self._next is None or now >= self._next:
            self._next = now + CLEAN_EVERY
            with self.database.write() as tx:
                inbox.forget(tx, now)
        return 0


@dataclass
class Worker:
    """The parts of one worker process; tests step them by hand."""

    database: Database
    bus: Bus
    clock: Clock
    relay: Relay
    inbox: inbox.Worker
    dispatch: Dispatch
    cleaner: Cleaner

    def steps(self) -> Mapping[str, loops.Step]:
        """Name the loops. Two of them send, so that one slow mail server's answer does not hold up every mail."""
        return {
            "relay": self.relay.step,
            "inbox": self.inbox.step,
            "deliveries": self.dispatch.step,
            "deliveries-2": self.dispatch.step,
            "purge": self.cleaner.step,
        }

    def run(self, pulse: Path | None = None) -> None:
        """Work until SIGTERM or SIGINT, touching the file `pulse` as long as nothing is stuck."""
        loops.run(
            self.database,
            self.steps(),
            consume=(self.bus, QUEUE, lambda messages: receive(self.database, messages, self.clock())),
            pulse=pulse,
        )
