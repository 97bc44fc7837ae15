"""When people are reminded of a session. A reminder is a row with its moment; it becomes a mail when that has come."""

from datetime import datetime, timedelta

from notifier.deliveries.known import Change, Correspondence, Delivery


def moment(change: Change, minutes: int) -> datetime:
    """Give when to remind, `minutes` before the start."""
    return change.booking.start - timedelta(minutes=minutes)


def moments(change: Change, now: datetime) -> dict[int, datetime]:
    """Give the moments at which to remind of this version, by their minutes before the start.

    None lies before the booking was made or moved: whoever does that at noon needs no reminder of that morning.
    """
    if change.what == "canceled":
        return {}
    made = change.booking.created_at if change.what == "booked" else now
    wanted = {minutes: moment(change, minutes) for minutes in change.booking.session_type.reminders if minutes > 0}
    return {minutes: at for minutes, at in wanted.items() if at > made}


def still_reminds(case: Correspondence, delivery: Delivery, now: datetime) -> bool:
    """Say whether a reminder is of use: not after the start, not of what no longer holds, not beside a later one."""
    newest = case.newest
    if newest is None or newest.version != delivery.version or newest.what == "canceled" or now >= newest.booking.start:
        return False
    return not any(
        other.is_reminder and other.turn < delivery.turn and now >= moment(newest, other.turn)
        for other in case.line(delivery.recipient)
        if other.version == delivery.version
    )


def earliest(case: Correspondence, delivery: Delivery) -> datetime | None:
    """Give the moment before which this mail must not go out: clocks may be set back after it was taken up."""
    change = case.changes.get(delivery.version)
    return moment(change, delivery.turn) if delivery.is_reminder and change is not None else None


def latest(case: Correspondence, delivery: Delivery) -> datetime | None:
    """Give the moment from which on this mail is of no use."""
    change = case.changes.get(delivery.version)
    return change.booking.start if delivery.is_reminder and change is not None else None


def is_too_late(case: Correspondence, delivery: Delivery, now: datetime) -> bool:
    """Say whether the session that this reminds of has begun, so that people are to hear that it did not go out."""
    newest, begins = case.newest, latest(case, delivery)
    holds = newest is not None and newest.version == delivery.version and newest.what != "canceled"
    return holds and begins is not None and now >= begins
