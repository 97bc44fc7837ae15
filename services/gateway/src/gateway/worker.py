"""What the worker process does: sends events, mails links, ends what a failed call cut off, forgets what is old."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from gateway.accounts import Departures, EmailChanges, NewPasswords, Passwords
from gateway.storage import links, sign_ins
from shared import loops
from shared.bus import Bus
from shared.clock import Clock
from shared.database import Database
from shared.outbox import Relay

SWEEP_EVERY = timedelta(hours=1)


@dataclass
class Sweep:
    """Forgets sign-ins, links and wrong passwords that are over, once in a while."""

    database: Database
    clock: Clock
    passwords: Passwords
    _next: datetime | None = None

    def step(self) -> int:
        """Sweep when the time has come; there is never a reason to do it again at once."""
        now = self.clock()
        if self._next is None or now >= self._next:
            self._next = now + SWEEP_EVERY
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

    def steps(self) -> Mapping[str, loops.Step]:
        """Name the loops. Each that calls another service has one of its own, and waits for nobody else's answer."""
        return {
            "relay": self.relay.step,
            "reset-links": self.new_passwords.send_links,
            "email-changes": self.email_changes.tell_booking,
            "departures": self.departures.finish,
            "sweep": self.sweep.step,
        }

    def run(self, pulse: Path | None = None) -> None:
        """Work until SIGTERM or SIGINT, touching the file `pulse` as long as nothing is stuck."""
        loops.run(self.database, self.steps(), pulse=pulse)
