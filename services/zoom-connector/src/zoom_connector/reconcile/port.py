"""What reconciling needs of Zoom: one host's account with six calls. Errors are those of `zoom.errors`, and these."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from zoom_connector.meetings import Made, Wanted


class NotConnectedError(Exception):
    """The host has no working connection, as is already stored. `reason` is a sentence for the host."""

    def __init__(self, reason: str) -> None:
        super().__init__("not connected")
        self.reason = reason


class BusyError(Exception):
    """The host's tokens are being renewed by somebody else; in a moment it can be tried again."""


class Account(Protocol):
    """One host's Zoom account. Any call may raise a `ZoomError`, `NotConnectedError` or `BusyError`."""

    def create(self, wanted: Wanted) -> Made:
        """Make the meeting. After an `UnsureError` it may exist."""

    def update(self, meeting_id: int, wanted: Wanted, *, renamed: bool) -> None:
        """Bring the meeting to the wanted time and length, and to the wanted words if those are others now."""

    def delete(self, meeting_id: int) -> None:
        """Delete the meeting."""

    def find(self, marker: str, around: datetime) -> list[Made]:
        """Look for the meetings whose agenda begins with `marker`, a day before and after `around`; oldest first."""

    def read(self, meeting_id: int) -> Made:
        """Read what Zoom has of a meeting."""

    def scheduled(self) -> dict[int, datetime | None]:
        """List when each of the host's meetings begins."""


Accounts = Callable[[str], Account]
"""Opens a host's account: its token is good when it comes back. May take time; raises as the account's calls do."""
