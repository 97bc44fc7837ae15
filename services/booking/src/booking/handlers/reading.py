"""Reading bookings: one for its client or host, a page of a host's list, what a calendar feed shows."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from booking import storage
from booking.bookings import Booking, Host, missing
from booking.handlers.desk import Desk, Finder, Record, require_host
from booking.storage import Filters, Line

FEED_PAST = timedelta(days=90)
FEED_LIMIT = 2000
PAGE = 500
"""Bookings that an export holds in memory at once."""


Narrow = Callable[[ZoneInfo], Filters]
"""Gives the filters of a list; dates are read on the host's clock."""


class Diary(NamedTuple):
    """Bookings of one host."""

    host: Host
    bookings: Sequence[Booking]


def booking(desk: Desk, find: Finder) -> Record:
    """Read a booking."""
    with desk.database.read() as tx:
        found = find(tx)
        return Record(found, require_host(tx, found.host_id))


def booking_with_timeline(desk: Desk, find: Finder) -> tuple[Record, Sequence[Line]]:
    """Read a booking and all that has happened with it, oldest first."""
    with desk.database.read() as tx:
        found = find(tx)
        return Record(found, require_host(tx, found.host_id)), storage.timeline(tx, found.id)


def bookings(desk: Desk, host_id: str, narrow: Narrow, *, after: tuple[datetime, str] | None, limit: int) -> Diary:
    """List a host's bookings from behind a place, by their start."""
    with desk.database.read() as tx:
        host = require_host(tx, host_id)
        return Diary(host, storage.bookings(tx, host_id, narrow(host.zone), after=after, limit=limit))


def all_bookings(desk: Desk, host_id: str, narrow: Narrow) -> tuple[Host, Iterator[Sequence[Booking]]]:
    """Read a host's bookings by their start, a page at a time; no transaction stays open between two pages."""
    with desk.database.read() as tx:
        host = require_host(tx, host_id)
    return host, _pages(desk, host_id, narrow(host.zone))


def _pages(desk: Desk, host_id: str, filters: Filters) -> Iterator[Sequence[Booking]]:
    after = None
    while True:
        with desk.database.read() as tx:
            page = storage.bookings(tx, host_id, filters, after=after, limit=PAGE)
        if page:
            yield page
        if len(page) < PAGE:
            return
        after = (page[-1].start, page[-1].id)


def feed(desk: Desk, key: str) -> Diary:
    """Read what the calendar feed behind a key shows: what still stands, from some weeks ago on."""
    with desk.database.read() as tx:
        host = storage.host_by_feed_key(tx, key)
        if host is None:
            raise missing("feed")
        filters = Filters(since=desk.clock() - FEED_PAST, status="confirmed")
        return Diary(host, storage.bookings(tx, host.id, filters, after=None, limit=FEED_LIMIT))
