"""What each event means for the mails: it is entered, then the plan is made anew, all in the inbox's transaction.

Nothing is sent from here.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection

from notifier.handlers import accounts, bookings, connections, hosts, meetings
from notifier.handlers.following import remind, replan, try_again
from shared import events
from shared.inbox import Handler, Handlers

ABOUT_BOOKINGS: dict[type[events.Event], Callable[[timedelta, Any, Connection, datetime], None]] = {
    events.BookingCreated: bookings.booking_created,
    events.BookingRescheduled: bookings.booking_rescheduled,
    events.BookingCanceled: bookings.booking_canceled,
    events.MeetingReady: meetings.meeting_ready,
    events.MeetingDelayed: meetings.meeting_delayed,
    events.MeetingUnavailable: meetings.meeting_unavailable,
    events.MeetingFailed: meetings.meeting_failed,
    events.MeetingMoved: meetings.meeting_moved,
    events.MeetingRemoved: meetings.meeting_removed,
}
ABOUT_HOSTS: dict[type[events.Event], Handler] = {
    events.ZoomConnected: connections.zoom_connected,
    events.ZoomDisconnected: connections.zoom_disconnected,
    events.ZoomNeedsReconnect: connections.zoom_needs_reconnect,
    events.ZoomLinksWaiting: connections.zoom_links_waiting,
    events.HostChanged: hosts.host_changed,
    events.HostRemoved: hosts.host_removed,
    events.AccountMailRequested: accounts.account_mail_requested,
}


def waiting(wait: timedelta) -> Handlers:
    """Give the handlers with the time that a first mail waits for its link."""
    return ABOUT_HOSTS | {event: partial(handler, wait) for event, handler in ABOUT_BOOKINGS.items()}


__all__ = ["remind", "replan", "try_again", "waiting"]
