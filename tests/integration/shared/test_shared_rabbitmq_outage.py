"""The broker dies, or freezes, in the middle of work: nothing is lost, nobody has to be started again."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from sqlalchemy import MetaData, func, select

from shared import inbox, loops, outbox
from shared.bus.rabbitmq import RabbitBus
from shared.clock import system
from shared.database import Database
from shared.events import MeetingReady
from shared.events.envelope import Message
from shared.testing import eventually
from support.engines import RabbitMQ

QUEUE = "booking.events"
METADATA = MetaData()
outbox.OUTBOX.to_metadata(METADATA)
inbox.INBOX.to_metadata(METADATA)


@dataclass
class Service:
    """A service that announces to itself: outbox, relay, broker, listener, inbox, in the loops of a real worker."""

    database: Database
    bus: RabbitBus
    stop: threading.Event = field(default_factory=threading.Event)
    announced: int = 0

    def announce(self) -> None:
        """Change something and promise an event, as a request does."""
        self.announced += 1
        event = MeetingReady(
            booking_id=f"b{self.announced}",
            host_id="h",
            booking_version=1,
            revision=self.announced,
            join_url="https://zoom.example/j/1",
        )
        with self.database.write() as tx:
            outbox.add(tx, event, source="zoom-connector", now=system())

    def arrived(self) -> int:
        with self.database.read() as tx:
            return tx.execute(select(func.count()).select_from(inbox.INBOX)).scalar_one()

    def unsent(self) -> int:
        with self.database.read() as tx:
            return outbox.waiting(tx)

    def is_at_rest(self) -> bool:
        return self.arrived() == self.announced and self.unsent() == 0

    @contextmanager
    def working(self) -> Iterator[None]:
        relay = outbox.Relay(self.database, self.bus, system)
        finish = loops.start(self.database, {"relay": relay.step}, self.stop, consume=(self.bus, QUEUE, self._deliver))
        try:
            yield
        finally:
            self.stop.set()
            finish()

    def _deliver(self, messages: Sequence[Message]) -> None:
        inbox.receive(self.database, messages, system())


@pytest.fixture
def service(rabbitmq: RabbitMQ, vhost: str, postgres_url: str) -> Iterator[Service]:
    database = Database(postgres_url)
    with database.write() as tx:
        METADATA.create_all(tx)
    bus = RabbitBus(rabbitmq.url(vhost), patience=3)
    yield Service(database, bus)
    bus.close()
    database.close()


def test_a_killed_broker_loses_nothing_and_bookings_go_on(rabbitmq: RabbitMQ, service: Service) -> None:
    with service.working():
        for _ in range(50):
            service.announce()
        eventually(lambda: service.arrived() > 0)
        rabbitmq.kill()
        began = time.monotonic()
        for _ in range(50):
            service.announce()
        assert time.monotonic() - began < 10
        assert service.unsent() >= 50
        rabbitmq.restart()
        eventually(service.is_at_rest, timeout=60)


def test_a_frozen_broker_confirms_nothing_and_is_picked_up_when_it_thaws(rabbitmq: RabbitMQ, service: Service) -> None:
    with service.working():
        service.announce()
        eventually(service.is_at_rest)
        rabbitmq.server.freeze()
        try:
            for _ in range(20):
                service.announce()
            relay_lost = service.bus._presence
            eventually(lambda: relay_lost._said == "away", timeout=15)
            assert service.unsent() == 20
        finally:
            rabbitmq.server.thaw()
        eventually(service.is_at_rest, timeout=60)
