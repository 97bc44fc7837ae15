"""Turns an answer that is no success into the error that says what the caller can do. No network in here."""

from datetime import datetime

from zoom_connector.zoom.errors import (
    AccountGoneError,
    ClientInvalidError,
    GrantInvalidError,
    LimitedError,
    LimitKind,
    MeetingBusyError,
    MeetingForeignError,
    MeetingGoneError,
    MeetingOverError,
    RefusedError,
    ScopesMissingError,
    TokenRejectedError,
    UnsureError,
    ZoomError,
)
from zoom_connector.zoom.transport import Answer
from zoom_connector.zoom.waits import retry_after

NO_ACCOUNT, EXPIRED, IN_PROGRESS, ENDED, NO_MEETING, FOREIGN = 1001, 124, 3002, 3007, 3001, 3003
VALIDATION, SCOPES, CATCH_ALL = 300, 4711, 4700
GATEWAY_ERRORS = (502, 504)
"""Somebody in front of Zoom gave up waiting; Zoom itself may still be at work."""


def of_call(answer: Answer, now: datetime) -> ZoomError:  # noqa: PLR0911 - a table, one line each
    """Judge the answer to a REST call."""
    status, code = answer.status, answer.code
    if status == 429 or (status == 300 and code == VALIDATION):  # noqa: PLR2004 - 300 is a status from the past
        return _limit(answer, now)
    if status >= 500 or status < 400 or status in (408, 425) or code is None:  # noqa: PLR2004 - see the next line
        # Zoom failed, sent us elsewhere, or spoke no JSON: nothing that says whether it was done.
        return UnsureError(f"status {status}", answered=status not in GATEWAY_ERRORS)
    if code == SCOPES or (code == CATCH_ALL and "scope" in answer.word("message").lower()):
        return ScopesMissingError(f"code {code}")
    if status == 401 or code == EXPIRED:  # noqa: PLR2004
        return TokenRejectedError(f"code {code}")
    if code == NO_ACCOUNT:
        return AccountGoneError(f"code {code}")
    if status == 404 and code in (NO_MEETING, VALIDATION):  # noqa: PLR2004
        return MeetingGoneError(f"code {code}")
    if code == FOREIGN:
        return MeetingForeignError(f"code {code}")
    if code == ENDED:
        return MeetingOverError(f"code {code}")
    if status == 409 or code == IN_PROGRESS:  # noqa: PLR2004
        return MeetingBusyError(f"code {code}")
    return RefusedError(code)


def of_token(answer: Answer, now: datetime) -> ZoomError:
    """Judge the answer of the token endpoint. Only a clear word from Zoom ever costs a token."""
    if answer.status == 429:  # noqa: PLR2004
        return _limit(answer, now)
    if answer.status in (400, 401, 403):
        error, reason = answer.word("error"), answer.word("reason").lower()
        if error == "invalid_client" or "client_id or client_secret" in reason:
            return ClientInvalidError(error)
        if error == "invalid_grant" or "invalid token" in reason:
            return GrantInvalidError(error)
    return UnsureError(f"status {answer.status}", answered=answer.status not in GATEWAY_ERRORS)


def _limit(answer: Answer, now: datetime) -> LimitedError:
    said = retry_after(answer.headers.get("Retry-After"), now)
    message = answer.word("message").lower()
    kind: LimitKind = "second"
    if "create/update" in message or "gmt 00:00" in message or answer.status != 429:  # noqa: PLR2004
        kind = "user_day"
    elif answer.headers.get("X-RateLimit-Type", "").lower().startswith("daily") or "daily" in message:
        kind = "day"
    return LimitedError(kind, said)
