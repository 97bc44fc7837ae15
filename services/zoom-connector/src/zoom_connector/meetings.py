"""The rules of a meeting: what it should be, what Zoom has, and the one next thing to do. No database, no network."""

import math
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

LONGEST_TOPIC = 200
LONGEST_AGENDA = 2000
LONGEST_DURATION = 1440
"""Minutes, Zoom's limit."""


@dataclass(frozen=True)
class Wanted:
    """The meeting as the booking wants it: `start` in UTC, `duration` in minutes, `timezone` for Zoom's own display."""

    marker: str
    topic: str
    agenda: str
    start: datetime
    duration: int
    timezone: str


@dataclass(frozen=True)
class Made:
    """A meeting that Zoom has. The host's own start link is not in here, and nowhere else of ours."""

    id: int
    join_url: str = field(repr=False)
    passcode: str | None = field(default=None, repr=False)
    start: datetime | None = None
    duration: int | None = None
    topic: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Intent:
    """A create that was begun and whose end we do not know yet. `start` is the time that was asked for.

    An empty look counts from `settled_at` on: before that, Zoom may still be at work on it.
    """

    begun_at: datetime
    start: datetime
    settled_at: datetime


@dataclass(frozen=True)
class Meeting:
    """One booking's meeting: desired state, what Zoom has, and the open intent."""

    id: str
    host_id: str
    version: int
    live: bool
    wanted: Wanted
    end: datetime
    made: Made | None
    intent: Intent | None


class Action(Enum):
    """The next thing to do about a meeting. The first four need Zoom."""

    LOOK = "look"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    ANNOUNCE_READY = "announce ready"
    ANNOUNCE_REMOVED = "announce removed"
    GIVE_UP = "give up"

    @property
    def needs_zoom(self) -> bool:
        """Say whether Zoom has to be called."""
        return self in (Action.LOOK, Action.CREATE, Action.UPDATE, Action.DELETE)

    @property
    def writes(self) -> bool:
        """Say whether it counts against the host's daily quota of creates and updates."""
        return self in (Action.CREATE, Action.UPDATE)


def decide(meeting: Meeting, now: datetime) -> Action:
    """Say what closes the difference between what should be and what is."""
    if meeting.intent is not None:
        # Also when the booking is canceled by now: what may have been made has to be found to be deleted.
        return Action.LOOK
    if not meeting.live:
        return Action.ANNOUNCE_REMOVED if meeting.made is None else Action.DELETE
    if meeting.made is None:
        return Action.CREATE if meeting.end > now else Action.GIVE_UP
    # Zoom takes no change into the past: what is over stays as it was.
    return Action.UPDATE if differs(meeting.wanted, meeting.made) and meeting.end > now else Action.ANNOUNCE_READY


def differs(wanted: Wanted, made: Made) -> bool:
    """Say whether Zoom has another time, length or topic than the booking."""
    return (wanted.start, wanted.duration, wanted.topic) != (made.start, made.duration, made.topic)


def marker(booking_id: str) -> str:
    """Give the words at the start of an agenda by which we know a meeting as ours. Invitees may see them."""
    return f"[punctual:{booking_id}]"


def wanted(
    *,
    booking_id: str,
    title: str,
    client: str,
    description: str,
    start: datetime,
    end: datetime,
    timezone: str,
) -> Wanted:
    """Describe the meeting of a booking within Zoom's limits."""
    mark = marker(booking_id)
    # The marker comes first, because lists show only the first 250 characters.
    agenda = f"{mark}\n{description}".strip()[:LONGEST_AGENDA]
    minutes = math.ceil((end - start) / timedelta(minutes=1))
    return Wanted(
        marker=mark,
        topic=_one_line(f"{title}: {client}")[:LONGEST_TOPIC].rstrip(),
        agenda=agenda,
        start=start,
        duration=min(max(minutes, 1), LONGEST_DURATION),
        timezone=timezone,
    )


def _one_line(text: str) -> str:
    return " ".join("".join(" " if unicodedata.category(c).startswith(("Cc", "Z")) else c for c in text).split())
