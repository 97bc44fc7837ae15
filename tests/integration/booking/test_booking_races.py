"""Many at once: exactly one wins each slot, and the database itself refuses what the code would let through."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from booking import storage
from booking.bookings import SessionType
from booking.storage.tables import BOOKINGS, OCCUPANCIES
from integration.booking.service import CLIENT, MONDAY, SUNDAY, Json, Service

NINE = f"{MONDAY}T09:00:00+01:00"
AT_NINE = datetime.fromisoformat(NINE)


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Start all calls at the same moment, and give what each gave."""
    gate, found = threading.Barrier(len(calls)), []

    def run(call: Callable[[], Any]) -> None:
        gate.wait()
        found.append(call())

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def occupancies(service: Service, host: Json) -> list[Any]:
    query = select(OCCUPANCIES).where(OCCUPANCIES.c.host_id == host["id"]).order_by(OCCUPANCIES.c.busy_from)
    with service.database.read() as tx:
        return list(tx.execute(query))


def require_no_overlaps(service: Service, host: Json) -> None:
    found = occupancies(service, host)
    assert all(earlier.busy_to <= later.busy_from for earlier, later in pairwise(found))
    seats = Counter(row.occupancy_id for row in confirmed(service, host))
    assert seats == {row.id: row.taken for row in found}


def confirmed(service: Service, host: Json) -> list[Any]:
    query = select(BOOKINGS).where(BOOKINGS.c.host_id == host["id"], BOOKINGS.c.status == "confirmed")
    with service.database.read() as tx:
        return list(tx.execute(query))


def test_one_of_sixteen_wins_a_slot(service: Service, host: Json) -> None:
    answers = at_once([lambda: service.try_to_book(host, NINE)] * 16)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 15}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"slot_taken"}
    assert all(len(answer.json()["nearest"]) == 3 for answer in answers if answer.status_code == 409)
    require_no_overlaps(service, host)


def test_a_crowd_fills_a_day_without_one_overlap(service: Service, host: Json) -> None:
    service.offer(host, slug="odd", duration=45, slot_step=15, buffer_after=10)
    chance = random.Random(7)
    starts = [AT_NINE + timedelta(minutes=15 * chance.randrange(32)) for _ in range(120)]
    types = [chance.choice(["intro", "odd"]) for _ in starts]
    wishes = list(zip(starts, types, strict=True))
    statuses: Counter[int] = Counter()
    for begin in range(0, len(wishes), 24):
        part = wishes[begin : begin + 24]
        calls = [
            lambda s=start, t=slug: service.try_to_book(host, s.isoformat(), t).status_code for start, slug in part
        ]
        statuses.update(at_once(calls))
    assert set(statuses) == {201, 409}
    assert statuses[201] == len(confirmed(service, host))
    require_no_overlaps(service, host)


def test_a_group_never_seats_one_too_many(service: Service, host: Json) -> None:
    service.offer(host, slug="class", capacity=5)
    statuses = at_once([lambda: service.try_to_book(host, NINE, "class").status_code] * 16)
    assert Counter(statuses) == {201: 5, 409: 11}
    require_no_overlaps(service, host)


def test_a_days_maximum_holds_for_different_slots_at_once(service: Service, host: Json) -> None:
    service.offer(host, slug="rare", max_per_day=2)
    starts = [(AT_NINE + timedelta(hours=hour)).isoformat() for hour in range(8)]
    answers = at_once([partial(service.try_to_book, host, start, "rare") for start in starts])
    assert Counter(answer.status_code for answer in answers) == {201: 2, 409: 6}


def test_one_of_four_moves_to_the_same_place(service: Service, host: Json) -> None:
    made = [service.book(host, (AT_NINE + timedelta(hours=hour)).isoformat()) for hour in range(4)]
    target = (AT_NINE + timedelta(hours=1, minutes=30)).isoformat()
    answers = at_once([partial(service.change, booking, "reschedule", start=target) for booking in made])
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 3}
    require_no_overlaps(service, host)


def test_a_booking_is_moved_and_canceled_at_once_in_one_order(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    later = (AT_NINE + timedelta(hours=1)).isoformat()
    at_once([
        lambda: service.change(made, "reschedule", start=later),
        lambda: service.change(made, "cancel", reason="x"),
        lambda: service.change(made, "cancel", reason="y"),
    ])  # fmt: skip
    versions = [received.event.booking.version for received in service.outbox()]  # type: ignore[attr-defined]
    assert versions == list(range(1, len(versions) + 1))
    assert service.get(f"/bookings/{made['reference']}")["version"] == versions[-1]
    require_no_overlaps(service, host)
    assert occupancies(service, host) == []


def _type(service: Service, host: Json) -> SessionType:
    with service.database.read() as tx:
        found = storage.session_type_by_slug(tx, host["id"], "intro")
    assert found is not None
    return found


@pytest.mark.parametrize("minutes", [-29, 0, 29])
def test_the_database_refuses_an_overlap_whatever_the_code_believes(service: Service, host: Json, minutes: int) -> None:
    session_type = _type(service, host)
    service.book(host, NINE)
    with pytest.raises(storage.OverlapError), service.database.write() as tx:
        storage.occupy(tx, session_type, AT_NINE + timedelta(minutes=minutes))
    with service.database.write() as tx:
        storage.occupy(tx, session_type, AT_NINE + timedelta(minutes=30))
    with pytest.raises(IntegrityError), service.database.write() as tx:
        later = OCCUPANCIES.c.host_id == host["id"], OCCUPANCIES.c.starts_at > AT_NINE
        tx.execute(update(OCCUPANCIES).where(*later).values(busy_from=AT_NINE))
    assert len(occupancies(service, host)) == 2


def test_the_database_refuses_a_guest_without_a_seat(service: Service, host: Json) -> None:
    service.book(host, NINE)
    with pytest.raises(IntegrityError), service.database.write() as tx:
        tx.execute(update(OCCUPANCIES).where(OCCUPANCIES.c.host_id == host["id"]).values(taken=2))


def test_touching_neighbours_and_other_hosts_do_not_overlap(service: Service, host: Json) -> None:
    other = service.sign_up()
    with service.database.write() as tx:
        for owner in (host, other):
            session_type = _type(service, owner)
            storage.occupy(tx, replace(session_type, buffer_after=30), AT_NINE)
            storage.occupy(tx, session_type, AT_NINE + timedelta(hours=1))
            storage.occupy(tx, session_type, AT_NINE - timedelta(minutes=30))
    assert len(occupancies(service, host)) == len(occupancies(service, other)) == 3


def test_what_another_type_occupies_is_busy_for_all(service: Service, host: Json) -> None:
    service.offer(host, slug="long", duration=120, buffer_before=30)
    service.book(host, (AT_NINE + timedelta(hours=2)).isoformat(), "long")
    starts = [datetime.fromisoformat(slot["start"]) for slot in service.slots(host)]
    blocked = {AT_NINE + timedelta(minutes=90 + 30 * n) for n in range(5)}
    assert blocked.isdisjoint(starts)
    assert len(starts) == 16 - len(blocked)


def test_nobody_books_for_a_moment_that_passed_meanwhile(service: Service, host: Json) -> None:
    service.clock.now = AT_NINE + timedelta(microseconds=1)
    assert service.try_to_book(host, NINE, client=CLIENT).json()["reason"] == "in_the_past"
    service.clock.now = SUNDAY
