"""The rules of a meeting: what it should be, what Zoom has, and the one next thing to do. No database, no network."""

import math
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Literal

LONGEST_TOPIC = 200
LONGEST_AGENDA = 2000
LONGEST_DURATION = 1440
"""Minutes, Zoom's limit."""

UPDATE_SCOPE, DELETE_SCOPE = "meeting:update:meeting", "meeting:delete:meeting"
READ_SCOPE, LIST_SCOPE = "meeting:read:meeting", "meeting:read:list_meetings"
CLASSIC = {
    UPDATE_SCOPE: "meeting:write",
    DELETE_SCOPE: "meeting:write",
    READ_SCOPE: "meeting:read",
    LIST_SCOPE: "meeting:read",
}
"""Under which name apps from before the granular scopes have the same."""


@dataclass(frozen=True)
class Powers:
    """What the host has granted. When Zoom did not say what, everything is tried."""

    scopes: frozenset[str] = frozenset()

    def may(self, scope: str) -> bool:
        """Say whether a call that needs this scope is worth the attempt."""
        return not self.scopes or scope in self.scopes or CLASSIC[scope] in self.scopes


EVERYTHING = Powers()
UNCONNECTED = Powers(frozenset({"meeting:write"}))
"""Without a connection nothing can be asked, and what is to be done is what would be done with one."""


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
class Deviation:
    """What the host did to the meeting in Zoom, not through us; `start` and `duration` are those of a moved one.

    `accepted` is a deletion that the host wants to stand.
    """

    kind: Literal["moved", "deleted", "accepted"]
    start: datetime | None = None
    duration: int | None = None


@dataclass(frozen=True)
class Meeting:
    """One meeting: desired state, what Zoom has, the open intent, and what the host did to it.

    `doubted`: Zoom may have it otherwise than we know and is to be asked; `restoring`: what it says is to be undone.
    """

    id: str
    host_id: str
    live: bool
    wanted: Wanted
    end: datetime
    made: Made | None
    intent: Intent | None
    deviation: Deviation | None = None
    doubted: bool = False
    restoring: bool = False
    left_behind: frozenset[int] = frozenset()


class Action(Enum):
    """The next thing to do about a meeting."""

    LOOK = "look"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    """Delete it, so that another can be made: the permission to change it is not granted."""
    ABANDON = "abandon"
    """Neither changing nor deleting is granted: leave it, and make another."""
    DELETE = "delete"
    LEAVE = "leave"
    """It should go, and deleting is not granted."""
    CHECK = "check"
    ANNOUNCE_READY = "announce ready"
    ANNOUNCE_MOVED = "announce moved"
    ANNOUNCE_DELETED = "announce deleted"
    ANNOUNCE_ACCEPTED = "announce accepted"
    ANNOUNCE_REMOVED = "announce removed"
    GIVE_UP = "give up"

    @property
    def needs_zoom(self) -> bool:
        """Say whether Zoom has to be called."""
        return self in CALLS

    @property
    def writes(self) -> bool:
        """Say whether it, or what follows from it, counts against the host's daily quota of creates and updates."""
        return self in (Action.CREATE, Action.UPDATE, Action.REPLACE)


CALLS = {Action.LOOK: 3, Action.CREATE: 1, Action.UPDATE: 1, Action.REPLACE: 1, Action.DELETE: 1, Action.CHECK: 1}
"""How much of the host's calls per second each takes. A list counts double, and what it shows may be read singly."""
DEVIATIONS = {
    "moved": Action.ANNOUNCE_MOVED,
    "deleted": Action.ANNOUNCE_DELETED,
    "accepted": Action.ANNOUNCE_ACCEPTED,
}


def decide(meeting: Meeting, now: datetime, powers: Powers = EVERYTHING) -> Action:
    """Say what closes the difference between what should be and what is."""
    if meeting.intent is not None:
        # Also when the booking is canceled by now: what may have been made has to be found to be deleted.
        return Action.LOOK
    if not meeting.live:
        return _end(meeting, powers)
    if meeting.made is None:
        return Action.CREATE if meeting.end > now else Action.GIVE_UP
    return _keep(meeting, meeting.made, now, powers)


def _keep(meeting: Meeting, made: Made, now: datetime, powers: Powers) -> Action:
    if meeting.doubted and meeting.wanted.start > now and powers.may(READ_SCOPE):
        return Action.CHECK
    if meeting.deviation is not None:
        return DEVIATIONS[meeting.deviation.kind]
    # Zoom takes no change into the past: what is over stays as it was.
    due = meeting.end > now and differs(meeting.wanted, made)
    return _change(powers) if due else Action.ANNOUNCE_READY


def _change(powers: Powers) -> Action:
    if powers.may(UPDATE_SCOPE):
        return Action.UPDATE
    return Action.REPLACE if powers.may(DELETE_SCOPE) else Action.ABANDON


def _end(meeting: Meeting, powers: Powers) -> Action:
    gone = meeting.deviation is not None and meeting.deviation.kind != "moved"
    if meeting.made is None or gone:
        return Action.ANNOUNCE_REMOVED
    return Action.DELETE if powers.may(DELETE_SCOPE) else Action.LEAVE


def differs(wanted: Wanted, made: Made) -> bool:
    """Say whether Zoom has another time, length or topic than the booking."""
    return (wanted.start, wanted.duration, wanted.topic) != (made.start, made.duration, made.topic)


def followed(meeting: Meeting, wanted: Wanted) -> Meeting:
    """Give the meeting as it is for somebody who now wants this of it.

    Another time ends what the host did in Zoom; the time to which the host moved it is what Zoom has already.
    """
    deviation, made = meeting.deviation, meeting.made
    if deviation is not None and made is not None:
        if wanted.start == deviation.start:
            made = replace(made, start=wanted.start, duration=wanted.duration)
            return replace(meeting, wanted=wanted, made=made, deviation=None)
        if wanted.start != meeting.wanted.start:
            meeting = undone(meeting)
    return replace(meeting, wanted=wanted)


def undone(meeting: Meeting) -> Meeting:
    """Give the meeting without what the host did in Zoom, so that it is put back, or made anew, as it should be."""
    deviation, made = meeting.deviation, meeting.made
    if deviation is None or made is None:
        return meeting
    if deviation.kind == "moved":
        made = replace(made, start=deviation.start, duration=deviation.duration)
        return replace(meeting, made=made, deviation=None)
    return replace(meeting, made=None, deviation=None)


def marker(meeting_id: str) -> str:
    """Give the words at the start of an agenda by which we know a meeting as ours. Invitees may see them."""
    return f"[punctual:{meeting_id}]"


def wanted(
    *,
    meeting_id: str,
    title: str,
    client: str | None,
    description: str,
    start: datetime,
    end: datetime,
    timezone: str,
) -> Wanted:
    """Describe a meeting within Zoom's limits. Of a group session no `client` is named: the others would read it."""
    mark = marker(meeting_id)
    # The marker comes first, because lists show only the first 250 characters.
    agenda = f"{mark}\n{description}".strip()[:LONGEST_AGENDA]
    minutes = math.ceil((end - start) / timedelta(minutes=1))
    return Wanted(
        marker=mark,
        topic=_one_line(title if client is None else f"{title}: {client}")[:LONGEST_TOPIC].rstrip() or "Session",
        agenda=agenda,
        start=start,
        duration=min(max(minutes, 1), LONGEST_DURATION),
        timezone=timezone,
    )


def _one_line(text: str) -> str:
    return " ".join("".join(" " if unicodedata.category(c).startswith(("Cc", "Z")) else c for c in text).split())
