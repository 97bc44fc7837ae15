"""What can go wrong at Zoom, split by what the caller can do about it. No error's text quotes Zoom's answer."""

from datetime import datetime
from typing import Literal

LimitKind = Literal["second", "day", "user_day"]


class ZoomError(Exception):
    """Zoom did not do what it was asked, as far as we know."""


class NotSentError(ZoomError):
    """The request never reached Zoom. To repeat it is safe."""


class UnsureError(ZoomError):
    """It may have been done or not: the answer is lost, unreadable, or says that Zoom itself failed.

    `answered` tells that Zoom has finished with the request: what it did about it is visible by now.
    """

    def __init__(self, text: str, *, answered: bool = False) -> None:
        super().__init__(text)
        self.answered = answered


class LimitedError(ZoomError):
    """A rate limit or a quota is spent; nothing was done. `retry_at` is when Zoom says to come back, in UTC."""

    def __init__(self, kind: LimitKind, retry_at: datetime | None) -> None:
        super().__init__(f"limit per {kind}")
        self.kind = kind
        self.retry_at = retry_at


class TokenRejectedError(ZoomError):
    """The access token is not taken: expired, revoked, or the app was removed. A refresh tells which."""


class ScopesMissingError(ZoomError):
    """The host did not grant this. Only a new consent mends it."""


class AccountGoneError(ZoomError):
    """The Zoom user no longer exists in its account."""


class MeetingGoneError(ZoomError):
    """The meeting does not exist: deleted or expired."""


class MeetingForeignError(ZoomError):
    """The meeting belongs to another Zoom user: the host has connected another account since it was made."""


class MeetingOverError(ZoomError):
    """The meeting has already ended, so there is nothing left to delete."""


class MeetingBusyError(ZoomError):
    """Not while the meeting is in progress or being changed by somebody else. Later."""


class RefusedError(ZoomError):
    """Zoom refuses, and asking again changes nothing. `code` is Zoom's number, or the HTTP status."""

    def __init__(self, code: int) -> None:
        super().__init__(f"refused with {code}")
        self.code = code


class GrantInvalidError(ZoomError):
    """The authorization code or the refresh token is not taken."""


class ClientInvalidError(ZoomError):
    """Zoom does not know this installation's client id or secret. No host's token is to blame."""
