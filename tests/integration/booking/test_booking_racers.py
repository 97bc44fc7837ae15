"""Five hundred racers for a hundred slots, on every path that leads to one: each slot has one winner and no second."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from queue import Empty, SimpleQueue

import pytest
from sqlalchemy import func, select

from booking import storage
from booking.bookings import Booking, Client, Refused, SessionType, WorkingHours
from booking.handlers import booking, hosts, session_types
from booking.handlers.booking import Wish
from booking.handlers.desk import Desk, by_reference
from booking.handlers.hosts import Profile
from booking.slots import Interval
from booking.storage.tables import BOOKINGS, OCCUPANCIES, TIMELINE
from shared import migrations
from shared.database import Database

NOW = datetime(2026, 12, 6, 12, 0, tzinfo=UTC)
FIRST = datetime(2026, 12, 7, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
SLOTS = [FIRST + number * HALF_HOUR for number in range(100)]
ELSEWHERE = [FIRST + timedelta(days=10) + number * HALF_HOUR for number in range(100)]
CLIENT = Client("Ada", "ada@example.com", "UTC")
THREADS = 20

Racer = Callable[[], datetime]
"""Tries for a slot, and gives its start when it was won. Raises `Refused`."""


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    migrations.migrate(database_url, "booking")
    made = Desk(Database(database_url, pool_size=THREADS), lambda: NOW)
    hosts.welcome(made, "h", Profile("Grace", "grace@example.com", "grace", "UTC"))
    always = WorkingHours(dict.fromkeys(range(7), (Interval(0, 1440),)), {})
    hosts.set_working_hours(made, "h", always, None)
    yield made
    made.database.close()


def intro(desk: Desk) -> SessionType:
    with desk.database.read() as tx:
        [found] = storage.session_types(tx, "h", after=None, limit=2)
    return found


def by_client(desk: Desk, start: datetime) -> Racer:
    return lambda: booking.book(desk, "grace", "intro", Wish(start, CLIENT, "", {}), key=None)[0].booking.start


def by_host(desk: Desk, start: datetime, type_id: str) -> Racer:
    wish = Wish(start, CLIENT, "", {}, by="host", any_time=True)
    return lambda: booking.book_for_client(desk, "h", type_id, wish, key=None)[0].booking.start


def by_moving(desk: Desk, start: datetime, elsewhere: datetime) -> Racer:
    return by_moving_it(desk, booked(desk, elsewhere).reference, start)


def by_moving_it(desk: Desk, reference: str, start: datetime) -> Racer:
    return lambda: booking.reschedule(desk, by_reference(reference), start, by="client").booking.start


def by_canceling(desk: Desk, reference: str) -> Racer:
    return lambda: booking.cancel(desk, by_reference(reference), None, by="client").booking.start


def booked(desk: Desk, start: datetime) -> Booking:
    return booking.book(desk, "grace", "intro", Wish(start, CLIENT, "", {}), key=None)[0].booking


def run(racers: Sequence[Racer]) -> tuple[Counter[datetime], list[Refused]]:
    """Let them run against each other; give who won what, and how the others were refused."""
    waiting: SimpleQueue[Racer] = SimpleQueue()
    for racer in random.sample(racers, len(racers)):
        waiting.put(racer)
    gate, won, refused = threading.Barrier(THREADS), Counter[datetime](), list[Refused]()

    def work() -> None:
        gate.wait()
        while True:
            try:
                won[waiting.get_nowait()()] += 1
            except Refused as error:
                refused.append(error)
            except Empty:
                return

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return won, refused


def require_truth(desk: Desk) -> None:
    """Check what the database holds: no overlap, and each confirmed booking has its seat."""
    with desk.database.read() as tx:
        held = tx.execute(select(OCCUPANCIES).order_by(OCCUPANCIES.c.busy_from)).all()
        seats = Counter(tx.execute(select(BOOKINGS.c.occupancy_id).where(BOOKINGS.c.status == "confirmed")).scalars())
    assert all(earlier.busy_to <= later.busy_from for earlier, later in pairwise(held))
    assert seats == {row.id: row.taken for row in held}


def test_five_hundred_racers_on_a_hundred_slots_are_one_winner_each(desk: Desk) -> None:
    type_id = intro(desk).id
    racers: list[Racer] = []
    for start, elsewhere in zip(SLOTS, ELSEWHERE, strict=True):
        racers += [by_client(desk, start)] * 3
        racers += [by_host(desk, start, type_id), by_moving(desk, start, elsewhere)]
    won, refused = run(racers)
    assert won == dict.fromkeys(SLOTS, 1)
    assert len(refused) == len(racers) - len(SLOTS) == 400
    assert {error.code for error in refused} == {"slot_taken"}
    assert all(len(error.extra["nearest"]) == 3 for error in refused)
    require_truth(desk)


def test_a_hundred_racers_on_the_seats_of_two_groups_fill_them_and_no_more(desk: Desk) -> None:
    found = session_types.change_session_type(desk, "h", intro(desk).id, {"capacity": 12})
    racers = [by_client(desk, start) for start in SLOTS[:2] for _ in range(30)]
    racers += [by_host(desk, start, found.id) for start in SLOTS[:2] for _ in range(10)]
    racers += [by_moving(desk, SLOTS[number % 2], ELSEWHERE[number]) for number in range(20)]
    won, _refused = run(racers)
    assert won == dict.fromkeys(SLOTS[:2], 12)
    require_truth(desk)


def test_an_account_that_ends_while_clients_book_move_and_cancel_leaves_nothing(desk: Desk) -> None:
    made = [booked(desk, start) for start in ELSEWHERE[:40]]
    racers = [by_client(desk, start) for start in SLOTS[:40]]
    racers += [by_canceling(desk, one.reference) for one in made[:20]]
    racers += [by_moving_it(desk, one.reference, start) for one, start in zip(made[20:], SLOTS[40:], strict=False)]

    def leave() -> datetime:
        hosts.remove_host(desk, "h")
        return NOW

    won, refused = run([leave, *racers])
    assert won[NOW] == 1
    assert {error.code for error in refused} <= {"no_such_host", "no_such_booking"}
    with desk.database.read() as tx:
        assert storage.host(tx, "h") is None
        left = [tx.execute(select(func.count()).select_from(table)).scalar_one() for table in (BOOKINGS, TIMELINE)]
    assert left == [0, 0]
