"""What reaches the inbox from RabbitMQ, whatever is in the queue and whatever becomes of the broker."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import structlog
from sqlalchemy import MetaData, select

from shared import inbox
from shared.bus import Deliver
from shared.bus.rabbitmq import RabbitBus, address
from shared.bus.rabbitmq import listening as listening_room
from shared.clock import system
from shared.database import Database
from shared.events import ZoomConnected
from shared.events.envelope import Message, wrap
from shared.testing import eventually
from support.engines import PASSWORD, RabbitMQ
from support.proxy import Proxy

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
QUEUE = "booking.events"
METADATA = MetaData()
inbox.INBOX.to_metadata(METADATA)


def event(number: int) -> Message:
    return wrap(ZoomConnected(host_id=f"h{number}"), source="zoom-connector", now=NOW)


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    database = Database(postgres_url)
    with database.write() as tx:
        METADATA.create_all(tx)
    yield database
    database.close()


@pytest.fixture
def proxy(rabbitmq: RabbitMQ) -> Iterator[Proxy]:
    proxy = Proxy(rabbitmq.address)
    yield proxy
    proxy.close()


@pytest.fixture
def bus(rabbitmq: RabbitMQ, vhost: str, proxy: Proxy) -> Iterator[RabbitBus]:
    bus = RabbitBus(rabbitmq.url(vhost, address=proxy.address))
    yield bus
    bus.close()


@pytest.fixture
def direct(rabbitmq: RabbitMQ, vhost: str) -> Iterator[RabbitBus]:
    """Give a second way to the same vhost, past the proxy."""
    bus = RabbitBus(rabbitmq.url(vhost))
    yield bus
    bus.close()


@contextmanager
def listening(bus: RabbitBus, deliver: Deliver) -> Iterator[threading.Event]:
    """Listen as a worker's loop does: again after each failure."""
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            try:
                bus.run(QUEUE, deliver, stop)
            except RuntimeError:
                continue

    thread = threading.Thread(target=run, name="consume")
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join()


def into(seen: list[str]) -> Deliver:
    def deliver(messages: Sequence[Message]) -> None:
        seen.extend(message.id for message in messages)

    return deliver


def stored(database: Database) -> Callable[[], dict[str, str]]:
    def states() -> dict[str, str]:
        with database.read() as tx:
            rows = tx.execute(select(inbox.INBOX.c.event_id, inbox.INBOX.c.state)).all()
        return {row.event_id: row.state for row in rows}

    return states


def test_what_cannot_be_read_is_parked_and_its_neighbors_pass(
    rabbitmq: RabbitMQ, vhost: str, direct: RabbitBus, database: Database
) -> None:
    direct.ping()
    poison = {
        "not json": b"hello",
        "no text": b'{"id": "\xff\xfe", "\\\xff": 1}',
        "with nul": b'{"specversion": "1.0", "id": "a\x00b"}',
        "empty": b"",
        "big": b"[" * 5_000_000,
        "foreign encoding": "schön".encode("latin-1"),
    }
    good = [event(n) for n in range(6)]
    for message, (name, body) in zip(good, poison.items(), strict=True):
        rabbitmq.publish_raw(vhost, QUEUE, body, message_id=name, content_encoding="utf-16", content_type="x/y")
        direct.publish([message])
    with listening(direct, lambda messages: inbox.receive(database, messages, NOW)):
        states = stored(database)
        eventually(lambda: len(states()) == 12)
    assert states() == dict.fromkeys(poison, "parked") | {message.id: "waiting" for message in good}
    with database.read() as tx:
        reasons = tx.execute(select(inbox.INBOX.c.last_error).where(inbox.INBOX.c.state == "parked")).scalars().all()
    assert sum(reason is not None and reason.startswith("no CloudEvents envelope") for reason in reasons) == 5
    assert "5000000 characters are too many; the first 10000 are kept" in reasons


def test_a_message_without_an_id_is_known_by_its_bytes(
    rabbitmq: RabbitMQ, vhost: str, direct: RabbitBus, database: Database
) -> None:
    direct.ping()
    for body in (b"one", b"one", b"two"):
        rabbitmq.publish_raw(vhost, QUEUE, body)
    rabbitmq.publish_raw(vhost, QUEUE, b"three", message_id="x" * 255)
    with listening(direct, lambda messages: inbox.receive(database, messages, NOW)):
        states = stored(database)
        eventually(lambda: len(states()) == 3)
    assert all(name.startswith("sha256:") for name in states())


def test_a_message_that_was_given_back_many_times_is_still_there(
    rabbitmq: RabbitMQ, vhost: str, direct: RabbitBus
) -> None:
    """RabbitMQ 4 would take it away after the twentieth time."""
    sent = [event(n) for n in range(3)]
    direct.publish(sent)
    tries: Counter[str] = Counter()
    stored_at_last: list[str] = []

    def deliver(messages: Sequence[Message]) -> None:
        tries.update(message.id for message in messages)
        if tries[sent[0].id] <= 25:
            raise RuntimeError
        stored_at_last.extend(message.id for message in messages)

    with listening(direct, deliver):
        eventually(lambda: len(stored_at_last) >= 3, timeout=30)
    assert set(stored_at_last) == {message.id for message in sent}
    assert max(tries.values()) > 20
    assert rabbitmq.depth(vhost, "punctual.dead") == 0


def test_what_a_listener_held_when_its_connection_broke_comes_again(
    bus: RabbitBus, direct: RabbitBus, proxy: Proxy
) -> None:
    seen: list[str] = []
    sent = [event(n) for n in range(300)]
    direct.publish(sent)

    def deliver(messages: Sequence[Message]) -> None:
        if len(seen) in range(100, 150) or len(seen) == 0:
            proxy.reset()
        into(seen)(messages)

    with listening(bus, deliver):
        eventually(lambda: {message.id for message in sent} <= set(seen), timeout=20)


def test_a_broker_that_is_away_is_waited_for_with_one_line_in_the_log(
    bus: RabbitBus, direct: RabbitBus, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening_room, "RETRY", 0.2)
    seen: list[str] = []
    proxy.refuse()
    with structlog.testing.capture_logs() as lines, listening(bus, into(seen)):
        eventually(lambda: proxy.refused >= 3)
        proxy.mend()
        direct.publish([event(1)])
        eventually(lambda: seen)
        proxy.refuse()
        eventually(lambda: proxy.refused >= 5)
        proxy.mend()
        direct.publish([event(2)])
        eventually(lambda: len(seen) >= 2)
    told = [line["event"] for line in lines if line.get("part") == QUEUE]
    assert told == ["broker_unavailable", "broker_connected"] * 2
    assert PASSWORD not in str(lines)


def test_a_listener_notices_a_connection_that_is_silent_for_two_heartbeats(
    bus: RabbitBus, direct: RabbitBus, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "HEARTBEAT", 1)
    seen: list[str] = []
    with listening(bus, into(seen)):
        direct.publish([event(1)])
        eventually(lambda: seen)
        proxy.hold()
        direct.publish([event(2)])
        eventually(lambda: proxy.accepted >= 2)
        proxy.reset()
        proxy.mend()
        eventually(lambda: len(seen) >= 2, timeout=15)


def test_a_deleted_queue_is_made_again_and_listened_to(rabbitmq: RabbitMQ, vhost: str, direct: RabbitBus) -> None:
    seen: list[str] = []
    with listening(direct, into(seen)):
        direct.publish([event(1)])
        eventually(lambda: seen)
        rabbitmq.api("DELETE", f"queues/{vhost}/{QUEUE}")
        eventually(lambda: direct.publish([event(2)]) and len(seen) >= 2)


@pytest.mark.parametrize("trouble", ["none", "silent", "absent", "silent before the first word"])
def test_stop_ends_a_listener_within_a_moment(bus: RabbitBus, direct: RabbitBus, proxy: Proxy, trouble: str) -> None:
    seen: list[str] = []
    if trouble == "silent before the first word":
        proxy.hold()
    elif trouble == "absent":
        proxy.refuse()
    with listening(bus, into(seen)) as stop:
        if trouble in ("none", "silent"):
            direct.publish([event(1)])
            eventually(lambda: seen)
        else:
            eventually(lambda: proxy.accepted + proxy.refused >= 1)
        if trouble == "silent":
            proxy.hold()
        stop.set()
        began = time.monotonic()
    assert time.monotonic() - began < 2


def test_a_thousand_events_a_second_reach_the_inbox(
    rabbitmq: RabbitMQ, vhost: str, direct: RabbitBus, database: Database
) -> None:
    sent = [event(n) for n in range(1000)]
    for start in range(0, len(sent), 500):
        direct.publish(sent[start : start + 500])
    sizes: list[int] = []

    def deliver(messages: Sequence[Message]) -> None:
        inbox.receive(database, messages, system())
        sizes.append(len(messages))

    began = time.monotonic()
    with listening(direct, deliver):
        eventually(lambda: sum(sizes) >= len(sent), timeout=20)
        took = time.monotonic() - began
        eventually(lambda: rabbitmq.depth(vhost, QUEUE) == 0)
    assert len(stored(database)()) == len(sent)
    assert len(sent) / took > 300, f"{len(sent) / took:.0f} a second; the machine may be busy, but not that busy"


def test_an_event_is_handled_at_the_end_of_its_way(direct: RabbitBus, database: Database) -> None:
    handled: list[str] = []
    work = inbox.Worker(
        database, {ZoomConnected: lambda e, _tx, _now: handled.append(e.host_id)}, system, random.Random(1)
    )
    with listening(direct, lambda messages: inbox.receive(database, messages, system())):
        direct.publish([event(7)])
        eventually(lambda: work.step() and handled)
    assert handled == ["h7"]
