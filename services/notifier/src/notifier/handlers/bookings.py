"""What a booking's versions mean for the mails about it."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from notifier import storage
from notifier.deliveries import Change
from notifier.deliveries.reminders import moments
from notifier.handlers.following import follow
from notifier.storage import hosts, notices
from shared.events import BookingCanceled, BookingCreated, BookingRescheduled


def booking_created(wait: timedelta, event: BookingCreated, tx: Connection, now: datetime) -> None:
    """Owe the client a confirmation and the host a notification."""
    _enter(tx, Change(event.booking.version, "booked", event.booking), now, wait)


def booking_rescheduled(wait: timedelta, event: BookingRescheduled, tx: Connection, now: datetime) -> None:
    """Both are owed the new time beside the one that they know, in place of what has not gone out."""
    booking = event.booking
    change = Change(booking.version, "rescheduled", booking, event.previous_start, event.previous_end, event.by)
    _enter(tx, change, now, wait)


def booking_canceled(wait: timedelta, event: BookingCanceled, tx: Connection, now: datetime) -> None:
    """Both are owed the news; nobody is owed a link or a reminder any more."""
    _enter(tx, Change(event.booking.version, "canceled", event.booking), now, wait)


def _enter(tx: Connection, change: Change, now: datetime, wait: timedelta) -> None:
    host = change.booking.host
    if hosts.meet(tx, host):
        notices.wake(tx, host.id, now)
    case = storage.opened(tx, change.booking.id, host.id)
    if change.version in case.changes:
        return
    storage.add_change(tx, case.booking_id, change)
    if case.newest is None or case.newest.version < change.version:
        storage.seat(tx, case.booking_id, change.booking.occupancy_id)
        storage.set_reminders(tx, case.booking_id, moments(change, now))
    follow(tx, case.having(change), now, wait)
