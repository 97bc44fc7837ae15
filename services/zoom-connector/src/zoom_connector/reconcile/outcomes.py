"""What follows when Zoom did what it was asked: what is stored, when it is due again, what is told. No database."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from shared import due
from zoom_connector.meetings import Action, Deviation, Intent, Made, Meeting, undone
from zoom_connector.reconcile import sayings
from zoom_connector.reconcile.sayings import Saying
from zoom_connector.storage.meetings import deviation_values, intent_values, made_values

UNANSWERED_SETTLES = timedelta(seconds=20)
"""So long may Zoom still be at work on a create whose answer never came: until then an empty look proves nothing."""

FIRST_WAIT = timedelta(seconds=1)

UNANSWERED = "unanswered"
"""What stands at a meeting that Zoom failed by itself; those that only wait behind it have the park's name."""

IN_LINE = ("outage", "token_store", "client_invalid", "token_rejected")
"""What stands at a meeting that waits because others of its host failed."""
ABOUT = timedelta(minutes=1)
"""So near each other two starts are the same: Zoom keeps no seconds of some."""


@dataclass(frozen=True)
class Park:
    """All of the host's calls wait; `cause` is a limit's kind or one of `IN_LINE`."""

    until: datetime
    cause: str

    @property
    def is_failure(self) -> bool:
        """Say whether something is broken, and not just used up."""
        return self.cause in IN_LINE


@dataclass(frozen=True)
class Outcome:
    """What becomes of a row. `again_at` None means that it rests until somebody wants something."""

    again_at: datetime | None
    saying: Saying | None = None
    values: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    park: Park | None = None
    broken: str | None = None
    """The connection itself is at an end, for this reason."""
    ungranted: str | None = None
    """A permission that was thought to be granted, and is not."""
    worked: bool = False
    """Zoom answered as it should: whatever waits for an outage to pass may go on."""


@dataclass(frozen=True)
class Situation:
    """The meeting and what was being done about it, when and how often before; `failures` are the host's outages."""

    meeting: Meeting
    action: Action
    now: datetime
    attempts: int
    failures: int
    chance: random.Random
    scopes: frozenset[str] = frozenset()
    """What is thought to be granted."""

    def after(self, failures: int, longest: timedelta) -> datetime:
        """Give when to try again after so many failures: soon at first, then less and less often."""
        return self.now + due.backoff(failures, self.chance, base=FIRST_WAIT, cap=longest)


def created(case: Situation, made: Made) -> Outcome:
    """Keep what Zoom has made; it was asked for as wanted."""
    return _has(case, _as_wanted(case, made))


def updated(case: Situation) -> Outcome:
    """Keep that Zoom has taken the changes."""
    made = case.meeting.made
    if made is None:
        raise ValueError("there is no meeting to have been changed")
    return _has(case, _as_wanted(case, made))


def deleted(case: Situation) -> Outcome:
    """Tell that the meeting is gone; or it had to go so that another can be made."""
    values = nothing() | {"note": None}
    if case.meeting.live:
        return Outcome(case.now, values=values, worked=True)
    return Outcome(None, sayings.removed(), values, worked=True)


def checked(case: Situation, found: Made) -> Outcome:
    """Compare what Zoom has with what we know: the host may have moved the meeting, or put it back."""
    made = case.meeting.made
    if made is None:
        raise ValueError("there is no meeting to have been read")
    moved = found.start is not None and made.start is not None and abs(found.start - made.start) >= ABOUT
    return _known(case, Deviation("moved", found.start, found.duration) if moved else None)


def lost(case: Situation) -> Outcome:
    """Keep that the host has deleted the meeting in Zoom."""
    accepted = case.meeting.deviation is not None and case.meeting.deviation.kind == "accepted"
    return _known(case, Deviation("accepted" if accepted else "deleted"))


def left(meeting: Meeting, now: datetime, note: str) -> Outcome:
    """Leave the meeting as it is in Zoom, where we can't touch it: another is made, or none is wanted any more."""
    if not meeting.live:
        return Outcome(None, sayings.removed(sayings.REMAINS), {"attempts": 0, "note": note})
    if meeting.made is None:
        raise ValueError("there is no meeting to leave")
    behind = " ".join(str(one) for one in sorted(meeting.left_behind | {meeting.made.id}))
    return Outcome(now, values=nothing() | {"left_behind": behind, "note": note})


def looked(case: Situation, found: Sequence[Made]) -> Outcome:
    """Adopt what was found; or nothing was, which counts once Zoom must be done with the create."""
    if found:
        values = made_values(found[0]) | intent_values(None) | {"attempts": 0}
        return Outcome(case.now, values=values, worked=True)
    intent = case.meeting.intent
    if intent is not None and case.now < intent.settled_at:
        return Outcome(intent.settled_at, sayings.delayed("checking"), error="checking", worked=True)
    return Outcome(case.now, values=intent_values(None) | {"attempts": 0}, worked=True)


def begun(meeting: Meeting, now: datetime) -> Intent:
    """Describe the create that is about to be sent."""
    return Intent(now, meeting.wanted.start, now + UNANSWERED_SETTLES)


def _as_wanted(case: Situation, made: Made) -> Made:
    # What was sent is kept and not what came back: Zoom moves a start that has just passed, and we would never agree.
    wanted = case.meeting.wanted
    return replace(made, start=wanted.start, duration=wanted.duration, topic=wanted.topic)


def _has(case: Situation, made: Made) -> Outcome:
    values = made_values(made) | intent_values(None) | deviation_values(None) | {"attempts": 0, "made_at": case.now}
    if case.meeting.live:
        return Outcome(None, sayings.ready(), values, worked=True)
    return Outcome(case.now, values=values, worked=True)


def nothing() -> dict[str, Any]:
    """Give the columns of a meeting that Zoom does not have."""
    return made_values(None) | deviation_values(None) | {"attempts": 0}


def _known(case: Situation, deviation: Deviation | None) -> Outcome:
    meeting = replace(case.meeting, deviation=deviation)
    if meeting.restoring:
        meeting = undone(meeting)
    values = made_values(meeting.made) | deviation_values(meeting.deviation) | {"attempts": 0}
    return Outcome(case.now, values=values, worked=True)
