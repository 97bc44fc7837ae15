"""What the worker process does: takes events in, handles them, reminds, sends mail and events, forgets what is old."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from notifier.dispatch import Dispatch, Notices, Reminders
from notifier.storage import hosts, notices
from shared import inbox, loops
from shared.bus import Bus
from shared.clock import Clock, Every
from shared.database import Database
from shared.inbox import receive
from shared.outbox import Relay
from shared.setback import Setback

QUEUE = "notifier.events"
CLEAN_EVERY = timedelta(hours=1)
LOOK_EVERY = timedelta(minutes=1)
SETTLE = timedelta(minutes=5)
"""How long a removed host's rows stay at least: cancellations may still be on the bus."""
ERASED_WITHIN = timedelta(days=1)
"""By then all is erased, even what a client's mail server has not taken."""
KEEP = timedelta(days=30)

BY_CLOCK = {"reminders", "purge", "setback"}
"""Loops that wait for a time, and for no commit."""


@dataclass
class Cleaner:
    """Forgets long-handled events once in a while, and erases hosts who have left as soon as nothing is owed."""

    database: Database
    clock: Clock
    _clean: Every = field(default_factory=lambda: Every(CLEAN_EVERY))
    _look: Every = field(default_factory=lambda: Every(LOOK_EVERY))

    def step(self) -> int:
        """Clean when the time has come; there is never a reason to do it again at once."""
        now = self.clock()
        if self._look.is_due(now):
            self._erase(now)
        if self._clean.is_due(now):
            with self.database.write() as tx:
                inbox.forget(tx, now)
                notices.forget(tx, now - KEEP)
                hosts.forget_removed(tx, now - KEEP)
        return 0

    def _erase(self, now: datetime) -> None:
        with self.database.read() as tx:
            left = hosts.erasable(tx, now, settle=SETTLE, longest=ERASED_WITHIN)
        for host_id in left:
            with self.database.write() as tx:
                hosts.erase(tx, host_id)


@dataclass
class Worker:
    """The parts of one worker process; tests step them by hand."""

    database: Database
    bus: Bus
    clock: Clock
    relay: Relay
    inbox: inbox.Worker
    dispatch: Dispatch
    notices: Notices
    reminders: Reminders
    cleaner: Cleaner
    setback: Setback

    def steps(self) -> Mapping[str, loops.Step]:
        """Name the loops. Two of them send, so that one slow mail server's answer does not hold up every mail."""
        return {
            "relay": self.relay.step,
            "inbox": self.inbox.step,
            "deliveries": self.dispatch.step,
            "deliveries-2": self.dispatch.step,
            "notices": self.notices.step,
            "reminders": self.reminders.step,
            "purge": self.cleaner.step,
            "setback": self.setback.step,
        }

    def run(self, pulse: Path | None = None) -> None:
        """Work until SIGTERM or SIGINT, touching the file `pulse` as long as nothing is stuck."""
        loops.run(
            self.database,
            self.steps(),
            by_clock=BY_CLOCK,
            consume=(self.bus, QUEUE, lambda messages: receive(self.database, messages, self.clock())),
            pulse=pulse,
        )
