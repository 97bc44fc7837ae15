"""Erases a host and all that is kept of the host and of the host's clients."""

from datetime import datetime

from sqlalchemy import Connection, delete, or_, select

from booking.bookings import Booking
from booking.storage.bookings import all_of
from booking.storage.tables import BOOKINGS, HOSTS, IDEMPOTENCY_KEYS, OCCUPANCIES, SESSION_TYPES, TIMELINE
from shared.inbox import INBOX


def future_bookings(tx: Connection, host_id: str, now: datetime) -> list[Booking]:
    """List what stands and has not begun, in the order of its start."""
    ahead = (BOOKINGS.c.host_id == host_id) & (BOOKINGS.c.starts_at > now) & (BOOKINGS.c.status == "confirmed")
    return all_of(tx, select(BOOKINGS).where(ahead).order_by(BOOKINGS.c.starts_at, BOOKINGS.c.id))


def erase_host(tx: Connection, host_id: str) -> None:
    """Delete the host and everything that hangs on it; the handle and the address are free again."""
    of_host = select(BOOKINGS.c.id).where(BOOKINGS.c.host_id == host_id)
    # First, as whoever handles an event holds its row before the booking's. What is done holds nothing any more.
    unfinished = INBOX.c.state.in_(("waiting", "parked"))
    tx.execute(delete(INBOX).where(unfinished, or_(INBOX.c.subject == host_id, INBOX.c.subject.in_(of_host))))
    # Whoever is about to add a line to a timeline is waited for, or finds no booking.
    tx.execute(of_host.with_for_update()).all()
    for table in (IDEMPOTENCY_KEYS, TIMELINE):
        tx.execute(delete(table).where(table.c.booking_id.in_(of_host)))
    for table in (BOOKINGS, OCCUPANCIES, SESSION_TYPES):
        tx.execute(delete(table).where(table.c.host_id == host_id))
    tx.execute(delete(HOSTS).where(HOSTS.c.id == host_id))
