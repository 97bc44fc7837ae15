"""What the worker process does: takes events in, reconciles meetings, works on webhooks, sends events, tidies up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from shared import inbox, loops
from shared.bus import Bus
from shared.clock import Clock, Every
from shared.database import Database
from shared.inbox import receive
from shared.outbox import Relay
from shared.setback import Setback
from zoom_connector.connections.leaving import Leaving
from zoom_connector.connections.removal import Removal
from zoom_connector.connections.upkeep import Confirmations, KeepAlive
from zoom_connector.reconcile import Late, Looking, Reconcile
from zoom_connector.webhooks.handling import Handling
from zoom_connector.webhooks.receiving import Receiving

QUEUE = "zoom-connector.events"
RECONCILERS = 4
"""Each call to Zoom may hang for ten seconds; so many hosts' calls may hang before anybody else's wait."""
UPKEEP_EVERY = timedelta(seconds=30)

BY_CLOCK = {"late", "looking", "confirmations", "leaving", "upkeep", "setback"}
"""Loops that wait for a time, and for no commit."""


@dataclass
class Upkeep:
    """What has time: renewing idle connections, sweeping up after cut-off ones, forgetting old events."""

    database: Database
    keep_alive: KeepAlive
    removal: Removal
    receiving: Receiving
    clock: Clock
    _every: Every = field(default_factory=lambda: Every(UPKEEP_EVERY))

    def step(self) -> int:
        """Do it when the time has come; there is never a reason to do it again at once."""
        now = self.clock()
        if not self._every.is_due(now):
            return 0
        while self.keep_alive.step():
            pass
        self.removal.sweep()
        self.receiving.forget()
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
    reconcile: Reconcile
    late: Late
    looking: Looking
    webhooks: Handling
    confirmations: Confirmations
    leaving: Leaving
    upkeep: Upkeep
    setback: Setback

    def steps(self) -> Mapping[str, loops.Step]:
        """Name the loops."""
        return {
            "relay": self.relay.step,
            "inbox": self.inbox.step,
            **{f"reconcile-{number}": self.reconcile.step for number in range(1, RECONCILERS + 1)},
            "late": self.late.step,
            "looking": self.looking.step,
            "webhooks": self.webhooks.step,
            "confirmations": self.confirmations.step,
            "leaving": self.leaving.step,
            "upkeep": self.upkeep.step,
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
