"""What follows for a booking from what the connector says about its meeting.

News that is not newer than what was heard already is passed over; news about an older version of the booking makes
a line in the timeline and moves no state. A join link is on the booking only, never in the timeline.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from booking import storage
from booking.bookings import Booking, News, RemovedBecause, Stretch, Video
from booking.handlers.sentences import joined, when
from booking.storage import Line
from shared import logs
from shared.events import (
    MeetingDelayed,
    MeetingFailed,
    MeetingMoved,
    MeetingReady,
    MeetingRemoved,
    MeetingUnavailable,
    ZoomConnected,
    ZoomDisconnected,
    ZoomLinksWaiting,
    ZoomNeedsReconnect,
)

log = logs.get(__name__)

MeetingState = MeetingReady | MeetingDelayed | MeetingUnavailable | MeetingFailed | MeetingRemoved
CAUSES: Mapping[str, RemovedBecause] = {
    "canceled": "canceled",
    "deleted_in_zoom": "deleted_in_zoom",
    "accepted": "accepted",
}


def client_can_be_told_where(event: MeetingReady, tx: Connection, now: datetime) -> None:
    """Show the link; it is good for the booked time."""
    before = _unheard(tx, event)
    if before is not None:
        video = Video("zoom", "ready", event.join_url, event.passcode)
        _take_in(tx, before, event, video, joined(_ready(before, event), event.note), now=now)


def _ready(before: Booking, event: MeetingReady) -> str:
    if event.replaced:
        return "Another Zoom meeting takes the place of the one before; the link has changed"
    if event.booking_version >= before.version and before.video.moved_to is not None:
        return "The Zoom meeting is at the booked time again"
    return "The Zoom meeting is ready"


def link_comes_later(event: MeetingDelayed, tx: Connection, now: datetime) -> None:
    """Say that the link is on its way and late."""
    before = _unheard(tx, event)
    if before is not None:
        next_attempt_at = event.next_attempt_at.isoformat() if event.next_attempt_at else None
        detail = {"reason": event.reason, "attempts": event.attempts, "next_attempt_at": next_attempt_at}
        text = joined("The Zoom meeting is delayed and will be tried again", event.reason)
        _take_in(tx, before, event, Video("zoom", "delayed"), text, now=now, detail=detail)


def link_waits_for_connection(event: MeetingUnavailable, tx: Connection, now: datetime) -> None:
    """Say that the link comes once the host has connected Zoom."""
    before = _unheard(tx, event)
    if before is not None:
        text = joined("The Zoom meeting waits", event.reason)
        _take_in(tx, before, event, Video("zoom", "unavailable"), text, now=now, detail={"reason": event.reason})


def link_will_not_come(event: MeetingFailed, tx: Connection, now: datetime) -> None:
    """Say that the host has to find another way: Zoom refuses for good."""
    before = _unheard(tx, event)
    if before is not None:
        text, detail = joined("Zoom refused the meeting", event.reason), {"code": event.code, "reason": event.reason}
        _take_in(tx, before, event, Video("zoom", "failed"), text, now=now, detail=detail)


def link_is_gone(event: MeetingRemoved, tx: Connection, now: datetime) -> None:
    """Take the link away: the booking has no meeting that anybody could join."""
    before = _unheard(tx, event)
    if before is not None:
        because = CAUSES.get(event.cause, "canceled" if before.status == "canceled" else "deleted_in_zoom")
        # With a note something is left in Zoom, and then the note alone is the truth.
        text = event.note or joined(_gone(before, because), None)
        video = Video("zoom", "removed", removed_because=because)
        _take_in(tx, before, event, video, text, now=now, detail={"cause": event.cause})


def _gone(before: Booking, because: RemovedBecause) -> str:
    if because == "deleted_in_zoom":
        return "The meeting was deleted in Zoom; the booking stands and has no link until the meeting is restored"
    if because == "accepted":
        return "The host lets it take place without the meeting that was deleted in Zoom"
    if before.group_id is not None:
        return "The seat in the group's Zoom meeting was given back"
    return "No meeting is left in Zoom"


def meeting_is_elsewhere(event: MeetingMoved, tx: Connection, now: datetime) -> None:
    """Show where the host moved it in Zoom; the link stays good, and the booking's time is the host's to change."""
    booking = _booking(tx, event)
    news = News(event.booking_version, event.revision)
    if booking is None or booking.has_heard_move(news):
        return
    storage.save_booking(tx, booking.with_move(news, Stretch(event.start, event.end), now))
    host = storage.host(tx, booking.host_id)
    times = f"to {when(event.start, host)}; the booking stays at {when(booking.start, host)}" if host else "away"
    detail = {"start": event.start.isoformat(), "end": event.end.isoformat()}
    _note(tx, booking, event, f"The meeting was moved in Zoom {times}.", detail, now=now)


def connection_changed(
    event: ZoomConnected | ZoomDisconnected | ZoomNeedsReconnect | ZoomLinksWaiting,
    tx: Connection,  # noqa: ARG001
    now: datetime,  # noqa: ARG001
) -> None:
    """Log it; no booking changes: links that were made stay good, and news of each meeting comes by itself."""
    log.info("zoom_connection_changed", type=event.type, host_id=event.host_id)


def _unheard(tx: Connection, event: MeetingState) -> Booking | None:
    booking = _booking(tx, event)
    heard = booking is not None and booking.has_heard(News(event.booking_version, event.revision))
    return None if heard else booking


def _booking(tx: Connection, event: MeetingState | MeetingMoved) -> Booking | None:
    booking = storage.booking(tx, event.booking_id, lock=True)
    if booking is None:
        log.warning("news_of_unknown_booking", type=event.type, booking_id=event.booking_id)
    return booking


def _take_in(
    tx: Connection,
    before: Booking,
    event: MeetingState,
    video: Video,
    text: str,
    *,
    now: datetime,
    detail: dict[str, Any] | None = None,
) -> None:
    storage.save_booking(tx, before.with_news(News(event.booking_version, event.revision), video, now))
    _note(tx, before, event, text, detail, now=now)


def _note(
    tx: Connection,
    booking: Booking,
    event: MeetingState | MeetingMoved,
    text: str,
    detail: dict[str, Any] | None,
    *,
    now: datetime,
) -> None:
    late = "" if event.booking_version >= booking.version else " This was before the latest change of the booking."
    storage.note(tx, booking.id, f"meeting:{event.revision}", Line(now, event.type, text + late, detail))
