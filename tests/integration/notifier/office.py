"""A notifier with its real database, handlers and dispatch, and a clock that stands until it is turned."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from notifier import bootstrap, dispatch, storage
from notifier.settings import Settings
from notifier.worker import Worker
from shared import inbox, migrations
from shared.events import BookingCanceled, BookingCreated, BookingRescheduled, Event
from shared.events.envelope import Message, unwrap, wrap
from shared.outbox import OUTBOX
from shared.settings import load
from unit.notifier.notifier_facts import NOW, PUBLIC_URL, facts

KEY = "k" * 32


@dataclass
class Clock:
    """Stands until it is turned."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def turn(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def settings_for(folder: Path, smtp_url: str, **changed: str) -> Settings:
    """Give settings as a process would read them."""
    environ = {"DATA": str(folder), "PUBLIC_URL": PUBLIC_URL, "SERVICE_KEY": KEY, "SMTP_URL": smtp_url, **changed}
    return load(Settings, environ, service="notifier")


@dataclass
class Office:
    """The worker's parts, stepped by hand."""

    settings: Settings
    clock: Clock = field(default_factory=Clock)
    migrate: bool = True

    def __post_init__(self) -> None:
        if self.migrate:
            migrations.migrate(self.settings.database_url, "notifier")
        self.worker: Worker = bootstrap.worker(self.settings, clock=self.clock, chance=random.Random(7))

    def close(self) -> None:
        self.worker.database.close()
        self.worker.bus.close()

    def hear(self, *events: Event) -> None:
        """Take events off the bus and handle them."""
        self.take(*(wrap(event, source="test", now=self.clock()) for event in events))

    def take(self, *messages: Message) -> None:
        inbox.receive(self.worker.database, messages, self.clock())
        while self.worker.inbox.step():
            pass

    def send(self) -> None:
        """Send what is due now."""
        steps = (self.worker.reminders.step, self.worker.dispatch.step, self.worker.notices.step)
        while sum(step() for step in steps):
            pass

    def wait_and_send(self, seconds: float) -> None:
        self.clock.turn(seconds)
        self.send()

    def claim_and_die(self) -> None:
        """Do what a worker does that is killed as soon as it holds its mails."""
        with self.worker.database.write() as tx:
            storage.claim(tx, now=self.clock(), lease_for=dispatch.LEASE, limit=dispatch.BATCH)

    def rows(self) -> list[Any]:
        with self.worker.database.read() as tx:
            return list(tx.execute(select(storage.DELIVERIES).order_by(storage.DELIVERIES.c.recipient)))

    def states(self) -> dict[str, str]:
        return {row.kind: row.state for row in self.rows()}

    def announced(self) -> list[Event]:
        """List the events that wait in the outbox."""
        with self.worker.database.read() as tx:
            return [unwrap(body).event for body in tx.execute(select(OUTBOX.c.body).order_by(OUTBOX.c.seq)).scalars()]

    def parked(self) -> int:
        with self.worker.database.read() as tx:
            return inbox.counts(tx)["parked"]


def booked(**changed: Any) -> BookingCreated:
    return BookingCreated(booking=facts(1, **changed))


def moved(version: int = 2, **changed: Any) -> BookingRescheduled:
    booking = facts(version, **changed)
    day = timedelta(days=1)
    return BookingRescheduled(booking=booking, previous_start=booking.start - day, previous_end=booking.end - day)


def canceled(version: int = 2, **changed: Any) -> BookingCanceled:
    return BookingCanceled(
        booking=facts(version, status="canceled", canceled_by="client", cancel_reason="No time", **changed)
    )
