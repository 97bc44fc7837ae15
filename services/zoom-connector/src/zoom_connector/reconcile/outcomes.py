"""What each answer of Zoom means for the row: what is stored, when it is due again, what is told. No database."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from shared import due
from zoom_connector.meetings import (
    DELETE_SCOPE,
    READ_SCOPE,
    UPDATE_SCOPE,
    Action,
    Deviation,
    Intent,
    Made,
    Meeting,
    undone,
)
from zoom_connector.reconcile import sayings
from zoom_connector.reconcile.port import BusyError, NotConnectedError
from zoom_connector.reconcile.sayings import Saying
from zoom_connector.storage.meetings import deviation_values, intent_values, made_values
from zoom_connector.tokens import TokenStoreUnavailableError
from zoom_connector.zoom.errors import (
    AccountGoneError,
    ClientInvalidError,
    LimitedError,
    MeetingBusyError,
    MeetingForeignError,
    MeetingGoneError,
    MeetingOverError,
    NotSentError,
    RefusedError,
    ScopesMissingError,
    TokenRejectedError,
    UnsureError,
)
from zoom_connector.zoom.waits import next_utc_midnight

UNANSWERED_SETTLES = timedelta(seconds=20)
"""So long may Zoom still be at work on a create whose answer never came: until then an empty look proves nothing."""
ANSWERED_SETTLES = timedelta(seconds=2)
BLIND_WAIT = timedelta(minutes=2)
"""Where looking is not allowed, how long a lost create is left for Zoom's own webhook to tell of."""

FIRST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(seconds=45)
LONGEST_PARK = timedelta(seconds=30)
LONGEST_WAIT_HERE = timedelta(seconds=7)
"""For what is mended on our side: a store that is away, credentials that are wrong."""
BEHIND = timedelta(milliseconds=250)
BUSY_WAIT = timedelta(seconds=1)
MEETING_BUSY_WAIT = timedelta(minutes=5)
LONGEST_SECOND_LIMIT = timedelta(seconds=60)
SHORT_WAIT = timedelta(seconds=5)
MIDNIGHT_SPREAD = 120
"""Seconds after 00:00 UTC over which parked hosts spread out."""

UNANSWERED = "unanswered"
"""What stands at a meeting that Zoom failed by itself; those that only wait behind it have the park's name."""

LATER: dict[type[Exception], str] = {
    TokenStoreUnavailableError: "token_store",
    ClientInvalidError: "client_invalid",
    TokenRejectedError: "token_rejected",
}
"""What is no fault of the meeting's: what it is called. All of the host's meetings wait for it together."""
IN_LINE = ("outage", *LATER.values())
"""What stands at a meeting that waits because others of its host failed."""
BROKEN: dict[type[Exception], str] = {
    ScopesMissingError: sayings.SCOPES,
    AccountGoneError: sayings.ACCOUNT_GONE,
}
"""What only a new consent mends, and what the host is told."""
SCOPES_OF = {
    Action.UPDATE: UPDATE_SCOPE,
    Action.REPLACE: DELETE_SCOPE,
    Action.DELETE: DELETE_SCOPE,
    Action.CHECK: READ_SCOPE,
}
"""What there is another way without."""
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
    values = _nothing() | {"note": None}
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
    return Outcome(now, values=_nothing() | {"left_behind": behind, "note": note})


def looked(case: Situation, found: Sequence[Made]) -> Outcome:
    """Adopt what was found; or nothing was, which counts once Zoom must be done with the create."""
    if found:
        values = made_values(found[0]) | intent_values(None) | {"attempts": 0}
        return Outcome(case.now, values=values, worked=True)
    intent = case.meeting.intent
    if intent is not None and case.now < intent.settled_at:
        return Outcome(intent.settled_at, sayings.delayed("checking"), error="checking", worked=True)
    return Outcome(case.now, values=intent_values(None) | {"attempts": 0}, worked=True)


def failed(case: Situation, error: Exception) -> Outcome:
    """Find out what follows when Zoom, or the way to it, did not do it."""
    outcome = _judge(case, error)
    if case.action is Action.CHECK:
        # The link stands, and nobody need hear that it could not be looked at.
        outcome = replace(outcome, saying=None)
    intent = case.meeting.intent
    if case.action is not Action.CREATE or intent is None:
        return outcome
    if not isinstance(error, UnsureError):
        return replace(outcome, values=outcome.values | intent_values(None))
    if error.answered:
        settled_at = case.now + ANSWERED_SETTLES
        values = outcome.values | intent_values(replace(intent, settled_at=settled_at))
        return replace(outcome, values=values, again_at=max(outcome.again_at or settled_at, settled_at))
    return outcome


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


def _nothing() -> dict[str, Any]:
    return made_values(None) | deviation_values(None) | {"attempts": 0}


def _known(case: Situation, deviation: Deviation | None) -> Outcome:
    meeting = replace(case.meeting, deviation=deviation)
    if meeting.restoring:
        meeting = undone(meeting)
    values = made_values(meeting.made) | deviation_values(meeting.deviation) | {"attempts": 0}
    return Outcome(case.now, values=values, worked=True)


def _judge(case: Situation, error: Exception) -> Outcome:  # noqa: PLR0911 - a table, one line each
    live = case.meeting.live
    match error:
        case BusyError():
            return Outcome(case.now + BUSY_WAIT, values={"attempts": case.attempts - 1})
        case NotConnectedError():
            return Outcome(None, sayings.unavailable(live=live, reason=error.reason if live else None))
        case LimitedError():
            return _limited(case, error)
        case NotSentError() | UnsureError():
            return _outage(case, "outage", LONGEST_WAIT, LONGEST_PARK)
        case ScopesMissingError() if case.action is Action.LOOK:
            return _blind(case)
        case ScopesMissingError() if SCOPES_OF.get(case.action) in case.scopes:
            return Outcome(case.now, values={"attempts": 0}, ungranted=SCOPES_OF[case.action])
        case _:
            return _of_meeting(case, error) or _by_kind(case, error)


def _of_meeting(case: Situation, error: Exception) -> Outcome | None:
    """Judge what is about this one meeting and not about Zoom or the account."""
    match error, case.action:
        case ((MeetingGoneError() | MeetingOverError()), (Action.DELETE | Action.REPLACE)):
            return deleted(case)
        case MeetingGoneError(), Action.UPDATE:
            return Outcome(case.now, values=_nothing(), worked=True)
        case MeetingGoneError(), Action.CHECK:
            return lost(case)
        case MeetingForeignError(), (Action.UPDATE | Action.REPLACE | Action.DELETE):
            return left(case.meeting, case.now, sayings.FOREIGN)
        case ((RefusedError() | ScopesMissingError() | MeetingForeignError()), Action.CHECK):
            return Outcome(case.now, values={"doubted": False, "restoring": False, "attempts": 0})
        case _:
            return None


def _by_kind(case: Situation, error: Exception) -> Outcome:
    live = case.meeting.live
    later = next((cause for kind, cause in LATER.items() if isinstance(error, kind)), None)
    if later is not None:
        return _outage(case, later, LONGEST_WAIT_HERE, LONGEST_WAIT_HERE)
    if isinstance(error, MeetingBusyError):
        return Outcome(case.now + MEETING_BUSY_WAIT, sayings.delayed("meeting_busy"), error="meeting_busy")
    if type(error) in BROKEN:
        reason = BROKEN[type(error)]
        return Outcome(None, sayings.unavailable(live=live, reason=reason), error="broken", broken=reason)
    code = error.code if isinstance(error, RefusedError) else 0
    return Outcome(None, sayings.refused(code, live=live), error=f"zoom_{code}")


def _outage(case: Situation, cause: str, longest_wait: timedelta, longest_park: timedelta) -> Outcome:
    park = Park(case.after(case.failures + 1, longest_park), cause)
    # A little after the others: should this one meeting be the cause, it must not stand before them each time.
    again_at = max(case.after(case.attempts, longest_wait), park.until + BEHIND)
    return Outcome(again_at, sayings.delayed(cause), error=UNANSWERED, park=park)


def _limited(case: Situation, error: LimitedError) -> Outcome:
    spread = timedelta(seconds=case.chance.random() * MIDNIGHT_SPREAD)
    match error.kind:
        case "second":
            told = min(error.retry_at or case.now, case.now + LONGEST_SECOND_LIMIT)
            until = max(told, case.now + FIRST_WAIT) + timedelta(seconds=case.chance.random() / 2)
        case "day":
            until = (error.retry_at or next_utc_midnight(case.now)) + spread
        case "user_day":
            until = next_utc_midnight(case.now) + spread
    # A wait of a moment is nobody's news, unless it does not end.
    short = until - case.now < SHORT_WAIT and case.attempts <= 3  # noqa: PLR2004
    saying = None if short else sayings.delayed(error.kind)
    return Outcome(until, saying, error=error.kind, park=Park(until, error.kind))


def _blind(case: Situation) -> Outcome:
    intent = case.meeting.intent
    if intent is not None and case.now < intent.begun_at + BLIND_WAIT:
        return Outcome(intent.begun_at + BLIND_WAIT, sayings.delayed("blind"), error="blind")
    values = intent_values(None) | {"attempts": 0, "note": sayings.STRAY}
    return Outcome(case.now, values=values)
