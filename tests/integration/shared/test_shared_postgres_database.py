"""What the services rely on in PostgreSQL: wake-ups, time-outs, forks, leases, and its restarts."""

import multiprocessing
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, event, func, select, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from shared import due, inbox, loops, outbox
from shared.commits import CHANNEL
from shared.database import Database, DatabaseUnavailableError
from shared.events import ZoomConnected
from shared.events.envelope import Message, wrap
from shared.testing import eventually, free_port
from support.engines import PASSWORD, USER, Postgres

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
METADATA = MetaData()
outbox.OUTBOX.to_metadata(METADATA)
inbox.INBOX.to_metadata(METADATA)


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    database = Database(postgres_url)
    with database.write() as tx:
        METADATA.create_all(tx)
    yield database
    database.close()


def announce(database: Database, name: str = "h1", *, wake: bool = True) -> None:
    with database.write(wake=wake) as tx:
        outbox.add(tx, ZoomConnected(host_id=name), source="x", now=NOW)


def message(name: str) -> Message:
    return wrap(ZoomConnected(host_id=name), source="x", now=NOW)


def listeners(postgres: Postgres) -> list[int]:
    """Give the server's process of each connection that waits for commits."""
    return [
        pid for pid, query in postgres.do("SELECT pid, query FROM pg_stat_activity") if query == f"LISTEN {CHANNEL}"
    ]


def quiet(database: Database) -> int:
    """Let the watch begin, and give the count after which nothing has happened yet."""
    seen = database.wait(-1, timeout=5)
    eventually(lambda: database.wait(seen, timeout=0) > 0)
    return database.wait(-1, timeout=0)


def test_a_commit_wakes_who_waits_within_milliseconds(database: Database) -> None:
    seen = quiet(database)
    waits = []
    for _ in range(30):
        announce(database)
        began = time.perf_counter()
        seen = database.wait(seen, timeout=5)
        waits.append(time.perf_counter() - began)
    assert sorted(waits)[15] < 0.05, waits


def test_a_commit_of_another_process_wakes_too(database: Database, postgres_url: str) -> None:
    seen = quiet(database)
    other = Database(postgres_url)
    announce(other)
    other.close()
    assert database.wait(seen, timeout=5) != seen


def test_what_changes_nothing_wakes_nobody(database: Database) -> None:
    seen = quiet(database)
    with database.write() as tx:
        tx.execute(select(outbox.OUTBOX).with_for_update(skip_locked=True)).all()
    with database.read() as tx:
        tx.execute(select(outbox.OUTBOX)).all()
    with pytest.raises(ZeroDivisionError), database.write() as tx:
        outbox.add(tx, ZoomConnected(host_id="h1"), source="x", now=NOW)
        raise ZeroDivisionError
    announce(database, wake=False)
    assert database.wait(seen, timeout=0.3) == seen
    announce(database)
    assert database.wait(seen, timeout=5) == seen + 1


def test_a_wake_up_costs_no_round_trip_of_its_own(database: Database) -> None:
    """It goes out together with the COMMIT, so that the driver's own finds nothing left to do."""
    before_commit: list[str] = []

    def note(connection: Connection) -> None:
        raw: Any = connection.connection.driver_connection
        before_commit.append(raw.info.transaction_status.name)

    event.listen(database.engine, "commit", note)
    announce(database)
    assert before_commit == ["IDLE"]
    announce(database, wake=False)
    assert before_commit == ["IDLE", "INTRANS"]


def test_a_failed_commit_is_told_and_leaves_nothing(database: Database) -> None:
    with database.write() as tx:
        tx.execute(text("CREATE TABLE pair (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)"))
    with pytest.raises(SQLAlchemyError, match="duplicate key"), database.write() as tx:
        tx.execute(text("INSERT INTO pair VALUES (1), (1)"))
    with database.read() as tx:
        assert tx.execute(text("SELECT count(*) FROM pair")).scalar_one() == 0


def test_a_reader_sees_one_moment_and_writes_nothing(database: Database) -> None:
    with database.read() as tx:
        before = outbox.waiting(tx)
        announce(database)
        assert outbox.waiting(tx) == before
    with pytest.raises(SQLAlchemyError, match="read-only"), database.read() as tx:
        outbox.add(tx, ZoomConnected(host_id="h1"), source="x", now=NOW)
    announce(database)
    with database.read() as tx:
        assert outbox.waiting(tx) == before + 2


def test_statements_and_locks_end_in_time(database: Database, postgres_url: str) -> None:
    with database.read() as tx:
        limits = {name: tx.execute(text(f"SHOW {name}")).scalar_one() for name in ("statement_timeout", "lock_timeout")}
    assert limits == {"statement_timeout": "30s", "lock_timeout": "10s"}
    hasty = Database(f"{postgres_url}?options=-c%20lock_timeout%3D100&application_name=hasty")
    with hasty.read() as tx:
        assert tx.execute(text("SHOW statement_timeout")).scalar_one() == "30s"
        assert tx.execute(text("SHOW application_name")).scalar_one() == "hasty"
    with database.write() as first:
        first.execute(text("LOCK TABLE outbox"))
        with pytest.raises(OperationalError, match="lock timeout"), hasty.write() as second:
            second.execute(text("LOCK TABLE outbox"))
    hasty.close()


def test_a_child_after_a_fork_uses_connections_of_its_own(database: Database) -> None:
    seen = quiet(database)
    fork = multiprocessing.get_context("fork")
    results = fork.SimpleQueue()

    def child() -> None:
        woken = quiet(database)
        announce(database, "child")
        with database.read() as tx:
            results.put((outbox.waiting(tx), database.wait(woken, timeout=5) != woken))

    with database.read() as held:
        process = fork.Process(target=child)
        process.start()
        assert outbox.waiting(held) == 0
        process.join(timeout=20)
    assert (process.exitcode, results.get()) == (0, (1, True))
    assert database.wait(seen, timeout=5) != seen
    announce(database, "parent")
    with database.read() as tx:
        assert outbox.waiting(tx) == 2


def test_a_second_worker_passes_over_what_the_first_is_just_claiming(database: Database) -> None:
    inbox.receive(database, [message(f"h{n}") for n in range(10)], NOW)
    lease = timedelta(seconds=10)
    with database.write() as first, database.write() as second:
        mine = due.claim(first, inbox.INBOX, now=NOW, lease_for=lease, limit=6)
        theirs = due.claim(second, inbox.INBOX, now=NOW, lease_for=lease, limit=6)
    assert (len(mine), len(theirs)) == (6, 4)
    assert not {row.id for row in mine} & {row.id for row in theirs}


def test_two_relays_take_different_events(database: Database) -> None:
    for n in range(6):
        announce(database, f"h{n}")
    sent: list[list[str]] = []
    both = threading.Barrier(2, timeout=10)

    class Slow:
        def publish(self, messages: list[Message]) -> set[str]:
            sent.append([one.id for one in messages])
            return {one.id for one in messages}

    def relay() -> None:
        both.wait()
        outbox.Relay(database, Slow(), lambda: NOW).step()  # type: ignore[arg-type]

    threads = [threading.Thread(target=relay) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [message_id for window in sent for message_id in window]
    assert len(ids) == len(set(ids)) == 6


def test_an_event_that_is_committed_after_its_younger_neighbor_is_sent_too(database: Database) -> None:
    """Numbers are given before the commit: a relay that asked for higher ones only would never see the first."""
    sent: list[str] = []

    class Sink:
        def publish(self, messages: list[Message]) -> set[str]:
            sent.extend(one.id for one in messages)
            return {one.id for one in messages}

    relay = outbox.Relay(database, Sink(), lambda: NOW)  # type: ignore[arg-type]
    with database.write() as slow:
        outbox.add(slow, ZoomConnected(host_id="elder"), source="x", now=NOW)
        announce(database, "younger")
        assert relay.step() == 1
    assert relay.step() == 1
    assert len(set(sent)) == 2


def test_an_event_that_two_listeners_store_at_once_is_there_once(database: Database) -> None:
    messages = [message(f"h{n}") for n in range(100)]
    both = threading.Barrier(2, timeout=10)

    def store(some: list[Message]) -> None:
        both.wait()
        for start in range(0, 100, 10):
            while True:
                try:
                    inbox.receive(database, some[start : start + 10], NOW)
                    break
                except OperationalError:  # a deadlock; the broker would bring them again
                    continue

    threads = [threading.Thread(target=store, args=(some,)) for some in (messages, messages[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as tx:
        assert tx.execute(select(func.count()).select_from(inbox.INBOX)).scalar_one() == 100


def test_a_moment_is_the_same_whatever_zone_the_server_speaks(postgres_url: str, database: Database) -> None:
    announce(database)
    tokyo = Database(f"{postgres_url}?options=-c%20TimeZone%3DAsia/Tokyo")
    with tokyo.read() as tx:
        [moment] = tx.execute(select(outbox.OUTBOX.c.created_at)).scalars()
        assert tx.execute(select(outbox.OUTBOX.c.id).where(outbox.OUTBOX.c.created_at == NOW)).first() is not None
    tokyo.close()
    assert (moment, moment.tzinfo) == (NOW, UTC)


def test_a_nul_is_kept_as_the_sign_for_what_cannot_be_shown(database: Database) -> None:
    inbox.receive(database, [Message("a\x00b", "t\x00", "{\x00")], NOW)
    with database.read() as tx:
        row = tx.execute(select(inbox.INBOX)).one()
        assert (row.event_id, row.body, row.state) == ("a\ufffdb", "{\ufffd", "parked")
        assert tx.execute(select(inbox.INBOX.c.id).where(inbox.INBOX.c.event_id == "a\x00b")).first() is not None


def test_more_threads_than_places_wait_for_each_other(postgres_url: str, database: Database) -> None:
    narrow = Database(postgres_url, pool_size=2)
    quiet(narrow)
    threads = [threading.Thread(target=announce, args=(narrow, f"h{n}")) for n in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    narrow.close()
    with database.read() as tx:
        assert outbox.waiting(tx) == 30


def test_a_watch_that_was_cut_is_taken_up_again(postgres: Postgres, database: Database) -> None:
    quiet(database)
    for pid in listeners(postgres):
        postgres.do(f"SELECT pg_terminate_backend({pid})")
    eventually(lambda: listeners(postgres))
    seen = quiet(database)
    announce(database)
    assert database.wait(seen, timeout=5) != seen


def test_loops_go_on_by_the_clock_when_no_wake_up_comes(database: Database) -> None:
    handled: list[str] = []
    stop = threading.Event()

    def step() -> int:
        with database.write(wake=False) as tx:
            rows = tx.execute(outbox.OUTBOX.delete().returning(outbox.OUTBOX.c.id)).scalars().all()
        handled.extend(rows)
        return len(rows)

    finish = loops.start(database, {"sweep": step}, stop)
    try:
        announce(database, wake=False)
        eventually(lambda: handled, timeout=loops.SAFETY_POLL * 5)
    finally:
        stop.set()
        finish()


def test_a_restart_of_the_server_costs_no_event_and_no_restart_of_ours(postgres: Postgres, database: Database) -> None:
    handled: list[str] = []
    stop = threading.Event()

    def forward() -> int:
        with database.write() as tx:
            rows = tx.execute(select(outbox.OUTBOX.c.id).with_for_update(skip_locked=True)).scalars().all()
            tx.execute(outbox.OUTBOX.delete().where(outbox.OUTBOX.c.id.in_(rows)))
        handled.extend(rows)
        return len(rows)

    finish = loops.start(database, {"forward": forward, "other": lambda: 0}, stop)
    try:
        announce(database)
        eventually(lambda: len(handled) == 1)
        postgres.kill()
        with pytest.raises(SQLAlchemyError):
            announce(database)
        postgres.restart()
        began = time.monotonic()
        eventually(lambda: _announced(database), timeout=5)
        assert time.monotonic() - began < 2
        eventually(lambda: len(handled) == 2)
        # Wake-ups are back, too: the next one does not wait for the clock.
        eventually(lambda: listeners(postgres))
        seen = quiet(database)
        announce(database)
        assert database.wait(seen, timeout=5) != seen
        eventually(lambda: len(handled) == 3)
    finally:
        stop.set()
        finish()


def _announced(database: Database) -> bool:
    try:
        announce(database)
    except SQLAlchemyError:
        return False
    return True


def test_a_ping_says_in_one_sentence_what_is_wrong_and_never_the_password(
    postgres: Postgres, database: Database
) -> None:
    database.ping()
    server = "PostgreSQL at {}:{}".format(*postgres.address)
    closed = ("127.0.0.1", free_port())
    good = postgres.url("postgres")
    for url, sentence in [
        (postgres.url("nowhere"), f'{server} refuses: database "nowhere" does not exist: see DATABASE_URL'),
        (
            good.replace(PASSWORD, "geheim"),
            f'{server} refuses: password authentication failed for user "{USER}": see DATABASE_URL',
        ),
        (
            postgres.url("postgres", address=closed),
            "PostgreSQL at {}:{} can't be reached (Connection refused)".format(*closed),
        ),
    ]:
        with pytest.raises(DatabaseUnavailableError) as told:
            Database(url).ping()
        assert str(told.value) == sentence
