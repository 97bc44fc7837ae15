"""What the worker process does: sends events, mails links, ends what a failed call cut off, forgets what is old."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from gateway.accounts import Departures, EmailChanges, NewPasswords, Passwords
from gateway.storage import links, sign_ins
from shared import loops
from shared.bus import Bus
from shared.clock import Clock, Every
from shared.database import Database
from shared.outbox import Relay
from shared.setback import Setback

SWEEP_EVERY = timedelta(hours=1)

BY_CLOCK = {"sweep", "setback"}
"""Loops that wait for a time, and for no commit."""


@dataclass
class Sweep:
    """Forgets sign-ins, links and wrong passwords that are over, once in a while."""

    database: Database
    clock: Clock
    passwords: Passwords
    _every: Every = field(default_factory=lambda: Every(SWEEP_EVERY))

    def step(self) -> int:
        """Sweep when the time has come; there is never a reason to do it again at once."""
        now = self.clock()
        if self._every.is_due(now):
            with self.database.write(wake=False) as tx:
                sign_ins.forget_expired(tx, now)
                links.forget_expired(tx, now)
                self.passwords.sweep(tx)
        return 0


@dataclass
class Worker:
    """The parts of one worker process; tests step them by hand."""

    database: Database
    bus: Bus
    relay: Relay
    new_passwords: NewPasswords
    email_changes: EmailChanges
    departures: Departures
    sweep: Sweep
    setback: Setback

    def steps(self) -> Mapping[str, loops.Step]:
        """Name the loops. Each that calls another service has one of its own, and waits for nobody else's answer."""
        return {
            "relay": self.relay.step,
            "reset-links": self.new_passwords.send_links,
            "email-changes": self.email_changes.tell_booking,
            "departures": self.departures.finish,
            "sweep": self.sweep.step,
            "setback": self.setback.step,
        }

    def run(self, pulse: Path | None = None) -> None:
        """Work until SIGTERM or SIGINT, touching the file `pulse` as long as nothing is stuck."""
        loops.run(self.database, self.steps(), by_clock=BY_CLOCK, pulse=pulse)
