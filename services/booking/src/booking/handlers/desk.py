"""Who works on a request or an event: the database and the clock, and how a booking is found for whom."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from booking import storage
from booking.bookings import Booking, Host, Party, missing, zone
from shared.clock import Clock
from shared.database import Database


@dataclass(frozen=True, slots=True)
class Desk:
    """What every piece of work needs."""

    database: Database
    clock: Clock


class Record(NamedTuple):
    """A booking together with its host."""

    booking: Booking
    host: Host


def clock_of(record: Record, party: Party) -> ZoneInfo:
    """Give the clock that a party reads the booking's times on."""
    return zone(record.booking.client.timezone) if party == "client" else record.host.zone


Finder = Callable[[Connection], Booking]
"""Finds the booking that a caller means and may see. Raises `Refused`."""


def by_reference(reference: str) -> Finder:
    """Find it for whoever holds its reference."""

    def find(tx: Connection) -> Booking:
        found = storage.booking_by_reference(tx, reference)
        if found is None:
            raise missing("booking")
        return found

    return find


def of_host(host_id: str, booking_id: str) -> Finder:
    """Find it for its host."""

    def find(tx: Connection) -> Booking:
        found = storage.booking_of_host(tx, host_id, booking_id)
        if found is None:
            raise missing("booking")
        return found

    return find


def require_host(tx: Connection, host_id: str, *, lock: bool = False) -> Host:
    """Read a host. Raises `Refused`."""
    host = storage.host(tx, host_id, lock=lock)
    if host is None:
        raise missing("host")
    return host


def require_handle(tx: Connection, handle: str, *, lock: bool = False) -> Host:
    """Read the host with a handle. Raises `Refused`."""
    host = storage.host_by_handle(tx, handle, lock=lock)
    if host is None:
        raise missing("host")
    return host
