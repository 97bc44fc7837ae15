"""The slots of a month that is full of bookings, beside the pure function and a bare select."""

import itertools
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, create_engine, insert, select

from benchmarks.booking_rate import free_starts
from benchmarks.figures import Figure, Sizes, per_second, percentile, timed
from benchmarks.running import Host, Punctual
from booking import storage
from booking.bookings import SessionType
from booking.slots import Diary, Offer, Slot
from booking.storage import tables

ZONE = "Europe/Berlin"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MARGIN = timedelta(days=4)
"""How far around the month the service reads the diary."""


def measure(punctual: Punctual, sizes: Sizes) -> list[Figure]:
    """Ask through the gateway, one client after the other and many at once."""
    host = punctual.host()
    first, last = _next_month()
    engine = create_engine(punctual.database_url("booking"), pool_size=sizes.slot_clients)
    _fill(punctual, engine, host, sizes.slot_bookings)
    query = f"{host.path('slots')}?from={first}&to={last}&timezone={ZONE}"
    alone = punctual.client()
    answer = alone.call("GET", query)["slots"]
    month = _Month(engine, host, first, last)
    if len(month.calculate()) != len(answer):
        raise RuntimeError("the peer does not calculate what the service answers")
    ask = _median(lambda: alone.call("GET", query), sizes.slot_requests)
    both = _median(month.read_and_calculate, sizes.slot_requests)
    calculate = _median(month.calculate, sizes.slot_requests)
    read = _median(month.read, sizes.slot_requests)
    clients = [punctual.client() for _ in range(sizes.slot_clients)]
    many = per_second([_asker(client.call, query) for client in clients], sizes.slot_requests_each)
    works = [month.read_and_calculate] * sizes.slot_clients
    peer = per_second(works, sizes.slot_requests_each)
    engine.dispose()
    return [
        Figure("slots of a full month, 1 client", ask, "ms", "a bare select and the pure function", both),
        Figure(f"slots, {sizes.slot_clients} clients", many, "/s", "as many threads with select and function", peer),
        Figure("the pure function of these slots", calculate, "ms", "the bare select alone", read),
    ]


def _asker(call: Callable[..., Any], query: str) -> Callable[[], object]:
    return lambda: call("GET", query)


def _median(work: Callable[[], object], times: int) -> float:
    return percentile([timed(work) for _ in range(times)], 50)


def _next_month() -> tuple[date, date]:
    first = (datetime.now(UTC).date().replace(day=1) + timedelta(days=32)).replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _fill(punctual: Punctual, engine: Engine, host: Host, count: int) -> None:
    """Put bookings into the month as rows; made through the door they would all send mails."""
    punctual.change_offer(host, duration=15, horizon=120)
    weekly = [{"weekday": day, "start": "08:00", "end": "22:00"} for day in DAYS]
    hours = {"timezone": ZONE, "weekly": weekly, "overrides": []}
    punctual.as_host(host, "PUT", "/me/availability", hours)
    first, _ = _next_month()
    free = (datetime.fromisoformat(start) for start in free_starts(punctual, host, days=70))
    # Two of three, so that busy and free lie mixed.
    month = (start for number, start in enumerate(s for s in free if s.date() >= first) if number % 3)
    with engine.begin() as tx:
        [session_type] = storage.session_types(tx, host.id, after=None, limit=2)
        for start in itertools.islice(month, count):
            occupancy, booking = _rows(session_type, start)
            tx.execute(insert(tables.OCCUPANCIES).values(occupancy))
            tx.execute(insert(tables.BOOKINGS).values(booking))


def _rows(offer: SessionType, start: datetime) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    end = start + timedelta(minutes=offer.duration)
    place = {"host_id": offer.host_id, "session_type_id": offer.id, "starts_at": start, "ends_at": end}
    occupancy = {**place, "id": uuid.uuid4().hex, "busy_from": start, "busy_to": end, "seats": 1, "taken": 1}
    booking = {
        **place,
        "id": uuid.uuid4().hex,
        "reference": uuid.uuid4().hex,
        "occupancy_id": occupancy["id"],
        "version": 1,
        "status": "confirmed",
        "booked": {"slug": offer.slug, "title": offer.title, "description": "", "duration": offer.duration},
        "client_name": "Carl",
        "client_email": "carl@example.org",
        "client_timezone": ZONE,
        "client_words": "carl\ncarl@example.org",
        "notes": "",
        "answers": {},
        "questions": [],
        "location": {"kind": "phone", "provider": None, "detail": "+49 30 1"},
        "video_state": "none",
        "meeting_revision": 0,
        "created_at": start,
        "changed_at": start,
    }
    return occupancy, booking


class _Month:
    """What the service does for one answer, without a server, a gateway or JSON."""

    def __init__(self, engine: Engine, host: Host, first: date, last: date) -> None:
        self._engine, self._first, self._last = engine, first, last
        self._now = datetime.now(UTC)
        with engine.connect() as tx:
            found = storage.host(tx, host.id)
            [self._offer] = storage.session_types(tx, host.id, after=None, limit=2)
            if found is None:
                raise RuntimeError("the host is not in the database")
            self._availability = storage.working_hours(tx, host.id).on_the_clock_of(found)
        self._since = datetime.combine(first, datetime.min.time(), UTC) - MARGIN
        self._until = datetime.combine(last, datetime.min.time(), UTC) + MARGIN
        self._diary = Diary(self.read())

    def read(self) -> list[tuple[datetime, datetime]]:
        """Select what keeps the host busy."""
        busy = tables.OCCUPANCIES.c
        query = select(busy.busy_from, busy.busy_to).where(
            busy.host_id == self._offer.host_id, busy.busy_to > self._since, busy.busy_from < self._until
        )
        with self._engine.connect() as tx:
            return [(row.busy_from, row.busy_to) for row in tx.execute(query)]

    def calculate(self) -> list[Slot]:
        """Calculate the free slots from what is in memory."""
        return self._calculate(self._diary)

    def read_and_calculate(self) -> list[Slot]:
        """Do both."""
        return self._calculate(Diary(self.read()))

    def _calculate(self, diary: Diary) -> list[Slot]:
        made = Offer(self._availability, self._offer.terms, diary, self._now)
        return made.free(ZoneInfo(ZONE), self._first, self._last)
