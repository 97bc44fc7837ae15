"""What each event means for the mails: it is entered, then the plan is made anew, all in the inbox's transaction.

Nothing is sent from here. Events about hosts' Zoom connections have no line: they name no booking.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection

from notifier import storage
from notifier.deliveries import Change, Correspondence, Meeting, plan, revived
from shared.events import (
    BookingCanceled,
    BookingCreated,
    BookingRescheduled,
    Event,
    MeetingDelayed,
    MeetingFailed,
    MeetingReady,
    MeetingRemoved,
    MeetingUnavailable,
)
from shared.inbox import Handlers

MeetingEvent = MeetingReady | MeetingDelayed | MeetingUnavailable | MeetingFailed | MeetingRemoved


def booking_created(wait: timedelta, event: BookingCreated, tx: Connection, now: datetime) -> None:
    """Owe the client a confirmation and the host a notification."""
    _enter(tx, Change(event.booking.version, "booked", event.booking), now, wait)


def booking_rescheduled(wait: timedelta, event: BookingRescheduled, tx: Connection, now: datetime) -> None:
    """Both are owed the new time beside the old one; an older mail that still waits goes out first."""
    change = Change(event.booking.version, "rescheduled", event.booking, event.previous_start, event.previous_end)
    _enter(tx, change, now, wait)


def booking_canceled(wait: timedelta, event: BookingCanceled, tx: Connection, now: datetime) -> None:
    """Both are owed the news; nobody is owed a link any more."""
    _enter(tx, Change(event.booking.version, "canceled", event.booking), now, wait)


def meeting_ready(wait: timedelta, event: MeetingReady, tx: Connection, now: datetime) -> None:
    """Mails that wait can go out with the link; whoever was told to wait is owed it in a mail of its own."""
    _learn(tx, event, now, wait, state="ready", join_url=event.join_url, passcode=event.passcode, reason=event.note)


def meeting_delayed(wait: timedelta, event: MeetingDelayed, tx: Connection, now: datetime) -> None:
    """Mails that can't wait longer can say why there is no link yet."""
    _learn(tx, event, now, wait, state="delayed", reason=event.reason)


def meeting_unavailable(wait: timedelta, event: MeetingUnavailable, tx: Connection, now: datetime) -> None:
    """There is nothing to wait for: the mails go out and say that Zoom isn't connected."""
    _learn(tx, event, now, wait, state="unavailable", reason=event.reason)


def meeting_failed(wait: timedelta, event: MeetingFailed, tx: Connection, now: datetime) -> None:
    """There is nothing to wait for: the mails say that no link comes, and a host who was told otherwise hears it."""
    _learn(tx, event, now, wait, state="failed", reason=event.reason)


def meeting_removed(wait: timedelta, event: MeetingRemoved, tx: Connection, now: datetime) -> None:
    """No mail gives the link from now on: it no longer holds."""
    _learn(tx, event, now, wait, state="removed")


HANDLERS: dict[type[Event], Callable[[timedelta, Any, Connection, datetime], None]] = {
    BookingCreated: booking_created,
    BookingRescheduled: booking_rescheduled,
    BookingCanceled: booking_canceled,
    MeetingReady: meeting_ready,
    MeetingDelayed: meeting_delayed,
    MeetingUnavailable: meeting_unavailable,
    MeetingFailed: meeting_failed,
    MeetingRemoved: meeting_removed,
}


def waiting(wait: timedelta) -> Handlers:
    """Give the handlers with the time that a first mail waits for its link."""
    return {event: partial(handler, wait) for event, handler in HANDLERS.items()}


def try_again(tx: Connection, booking_id: str, host_id: str, now: datetime, wait: timedelta) -> None:
    """Make the unsent mails of a host's booking due now, whatever back-off they wait in."""
    case = storage.locked(tx, booking_id)
    if case is None or case.host_id != host_id:
        return
    storage.revive(tx, [delivery.id for delivery in revived(case)])
    replan(tx, booking_id, now, wait)


def replan(tx: Connection, booking_id: str, now: datetime, wait: timedelta) -> None:
    """Compare what is owed about a booking with its rows, and make them so."""
    case = storage.locked(tx, booking_id)
    if case is not None:
        _follow(tx, case, now, wait)


def _enter(tx: Connection, change: Change, now: datetime, wait: timedelta) -> None:
    case = storage.opened(tx, change.booking.id, change.booking.host.id)
    if change.version in case.changes:
        return
    storage.add_change(tx, case.booking_id, change)
    _follow(tx, replace(case, changes={**case.changes, change.version: change}), now, wait)


def _learn(tx: Connection, event: MeetingEvent, now: datetime, wait: timedelta, **news: Any) -> None:
    case = storage.opened(tx, event.booking_id, event.host_id)
    if case.meeting is not None and case.meeting.revision >= event.revision:
        return
    meeting = Meeting(event.booking_version, event.revision, **news)
    storage.save_meeting(tx, case.booking_id, meeting)
    _follow(tx, replace(case, meeting=meeting), now, wait)


def _follow(tx: Connection, case: Correspondence, now: datetime, wait: timedelta) -> None:
    storage.apply(tx, case.booking_id, plan(case, now=now, wait=wait))
