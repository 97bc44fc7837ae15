"""What follows for a booking from what the connector says about its meeting.

News that is not newer than what was heard already is passed over; news about an older version of the booking makes
a line in the timeline and moves no state. A join link is on the booking only, never in the timeline.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from booking import storage
from booking.bookings import Booking, News, Video
from booking.storage import Line
from shared import logs
from shared.events import (
    MeetingDelayed,
    MeetingFailed,
    MeetingReady,
    MeetingRemoved,
    MeetingUnavailable,
    ZoomConnected,
    ZoomDisconnected,
    ZoomNeedsReconnect,
)

log = logs.get(__name__)

MeetingNews = MeetingReady | MeetingDelayed | MeetingUnavailable | MeetingFailed | MeetingRemoved


def client_can_be_told_where(event: MeetingReady, tx: Connection, now: datetime) -> None:
    """Show the link; it is good for the booked time."""
    video = Video("zoom", "ready", event.join_url, event.passcode)
    _take_in(tx, event, video, _sentences("The Zoom meeting is ready", event.note), now=now)


def link_comes_later(event: MeetingDelayed, tx: Connection, now: datetime) -> None:
    """Say that the link is on its way and late."""
    next_attempt_at = event.next_attempt_at.isoformat() if event.next_attempt_at else None
    detail = {"reason": event.reason, "attempts": event.attempts, "next_attempt_at": next_attempt_at}
    text = _sentences("The Zoom meeting is delayed and will be tried again", event.reason)
    _take_in(tx, event, Video("zoom", "delayed"), text, now=now, detail=detail)


def link_waits_for_connection(event: MeetingUnavailable, tx: Connection, now: datetime) -> None:
    """Say that the link comes once the host has connected Zoom."""
    text = _sentences("The Zoom meeting waits until Zoom is connected", event.reason)
    _take_in(tx, event, Video("zoom", "unavailable"), text, now=now, detail={"reason": event.reason})


def link_will_not_come(event: MeetingFailed, tx: Connection, now: datetime) -> None:
    """Say that the host has to find another way: Zoom refuses for good."""
    text = _sentences("Zoom refused the meeting", event.reason)
    _take_in(tx, event, Video("zoom", "failed"), text, now=now, detail={"code": event.code, "reason": event.reason})


def link_is_gone(event: MeetingRemoved, tx: Connection, now: datetime) -> None:
    """Take the link away: nothing is left in Zoom that anybody could join."""
    happened = "The meeting was deleted in Zoom" if event.cause == "deleted_in_zoom" else "No meeting is left in Zoom"
    text = _sentences(happened, event.note)
    _take_in(tx, event, Video("zoom", "removed"), text, now=now, detail={"cause": event.cause})


def connection_changed(
    event: ZoomConnected | ZoomDisconnected | ZoomNeedsReconnect,
    tx: Connection,  # noqa: ARG001
    now: datetime,  # noqa: ARG001
) -> None:
    """Log it; no booking changes: links that were made stay good, and news of each meeting comes by itself."""
    log.info("zoom_connection_changed", type=event.type, host_id=event.host_id)


def _take_in(
    tx: Connection,
    event: MeetingNews,
    video: Video,
    text: str,
    *,
    now: datetime,
    detail: dict[str, Any] | None = None,
) -> None:
    booking = storage.booking(tx, event.booking_id, lock=True)
    if booking is None:
        log.warning("news_of_unknown_booking", type=event.type, booking_id=event.booking_id)
        return
    news = News(event.booking_version, event.revision)
    if booking.has_heard(news):
        return
    storage.save_booking(tx, booking.with_news(news, video, now))
    line = Line(now, event.type, text + _which_version(booking, news), detail)
    storage.note(tx, booking.id, f"meeting:{event.revision}", line)


def _which_version(booking: Booking, news: News) -> str:
    return "" if news.booking_version >= booking.version else " This was before the latest change of the booking."


def _sentences(first: str, second: str | None) -> str:
    more = (second or "").strip()
    return f"{first}." if not more else f"{first}: {more.rstrip('.')}."
