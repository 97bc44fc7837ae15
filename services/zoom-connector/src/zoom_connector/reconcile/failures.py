"""What follows when Zoom, or the way to it, did not do what it was asked: one line for each error. No database."""

from dataclasses import replace
from datetime import timedelta

from zoom_connector.meetings import DELETE_SCOPE, READ_SCOPE, UPDATE_SCOPE, Action
from zoom_connector.reconcile import sayings
from zoom_connector.reconcile.outcomes import (
    FIRST_WAIT,
    UNANSWERED,
    Outcome,
    Park,
    Situation,
    deleted,
    left,
    lost,
    nothing,
)
from zoom_connector.reconcile.port import BusyError, NotConnectedError
from zoom_connector.storage.meetings import intent_values
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

ANSWERED_SETTLES = timedelta(seconds=2)
BLIND_WAIT = timedelta(minutes=2)
"""Where looking is not allowed, how long a lost create is left for Zoom's own webhook to tell of."""

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

LATER: dict[type[Exception], str] = {
    TokenStoreUnavailableError: "token_store",
    ClientInvalidError: "client_invalid",
    TokenRejectedError: "token_rejected",
}
"""What is no fault of the meeting's: what it is called. All of the host's meetings wait for it together."""
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
            return Outcome(case.now, values=nothing(), worked=True)
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
