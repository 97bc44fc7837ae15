"""What the connector's news about a booking's meeting mean for the mails about it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from notifier import storage
from notifier.deliveries import Meeting
from notifier.handlers.following import follow
from notifier.storage import hosts
from shared.events import (
    MeetingDelayed,
    MeetingFailed,
    MeetingMoved,
    MeetingReady,
    MeetingRemoved,
    MeetingUnavailable,
)

MeetingEvent = MeetingReady | MeetingDelayed | MeetingUnavailable | MeetingFailed | MeetingMoved | MeetingRemoved


def meeting_ready(wait: timedelta, event: MeetingReady, tx: Connection, now: datetime) -> None:
    """Mails that wait can go out with the link; whoever knows none, or another one, is owed it in a mail of its own."""
    _learn(tx, event, now, wait, state="ready", join_url=event.join_url, passcode=event.passcode, reason=event.note)


def meeting_delayed(wait: timedelta, event: MeetingDelayed, tx: Connection, now: datetime) -> None:
    """Mails that can't wait longer can say why there is no link yet."""
    _learn(tx, event, now, wait, state="delayed", reason=event.reason)


def meeting_unavailable(wait: timedelta, event: MeetingUnavailable, tx: Connection, now: datetime) -> None:
    """There is nothing to wait for: the mails go out and say that Zoom isn't connected."""
    _learn(tx, event, now, wait, state="unavailable", reason=event.reason)


def meeting_failed(wait: timedelta, event: MeetingFailed, tx: Connection, now: datetime) -> None:
    """There is nothing to wait for: the mails say that no link comes, and a host who was told otherwise hears it."""
    _learn(tx, event, now, wait, state="failed", reason=event.reason, cause=event.code)


def meeting_moved(wait: timedelta, event: MeetingMoved, tx: Connection, now: datetime) -> None:
    """Ask the host what is to hold; the client hears nothing until that is decided. The link stays."""
    _learn(tx, event, now, wait, state="ready", moved=(event.start, event.end))


def meeting_removed(wait: timedelta, event: MeetingRemoved, tx: Connection, now: datetime) -> None:
    """No mail gives the link from now on. The host hears of it, and the client once the host keeps it so."""
    _learn(tx, event, now, wait, state="removed", cause=event.cause)


def _learn(tx: Connection, event: MeetingEvent, now: datetime, wait: timedelta, **news: Any) -> None:
    # What is still said about a removed host's meetings must not bring back a row that was erased.
    if hosts.is_removed(tx, event.host_id) and storage.locked(tx, event.booking_id) is None:
        return
    case = storage.opened(tx, event.booking_id, event.host_id)
    meeting = _joined(case.meeting, Meeting(event.booking_version, event.revision, **news))
    if meeting is None:
        return
    storage.save_meeting(tx, case.booking_id, meeting)
    follow(tx, replace(case, meeting=meeting), now, wait)


def _joined(known: Meeting | None, news: Meeting) -> Meeting | None:
    """Give what is known with this news, or None when it is none. The newest revision wins.

    That a meeting was moved is told without its link. The link is the one known before, or it comes later on the bus.
    """
    if known is None:
        return news.after(None)
    if known.revision >= news.revision:
        if known.moved and not known.join_url and news.join_url:
            return replace(known, join_url=news.join_url, passcode=news.passcode, reason=news.reason)
        return None
    if news.moved and known.state == "ready":
        news = replace(news, join_url=known.join_url, passcode=known.passcode, reason=known.reason)
    return news.after(known)
