"""What is told to the other services about a seat in a meeting, and in which words to the host."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from shared.events import (
    Event,
    MeetingDelayed,
    MeetingFailed,
    MeetingMoved,
    MeetingReady,
    MeetingRemoved,
    MeetingUnavailable,
)

CAUSES = ("deleted_in_zoom", "accepted")
"""Why a live booking has no meeting any more; these are codes of a removal."""
AGAIN = timedelta(minutes=5)
"""A wait that goes on for the same reason is told of this often, with the count of attempts."""

READY, DELAYED, UNAVAILABLE, FAILED, REMOVED = "ready", "delayed", "unavailable", "failed", "removed"
MOVED = "moved"

REMAINS = "remains"
"""The code of a removal after which Zoom still has the meeting."""

DELAYS = {
    "outage": "Zoom does not answer. It is tried again by itself.",
    "checking": "Zoom's answer was lost. Before anything is made again, we look whether the meeting exists.",
    "blind": (
        "Zoom's answer was lost, and the permission to look (meeting:read:list_meetings) is not granted."
        " The meeting is made again in a few minutes; a stray one may exist in Zoom."
    ),
    "second": "Zoom takes only so many calls a second. It is tried again by itself.",
    "day": "Zoom's daily limit of calls for this account is used up. It goes on by itself when Zoom allows it.",
    "user_day": "Zoom's daily limit of 100 new and changed meetings is used up. It goes on by itself at 00:00 UTC.",
    "meeting_busy": "The meeting is in progress in Zoom. It is tried again later.",
    "token_rejected": "Zoom does not take a freshly renewed token. It is tried again by itself.",
    "token_store": "The store of Zoom tokens can't be used just now. It is tried again by itself.",
    "client_invalid": "Zoom does not know this installation's credentials. Its operator has to correct them.",
    "waiting": "Zoom takes only so many calls a second, or answers slowly: this meeting waits for its turn.",
}

NOT_CONNECTED = "Zoom is not connected. The meeting is made as soon as it is."
REMAINS_UNCONNECTED = "Zoom is not connected, so the meeting may remain there. It is deleted on reconnecting."
SCOPES = "Zoom says that a permission is missing. Please connect Zoom again and allow everything that is asked for."
ACCOUNT_GONE = "Zoom no longer knows this user. Please connect Zoom again."
NO_LEAVE_TO_DELETE = (
    "The meeting remains in Zoom: the permission to delete (meeting:delete:meeting) is not granted."
    " Please delete it there."
)
OLD_REMAINS = (
    "The earlier meeting remains in Zoom: neither the permission to change it (meeting:update:meeting)"
    " nor to delete it (meeting:delete:meeting) is granted. Please delete it there."
)
FOREIGN = "The earlier meeting remains in Zoom: it belongs to another Zoom account than the one that is connected now."
OVER = "The session was over before Zoom could make its meeting."
STRAY = "Zoom's answer to a first attempt was lost and could not be looked up: a stray meeting may exist in Zoom."
REFUSALS = {
    200: "Zoom asks for a paid account for this.",
    300: "Zoom does not take the meeting's data (code 300).",
    3161: "Zoom does not allow this user to schedule meetings. The administrator of the Zoom account can.",
}


@dataclass(frozen=True)
class Saying:
    """Something to tell. `code` is what it is about, so that it is not told again for the same cause."""

    state: str
    code: str = ""
    reason: str = ""


def delayed(code: str) -> Saying:
    """Say that it takes longer, and why."""
    return Saying(DELAYED, code, DELAYS[code])


def unavailable(*, live: bool, reason: str | None = None) -> Saying:
    """Say that nothing can be done without a connection."""
    return Saying(UNAVAILABLE, "not_connected", reason or (NOT_CONNECTED if live else REMAINS_UNCONNECTED))


def refused(code: int, *, live: bool) -> Saying:
    """Say that Zoom refuses for good."""
    reason = REFUSALS.get(code, f"Zoom refuses it (code {code}).")
    return Saying(FAILED, f"zoom_{code}", reason if live else f"{reason} The meeting remains in Zoom.")


def ready() -> Saying:
    """Say where to join."""
    return Saying(READY)


def moved(start: datetime | None) -> Saying:
    """Say that the host has moved it in Zoom; another time there is another thing to say."""
    return Saying(MOVED, start.isoformat() if start else "")


def over() -> Saying:
    """Say that it is too late for a meeting."""
    return Saying(FAILED, "over", OVER)


def removed(cause: str = "") -> Saying:
    """Say that there is no meeting any more: because it was canceled, or for a cause of the host's."""
    return Saying(REMOVED, cause)


def news(seat: Row[Any], saying: Saying, now: datetime) -> bool:
    """Say whether this was not told yet, or is a wait that goes on."""
    if (seat.said, seat.said_version, seat.said_code) != (saying.state, seat.version, saying.code):
        return not _final(seat) or (seat.said_code == REMAINS and saying.state == REMOVED)
    return saying.state == DELAYED and now - seat.said_at >= AGAIN


def _final(seat: Row[Any]) -> bool:
    """Say whether a canceled booking's seat was told that it is over; what others still wait for is not its news."""
    return not seat.live and (seat.said, seat.said_version) == (REMOVED, seat.version)


def event(seat: Row[Any], row: Row[Any], saying: Saying, next_attempt_at: datetime | None, *, replaced: bool) -> Event:
    """Put it into an event about the seat, which already has its new revision. `row` is the meeting's."""
    about: dict[str, Any] = {
        "booking_id": seat.id,
        "host_id": seat.host_id,
        "booking_version": seat.version,
        "revision": seat.revision,
    }
    match saying.state:
        case "ready":
            place = {"join_url": row.join_url, "passcode": row.passcode}
            return MeetingReady(**about, **place, replaced=replaced, note=row.note)
        case "moved":
            length = timedelta(minutes=row.moved_duration or row.duration)
            return MeetingMoved(**about, start=row.moved_start, end=row.moved_start + length)
        case "delayed":
            return MeetingDelayed(**about, reason=saying.reason, attempts=row.attempts, next_attempt_at=next_attempt_at)
        case "unavailable":
            return MeetingUnavailable(**about, reason=saying.reason)
        case "failed":
            return MeetingFailed(**about, code=saying.code, reason=saying.reason)
        case _:
            cause = saying.code if saying.code in CAUSES else "canceled"
            return MeetingRemoved(**about, cause=cause, note=row.note if saying.code == REMAINS else None)
