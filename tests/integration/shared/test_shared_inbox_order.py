"""A subject's events are taken together, and handled in their order whatever happens to one of them."""

import random
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, MetaData, Row, delete, select

from shared import inbox
from shared.database import Database
from shared.events import MeetingReady
from shared.events.envelope import wrap

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
METADATA = MetaData()
inbox.INBOX.to_metadata(METADATA)

Handled = list[tuple[str, int]]


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    with database.write() as tx:
        METADATA.create_all(tx)
    yield database
    database.close()


def ready(booking: str, revision: int) -> MeetingReady:
    return MeetingReady(
        booking_id=booking, host_id="h1", booking_version=1, revision=revision, join_url="https://zoom.example/j/1"
    )


def store(database: Database, *events: tuple[str, int]) -> None:
    inbox.receive(database, [wrap(ready(*event), source="x", now=NOW) for event in events], NOW)


def worker(
    database: Database, handled: Handled, clock: Clock, fails: Callable[[str, int], bool] = lambda *_: False
) -> inbox.Worker:
    def note(event: MeetingReady, _tx: Connection, _now: datetime) -> None:
        if fails(event.booking_id, event.revision):
            raise ValueError
        handled.append((event.booking_id, event.revision))

    return inbox.Worker(database, {MeetingReady: note}, clock, random.Random(1))


def rows(database: Database) -> list[Row[tuple[str, int, str | None]]]:
    table = inbox.INBOX.c
    with database.read() as tx:
        return list(tx.execute(select(table.state, table.attempts, table.lease).order_by(table.id)))


def test_what_waits_of_a_subject_is_taken_at_once(database: Database) -> None:
    handled: Handled = []
    store(database, *((f"b{number % 3}", number) for number in range(30)))
    assert worker(database, handled, Clock()).step() == 30
    assert handled == [(f"b{number % 3}", number) for number in range(30)]


def test_a_subject_that_fills_more_than_a_batch_keeps_its_order(database: Database) -> None:
    handled: Handled = []
    events = [("b1", number) for number in range(2 * inbox.BATCH)] + [("b2", 1)]
    store(database, *events)
    work = worker(database, handled, Clock())
    assert work.step() == inbox.BATCH
    while work.step():
        pass
    assert [event for event in handled if event[0] == "b1"] == events[:-1]
    assert ("b2", 1) in handled


def test_what_is_behind_a_failure_is_given_back_untried(database: Database) -> None:
    handled: Handled = []
    clock = Clock()
    broken = {"on": True}
    store(database, *((booking, number) for number in range(5) for booking in ("b1", "b2")))
    work = worker(database, handled, clock, lambda booking, number: broken["on"] and (booking, number) == ("b1", 2))
    while work.step():
        pass
    assert [event for event in handled[-8:] if event[0] == "b1"] == [("b1", 0), ("b1", 1)]
    assert rows(database)[4::2] == [("waiting", 1, None), ("waiting", 0, None), ("waiting", 0, None)]
    assert {row.state for row in rows(database)[1::2]} == {"done"}
    broken["on"] = False
    handled.clear()
    clock.now += timedelta(seconds=1)
    while work.step():
        pass
    assert handled == [("b1", 2), ("b1", 3), ("b1", 4)]


def test_who_stood_still_handles_nothing_ahead_of_what_somebody_else_has_taken(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each event in a transaction of its own, and between two of them this worker stands still.
    monkeypatch.setattr(inbox, "HOLD_SECONDS", 0)
    clock = Clock()
    mine: Handled = []
    others: Handled = []
    store(database, *(("b1", number) for number in range(4)))
    first, second = worker(database, mine, clock), worker(database, others, clock)
    go_on, taken = first._handle_some, iter(range(4))

    def stand_still(waiting: deque[Row[tuple[object, ...]]]) -> None:
        if next(taken) == 1:
            clock.now += inbox.LEASE
            second.step()
        go_on(waiting)

    monkeypatch.setattr(first, "_handle_some", stand_still)
    first.step()
    assert (mine, others) == ([("b1", 0)], [("b1", 1)])
    clock.now += inbox.LEASE
    while second.step():
        pass
    assert (mine, others[1:]) == ([("b1", 0)], [("b1", 2), ("b1", 3)])


def test_a_replayed_event_is_handled_before_those_that_wait(database: Database) -> None:
    handled: Handled = []
    clock = Clock()
    broken = {0, 1}
    store(database, *(("b1", number) for number in range(4)))
    work = worker(database, handled, clock, lambda _, number: number in broken)
    for _ in range(inbox.ATTEMPTS):
        work.step()
        clock.now += inbox.LONGEST_WAIT
    assert [row.state for row in rows(database)] == ["parked", "waiting", "waiting", "waiting"]
    work.step()
    broken.clear()
    with database.write() as tx:
        inbox.replay(tx, 1, clock.now)
    work.step()
    assert handled == [("b1", 0)], "the second is not due yet, and the others wait for it"
    clock.now += inbox.LONGEST_WAIT
    while work.step():
        pass
    assert handled == [("b1", number) for number in range(4)]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path_factory.mktemp('inbox') / 'service.sqlite3'}")
    with made.write() as tx:
        METADATA.create_all(tx)
    yield made
    made.close()


@given(
    events=st.lists(st.sampled_from("abc"), min_size=1, max_size=30),
    failures=st.dictionaries(st.integers(0, 29), st.integers(1, 3)),
    batch=st.integers(1, 12),
    seed=st.integers(0, 9),
)
@settings(max_examples=150, deadline=None)
def test_any_failures_leave_each_subject_in_order_and_each_event_once(
    files: Database, events: list[str], failures: dict[int, int], batch: int, seed: int
) -> None:
    with files.write() as tx:
        tx.execute(delete(inbox.INBOX))
    left = dict(failures)
    handled: Handled = []
    clock = Clock()

    def fails(_booking: str, number: int) -> bool:
        if left.get(number, 0) and random.Random(seed * 100 + number).random() < 0.9:
            left[number] -= 1
            return True
        return False

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inbox, "BATCH", batch)
        patch.setattr(inbox, "HOLD_SECONDS", 0.025 if seed % 2 else 0)
        store(files, *((booking, number) for number, booking in enumerate(events)))
        workers = [worker(files, handled, clock, fails) for _ in range(2)]
        for _ in range(200):
            while sum(work.step() for work in workers):
                pass
            clock.now += timedelta(seconds=1)
            if {row.state for row in rows(files)} <= {"done"}:
                break
    # An event that failed amid a shared transaction is seen a second time; what it did then was undone.
    seen: dict[str, list[int]] = defaultdict(list)
    for booking, number in handled:
        if number not in seen[booking]:
            seen[booking].append(number)
    assert seen == {
        booking: [number for number, other in enumerate(events) if other == booking] for booking in set(events)
    }
    assert {(row.state, row.lease) for row in rows(files)} <= {("done", None)}
