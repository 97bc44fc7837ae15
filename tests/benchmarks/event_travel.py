"""From the commit of an event to its handler in another process, and how fast the relay empties an outbox."""

import random
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pika
from sqlalchemy import create_engine, select

from benchmarks.bare_publisher import publish_in_windows
from benchmarks.engines import Engines, rabbitmq
from benchmarks.figures import Figure, Sizes, percentile
from benchmarks.running import Punctual
from shared import migrations, outbox
from shared.database import Database
from shared.events import Event, MailSent
from shared.events.envelope import Message
from shared.inbox import INBOX
from shared.outbox import OUTBOX, Relay

PATIENCE = 30.0
PAUSE = (0.02, 0.04)
"""Seconds between two events, drawn anew each time, so that no poll keeps step with them."""


def now() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)


def news(number: int) -> Event:
    """Make an event that one queue wants and whose handler does next to nothing."""
    return MailSent(
        booking_id=f"bench-{number}",
        host_id="bench",
        delivery_id=uuid.uuid4().hex,
        kind="client_confirmation",
        recipient="client",
        version=1,
        attempts=1,
        sent_at=now(),
    )


def measure_commit_to_consumer(punctual: Punctual, engines: Engines, sizes: Sizes) -> list[Figure]:
    """Commit events into the notifier's outbox; see when the booking service's handler had them."""
    took = _through_punctual(punctual, sizes.events)
    if engines.broker_url:
        name, bare = "a bare publish and consume", _through_the_broker(engines.broker_url, sizes.events)
    else:
        name, bare = "a bare write, data_version each ms", _through_a_file(punctual.data / "bare.sqlite3", sizes.events)
    return [
        Figure(f"commit to consumer, p{percent}", percentile(took, percent), "ms", name, percentile(bare, percent))
        for percent in (50, 99)
    ]


def _through_punctual(punctual: Punctual, count: int) -> list[float]:
    sender = Database(punctual.database_url("notifier"))
    committed: dict[str, datetime] = {}

    def send(number: int) -> None:
        with sender.write() as tx:
            outbox.add(tx, news(number), source="notifier", now=now())
            event_id = tx.execute(select(OUTBOX.c.id).order_by(OUTBOX.c.seq.desc()).limit(1)).scalar_one()
        committed[event_id] = now()

    _paced(send, count)
    sender.close()
    receiver = create_engine(punctual.database_url("booking"))
    query = select(INBOX.c.event_id, INBOX.c.finished_at).where(
        INBOX.c.event_id.in_(committed), INBOX.c.finished_at.is_not(None)
    )
    deadline = time.monotonic() + PATIENCE
    handled: dict[str, datetime] = {}
    while len(handled) < count:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{count - len(handled)} events did not reach their handler")
        time.sleep(0.1)
        with receiver.connect() as tx:
            handled = {row.event_id: row.finished_at for row in tx.execute(query)}
    receiver.dispose()
    return [(handled[event_id] - at).total_seconds() * 1000 for event_id, at in committed.items()]


def _through_a_file(path: Path, count: int) -> list[float]:
    """Write rows into one file and let another connection, which looks every millisecond, find them."""
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("CREATE TABLE events (number INTEGER PRIMARY KEY)")
    sent, came = [0.0] * count, [0.0] * count

    def consume() -> None:
        with sqlite3.connect(path) as reader:
            version, last = 0, -1
            while last < count - 1:
                time.sleep(0.001)
                current = reader.execute("PRAGMA data_version").fetchone()[0]
                if current == version:
                    continue
                version = current
                for (number,) in reader.execute("SELECT number FROM events WHERE number > ?", (last,)).fetchall():
                    came[number] = time.perf_counter()
                    last = number

    def send(number: int) -> None:
        writer.execute("INSERT INTO events VALUES (?)", (number,))
        sent[number] = time.perf_counter()

    consumer = threading.Thread(target=consume, daemon=True)
    consumer.start()
    _paced(send, count)
    consumer.join(PATIENCE)
    writer.close()
    return [(at - begun) * 1000 for begun, at in zip(sent, came, strict=True)]


def _through_the_broker(url: str, count: int) -> list[float]:
    """Publish to a queue like ours and consume it on another connection."""
    queue = f"bench-{uuid.uuid4().hex}"
    came: dict[int, float] = {}
    listening = rabbitmq(url)
    channel = listening.channel()
    channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})

    def take(_channel: Any, method: Any, _properties: object, body: bytes) -> None:
        came[int(body)] = time.perf_counter()
        channel.basic_ack(method.delivery_tag)
        if len(came) == count:
            channel.stop_consuming()

    channel.basic_consume(queue, take)
    consumer = threading.Thread(target=channel.start_consuming, daemon=True)
    consumer.start()
    sending = rabbitmq(url)
    publisher = sending.channel()
    persistent = pika.BasicProperties(delivery_mode=2)
    sent = [0.0] * count

    def send(number: int) -> None:
        sent[number] = time.perf_counter()
        publisher.basic_publish("", queue, str(number).encode(), persistent)

    _paced(send, count)
    consumer.join(PATIENCE)
    publisher.queue_delete(queue)
    sending.close()
    listening.close()
    return [(came[number] - begun) * 1000 for number, begun in enumerate(sent)]


def _paced(send: Callable[[int], None], count: int) -> None:
    chance = random.Random(1)
    for number in range(count):
        time.sleep(chance.uniform(*PAUSE))
        send(number)


def measure_relay(engines: Engines, sizes: Sizes) -> list[Figure]:
    """Empty a full outbox onto a bus that nobody listens to."""
    url = engines.new_database()
    migrations.migrate(url, "booking")
    database, carrier = Database(url), engines.new_bus()
    relay = Relay(database, carrier, now)
    _fill(database, 1)
    relay.step()  # connects and declares
    messages = _fill(database, sizes.relayed)
    begun = time.perf_counter()
    while relay.step():
        pass
    rate = sizes.relayed / (time.perf_counter() - begun)
    with database.read() as tx:
        if outbox.waiting(tx):
            raise RuntimeError("the relay left something behind")
    database.close()
    carrier.close()
    if engines.broker_url:
        peer_name, peer = "a bare windowed publisher", publish_in_windows(engines.broker_url, messages)
    else:
        peer_name, peer = "bare inserts in windows", _insert_in_windows(engines.folder / "bare.sqlite3", messages)
    return [Figure("events relayed", rate, "/s", peer_name, len(messages) / peer)]


def _fill(database: Database, count: int) -> Sequence[Message]:
    with database.write() as tx:
        for number in range(count):
            outbox.add(tx, news(number), source="notifier", now=now())
        return [Message(row.id, row.type, row.body) for row in tx.execute(select(OUTBOX))]


def _insert_in_windows(path: Path, messages: Sequence[Message]) -> float:
    file = sqlite3.connect(path, isolation_level=None)
    file.execute("PRAGMA journal_mode = WAL")
    file.execute("CREATE TABLE messages (seq INTEGER PRIMARY KEY, queue, id, type, body)")
    begun = time.perf_counter()
    for first in range(0, len(messages), outbox.WINDOW):
        window = messages[first : first + outbox.WINDOW]
        file.execute("BEGIN IMMEDIATE")
        rows = [("booking.events", one.id, one.type, one.body) for one in window]
        file.executemany("INSERT INTO messages (queue, id, type, body) VALUES (?, ?, ?, ?)", rows)
        file.execute("COMMIT")
    took = time.perf_counter() - begun
    file.close()
    return took
