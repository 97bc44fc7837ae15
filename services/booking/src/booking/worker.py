"""What the worker process does: sends events, takes events in, handles them, forgets what is old."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from booking import storage
from booking.handlers import introductions
from shared import inbox, loops
from shared.bus import Bus
from shared.clock import Clock, Every
from shared.database import Database
from shared.outbox import Relay
from shared.setback import Setback

QUEUE = "booking.events"
SWEEP_EVERY = timedelta(hours=1)
KEYS_KEPT = timedelta(days=7)
"""How long a repeated request with the same Idempotency-Key gets the same booking."""

BY_CLOCK = {"sweep", "introductions", "setback"}
"""Loops that wait for a time, and for no commit."""


@dataclass
class Sweep:
    """Forgets handled events and idempotency keys once nobody can need them."""

    database: Database
    clock: Clock
    _every: Every = field(default_factory=lambda: Every(SWEEP_EVERY))

    def step(self) -> int:
        """Forget what is old when the time has come; there is never a reason to do it again at once."""
        now = self.clock()
        if self._every.is_due(now):
            with self.database.write() as tx:
                inbox.forget(tx, now)
                storage.forget_keys(tx, now - KEYS_KEPT)
        return 0


@dataclass
class Introductions:
    """Tells the other services of hosts who signed up before hosts were announced, or with a version from before."""

    database: Database
    clock: Clock
    _every: Every = field(default_factory=lambda: Every(SWEEP_EVERY))
    _goes_on: bool = False

    def step(self) -> int:
        """Tell of some hosts when the time has come; give how many."""
        now = self.clock()
        if not self._goes_on and not self._every.is_due(now):
            return 0
        told = introductions.introduce(self.database, now)
        self._goes_on = told > 0
        return told


@dataclass
class Worker:
    """The parts of one worker process; tests step them by hand."""

    database: Database
    bus: Bus
    clock: Clock
    relay: Relay
    inbox: inbox.Worker
    sweep: Sweep
    introductions: Introductions
    setback: Setback

    def steps(self) -> Mapping[str, loops.Step]:
        """Name the loops."""
        return {
            "relay": self.relay.step,
            "inbox": self.inbox.step,
            "sweep": self.sweep.step,
            "introductions": self.introductions.step,
            "setback": self.setback.step,
        }

    def run(self, pulse: Path | None = None) -> None:
        """Work until SIGTERM or SIGINT, touching the file `pulse` as long as nothing is stuck."""
        loops.run(
            self.database,
            self.steps(),
            by_clock=BY_CLOCK,
            consume=(self.bus, QUEUE, lambda messages: inbox.receive(self.database, messages, self.clock())),
            pulse=pulse,
        )
