"""The way of an event from one service's outbox to another's handler, on SQLite files and on the real servers."""

import json
import random
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pika
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, MetaData, event, select
from sqlalchemy.exc import OperationalError

from shared import due, inbox, outbox
from shared.bus import Bus
from shared.bus.embedded import EmbeddedBus
from shared.bus.rabbitmq import RabbitBus
from shared.database import Database
from shared.events import MailSent, MeetingReady, ZoomConnected
from shared.events.envelope import Message, unwrap, wrap
from shared.testing import eventually

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
METADATA = MetaData()
outbox.OUTBOX.to_metadata(METADATA)
inbox.INBOX.to_metadata(METADATA)


NewBus = Callable[[], Bus]


class Clock:
    """A clock that stands until it is turned."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def ready(booking: str = "b1", revision: int = 1) -> MeetingReady:
    return MeetingReady(
        booking_id=booking, host_id="h1", booking_version=1, revision=revision, join_url="https://zoom.example/j/1"
    )


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    with database.write() as tx:
        METADATA.create_all(tx)
    yield database
    database.close()


@pytest.fixture
def bus(new_bus: NewBus) -> Bus:
    return new_bus()


def worker(database: Database, handled: list[int], clock: Clock) -> inbox.Worker:
    def note(event: MeetingReady, _tx: Connection, _now: datetime) -> None:
        handled.append(event.revision)

    return inbox.Worker(database, {MeetingReady: note}, clock, random.Random(1))


def depth(bus: Bus, queue: str) -> int:
    """Count what a queue holds."""
    if isinstance(bus, EmbeddedBus):
        return bus.depth(queue)
    assert isinstance(bus, RabbitBus)
    with pika.BlockingConnection(bus._address.for_publishing("test")) as connection:
        return int(connection.channel().queue_declare(queue, passive=True).method.message_count)


def states(database: Database) -> list[tuple[str, str | None]]:
    with database.read() as tx:
        rows = tx.execute(select(inbox.INBOX.c.state, inbox.INBOX.c.last_error).order_by(inbox.INBOX.c.id))
        return [(row.state, row.last_error) for row in rows]


def test_an_event_leaves_only_when_its_change_is_committed(database: Database, bus: Bus) -> None:
    relay = outbox.Relay(database, bus, Clock())
    with pytest.raises(ZeroDivisionError), database.write() as tx:
        outbox.add(tx, ready(), source="zoom-connector", now=NOW)
        raise ZeroDivisionError
    assert relay.step() == 0
    with database.write() as tx:
        outbox.add(tx, ready(), source="zoom-connector", now=NOW)
    assert relay.step() == 1
    assert (depth(bus, "booking.events"), depth(bus, "notifier.events")) == (1, 1)
    assert depth(bus, "zoom-connector.events") == 0


def test_an_event_that_nobody_listens_to_stays_in_the_outbox(database: Database, bus: Bus) -> None:
    with database.write() as tx:
        tx.execute(
            outbox.OUTBOX.insert().values(id="x", type="weather.changed", body="{}", created_at=NOW),
        )
    assert outbox.Relay(database, bus, Clock()).step() == 0
    with database.read() as tx:
        assert outbox.waiting(tx) == 1


def test_what_a_killed_relay_held_is_sent_when_its_lease_is_over(database: Database, bus: Bus) -> None:
    class Killed(BaseException):
        pass

    class Broken(EmbeddedBus):
        def __init__(self) -> None:
            pass

        def publish(self, _messages: object) -> set[str]:
            raise Killed

    clock = Clock()
    with database.write() as tx:
        outbox.add(tx, ready(), source="zoom-connector", now=NOW)
    with pytest.raises(Killed):
        outbox.Relay(database, Broken(), clock).step()
    assert outbox.Relay(database, bus, clock).step() == 0
    clock.now += outbox.LEASE
    assert outbox.Relay(database, bus, clock).step() == 1


def test_a_message_stays_on_the_bus_until_the_inbox_has_committed_it(database: Database, bus: Bus) -> None:
    bus.publish([wrap(ready(), source="zoom-connector", now=NOW)])
    tries = []

    def deliver(messages: list[Message]) -> None:
        tries.append(len(messages))
        if len(tries) == 1:
            raise sqlite3.OperationalError("disk full")
        inbox.receive(database, messages, NOW)

    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            try:
                bus.run("booking.events", deliver, stop)  # type: ignore[arg-type]
            except sqlite3.OperationalError:
                continue

    thread = threading.Thread(target=run)
    thread.start()
    eventually(lambda: states(database) == [("waiting", None)])
    eventually(lambda: depth(bus, "booking.events") == 0)
    stop.set()
    thread.join()
    assert tries == [1, 1]


def test_an_event_that_comes_twice_is_handled_once(database: Database) -> None:
    handled: list[int] = []
    message = wrap(ready(), source="zoom-connector", now=NOW)
    work = worker(database, handled, Clock())
    inbox.receive(database, [message, message], NOW)
    work.step()
    inbox.receive(database, [message], NOW)
    work.step()
    assert handled == [1]


def test_a_handled_event_keeps_nothing_of_its_content(database: Database) -> None:
    inbox.receive(database, [wrap(ready(), source="zoom-connector", now=NOW)], NOW)
    worker(database, [], Clock()).step()
    with database.read() as tx:
        assert tx.execute(select(inbox.INBOX.c.body)).scalars().all() == [""]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("not json", "no CloudEvents envelope"),
        ("[]", "no CloudEvents envelope"),
        ('{"specversion":"9.0"}', "no CloudEvents envelope"),
        ("\x00", "no CloudEvents envelope"),
    ],
)
def test_what_cannot_be_read_is_parked_with_the_reason(database: Database, body: str, reason: str) -> None:
    inbox.receive(database, [Message("m1", "meeting.ready", body)], NOW)
    [(state, error)] = states(database)
    assert state == "parked"
    assert reason in str(error)


def test_an_event_of_an_unknown_type_is_parked_and_named(database: Database) -> None:
    envelope = json.loads(wrap(ready(), source="x", now=NOW).body) | {"type": "weather.changed"}
    inbox.receive(database, [Message("m1", "weather.changed", json.dumps(envelope))], NOW)
    assert states(database) == [("parked", "unknown event type 'weather.changed'")]


def test_an_event_that_is_far_too_large_is_parked_with_its_beginning(database: Database) -> None:
    body = wrap(ready(), source="x", now=NOW).body + " " * 1_000_000
    inbox.receive(database, [Message("m1", "meeting.ready", body)], NOW)
    [(state, error)] = states(database)
    assert state == "parked"
    assert error == f"{len(body)} characters are too many; the first 10000 are kept"
    with database.read() as tx:
        assert tx.execute(select(inbox.INBOX.c.body)).scalar_one() == body[:10_000]


def test_a_parked_event_tells_no_value(database: Database) -> None:
    envelope = json.loads(wrap(ready(), source="x", now=NOW).body)
    envelope["data"]["revision"] = "secret@example.com"
    inbox.receive(database, [Message("m1", "meeting.ready", json.dumps(envelope))], NOW)
    [(state, error)] = states(database)
    assert state == "parked"
    assert error == "data of meeting.ready does not fit: revision: int_parsing"


def test_unknown_fields_of_a_newer_service_are_ignored(database: Database) -> None:
    handled: list[int] = []
    envelope = json.loads(wrap(ready(), source="x", now=NOW).body)
    envelope["data"]["mood"] = "fine"
    envelope["later"] = 1
    inbox.receive(database, [Message("m1", "meeting.ready", json.dumps(envelope))], NOW)
    worker(database, handled, Clock()).step()
    assert handled == [1]


def test_one_bookings_events_are_handled_in_order_and_a_failure_holds_back_only_its_own(database: Database) -> None:
    clock = Clock()
    handled: list[tuple[str, int]] = []
    broken = {"on": True}

    def note(event: MeetingReady, _tx: Connection, _now: datetime) -> None:
        if broken["on"] and event.booking_id == "b1" and event.revision == 1:
            raise ValueError("somebody@example.com")
        handled.append((event.booking_id, event.revision))

    work = inbox.Worker(database, {MeetingReady: note}, clock, random.Random(1))
    messages = [wrap(ready(b, r), source="x", now=NOW) for b, r in [("b1", 1), ("b1", 2), ("b2", 1), ("b2", 2)]]
    inbox.receive(database, messages, NOW)
    while work.step():
        pass
    assert handled == [("b2", 1), ("b2", 2)]
    assert states(database)[0] == ("waiting", "handler failed: ValueError")
    broken["on"] = False
    clock.now += timedelta(seconds=1)
    while work.step():
        pass
    assert handled[2:] == [("b1", 1), ("b1", 2)]


def test_an_event_whose_handler_keeps_failing_is_parked_and_can_be_replayed(database: Database) -> None:
    clock = Clock()
    broken = {"on": True}
    handled: list[int] = []

    def note(event: MeetingReady, _tx: Connection, _now: datetime) -> None:
        if broken["on"]:
            raise ValueError
        handled.append(event.revision)

    work = inbox.Worker(database, {MeetingReady: note}, clock, random.Random(1))
    inbox.receive(database, [wrap(ready(), source="x", now=NOW)], NOW)
    for _ in range(inbox.ATTEMPTS):
        work.step()
        clock.now += inbox.LONGEST_WAIT
    assert states(database) == [("parked", "handler failed: ValueError")]
    broken["on"] = False
    with database.write() as tx:
        assert inbox.replay(tx, 1, clock.now)
    work.step()
    assert handled == [1]


def test_a_backlog_shares_transactions(database: Database) -> None:
    commits: list[object] = []
    event.listen(database.engine, "commit", commits.append)
    handled: list[int] = []
    inbox.receive(database, [wrap(ready(f"b{number}"), source="x", now=NOW) for number in range(100)], NOW)
    commits.clear()
    assert worker(database, handled, Clock()).step() == 100
    assert len(handled) == 100
    assert len(commits) < 50
    assert states(database) == [("done", None)] * 100


@pytest.mark.parametrize("error", [ValueError(), OperationalError("UPDATE", {}, Exception("deadlock detected"))])
def test_a_failure_amid_a_backlog_undoes_only_its_own_work(database: Database, error: Exception) -> None:
    def note(happened: MeetingReady, tx: Connection, now: datetime) -> None:
        outbox.add(tx, ZoomConnected(host_id=happened.booking_id), source="x", now=now)
        if happened.booking_id == "b3":
            raise error

    inbox.receive(database, [wrap(ready(f"b{number}"), source="x", now=NOW) for number in range(10)], NOW)
    assert inbox.Worker(database, {MeetingReady: note}, Clock(), random.Random(1)).step() == 10
    with database.read() as tx:
        told = sorted(unwrap(body).subject for body in tx.execute(select(outbox.OUTBOX.c.body)).scalars())
    assert told == sorted(f"b{number}" for number in range(10) if number != 3)
    failed = ("waiting", f"handler failed: {type(error).__name__}")
    assert sorted(states(database), key=str) == [("done", None)] * 9 + [failed]


def test_firsts_that_must_wait_hold_nobody_else_back(database: Database) -> None:
    clock = Clock()
    broken = {"on": True}
    handled: list[str] = []

    def note(happened: MeetingReady, _tx: Connection, _now: datetime) -> None:
        if broken["on"] and happened.booking_id != "last":
            raise ValueError
        handled.append(happened.booking_id)

    work = inbox.Worker(database, {MeetingReady: note}, clock, random.Random(1))
    messages = [wrap(ready(f"b{number % 20}", number), source="x", now=NOW) for number in range(400)]
    inbox.receive(database, [*messages, wrap(ready("last"), source="x", now=NOW)], NOW)
    while work.step():
        pass
    assert handled == ["last"]
    broken["on"] = False
    clock.now += inbox.LONGEST_WAIT
    while work.step():
        pass
    assert len(handled) == 401


def test_a_worker_that_lost_its_lease_changes_nothing(database: Database) -> None:
    clock = Clock()
    seen: list[str] = []

    def slow(_event: ZoomConnected, tx: Connection, _now: datetime) -> None:
        seen.append("slow")
        outbox.add(tx, ZoomConnected(host_id="written by whoever has the lease"), source="x", now=NOW)

    first = inbox.Worker(database, {ZoomConnected: slow}, clock, random.Random(1))
    inbox.receive(database, [wrap(ZoomConnected(host_id="h1"), source="x", now=NOW)], NOW)
    with database.write() as tx:
        [mine] = due.claim(tx, inbox.INBOX, now=clock.now, lease_for=inbox.LEASE, limit=1)
    clock.now += inbox.LEASE
    second = inbox.Worker(database, {ZoomConnected: slow}, clock, random.Random(1))
    assert second.step() == 1
    first._handle_some(deque([mine]))
    first._handle(mine)
    assert seen == ["slow"]
    with database.read() as tx:
        assert outbox.waiting(tx) == 1


def test_two_workers_share_an_inbox_and_handle_each_event_once(database: Database, database_url: str) -> None:
    handled: list[int] = []
    other = Database(database_url)
    inbox.receive(database, [wrap(ready(f"b{n}", n), source="x", now=NOW) for n in range(60)], NOW)

    def drain(work: inbox.Worker) -> None:
        while work.step():
            pass

    threads = [threading.Thread(target=drain, args=(worker(d, handled, Clock()),)) for d in (database, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert sorted(handled) == list(range(60))


def test_a_commit_wakes_who_waits_long_before_the_safety_poll(database: Database) -> None:
    seen = database.wait(-1, timeout=5)
    woken = threading.Event()

    def wait() -> None:
        database.wait(seen, timeout=30)
        woken.set()

    thread = threading.Thread(target=wait)
    thread.start()
    with database.write() as tx:
        outbox.add(tx, ready(), source="x", now=NOW)
    assert woken.wait(timeout=5)
    thread.join()


def test_a_reader_sees_a_moment_in_utc_whatever_its_zone_was(database: Database) -> None:
    tokyo = datetime.fromisoformat("2026-11-20T18:00:00+09:00")
    with database.write() as tx:
        outbox.add(tx, ready(), source="x", now=tokyo)
    with database.read() as tx:
        [moment] = tx.execute(select(outbox.OUTBOX.c.created_at)).scalars()
    assert moment == tokyo
    assert moment.tzinfo is UTC


@given(attempts=st.integers(1, 10_000), seed=st.integers())
@settings(max_examples=50, deadline=None)
def test_the_wait_grows_up_to_its_cap_and_is_never_nothing(attempts: int, seed: int) -> None:
    base, cap = timedelta(seconds=1), timedelta(minutes=1)
    wait = due.backoff(attempts, random.Random(seed), base=base, cap=cap)
    assert base * 0.75 <= wait <= cap


def test_an_event_looks_the_same_after_its_way() -> None:
    event = MailSent(
        booking_id="b",
        host_id="h",
        delivery_id="d",
        kind="client_confirmation",
        recipient="client",
        version=1,
        attempts=1,
        sent_at=NOW,
    )
    message = wrap(event, source="notifier", now=NOW)
    assert unwrap(message.body).event == event
    assert message.type == "mail.sent"
