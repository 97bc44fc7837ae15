"""What every handler ends with: the plan is made anew and done, all in the transaction that learned something."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from notifier import storage
from notifier.deliveries import Correspondence, plan, reminding, revived


def follow(tx: Connection, case: Correspondence, now: datetime, wait: timedelta) -> None:
    """Make the rows what is owed about this booking."""
    storage.apply(tx, case.booking_id, plan(case, now=now, wait=wait))


def replan(tx: Connection, booking_id: str, now: datetime, wait: timedelta) -> None:
    """Compare what is owed about a booking with its rows, and make them so."""
    case = storage.locked(tx, booking_id)
    if case is not None:
        follow(tx, case, now, wait)


def remind(tx: Connection, booking_id: str, now: datetime, wait: timedelta) -> None:
    """Owe the reminder whose moment has come. Of several that are late at once only the last is of use.

    The host of a group session is reminded once, not for each seat.
    """
    case = storage.locked(tx, booking_id)
    minutes = storage.take_reminders(tx, booking_id, now)
    if case is None or not minutes:
        return
    due = reminding(case, minutes[0], now)
    if storage.host_is_reminded(tx, booking_id, minutes[0]):
        due = tuple(delivery for delivery in due if delivery.recipient != "host")
    storage.add(tx, booking_id, due)
    follow(tx, replace(case, deliveries=case.deliveries + due), now, wait)


def try_again(tx: Connection, booking_id: str, host_id: str, now: datetime, wait: timedelta) -> None:
    """Make the unsent mails of a host's booking due now, whatever back-off they wait in."""
    case = storage.locked(tx, booking_id)
    if case is None or case.host_id != host_id:
        return
    storage.revive(tx, [delivery.id for delivery in revived(case, now)])
    replan(tx, booking_id, now, wait)
