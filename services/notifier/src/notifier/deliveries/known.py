"""What is known about one booking: its versions, its meeting, its mails, and what a mail about it may say."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.events import BookingFacts

Recipient = Literal["client", "host"]
State = Literal["queued", "retrying", "sent", "failed"]
What = Literal["booked", "rescheduled", "canceled"]
Outlook = Literal["none", "superseded", "pending", "delayed", "unavailable", "failed", "removed", "ready"]
"""What can be said about the video link. `none`: nothing to wait for; `superseded`: a newer version says it."""
Key = tuple[int, str, Recipient]
"""Version, kind and recipient: of each there is at most one mail."""

RECIPIENTS: tuple[Recipient, ...] = ("client", "host")
FIRST: dict[What, dict[Recipient, str]] = {
    "booked": {"client": "client_confirmation", "host": "host_notification"},
    "rescheduled": {"client": "client_rescheduled", "host": "host_rescheduled"},
    "canceled": {"client": "client_canceled", "host": "host_canceled"},
}
LINK: dict[Recipient, str] = {"client": "client_link", "host": "host_link"}
REFUSAL = "host_meeting_failed"
UNSENT: tuple[State, ...] = ("queued", "retrying")


@dataclass(frozen=True)
class Change:
    """One version of a booking and what made it: the booking itself, a reschedule, or a cancel."""

    version: int
    what: What
    booking: BookingFacts
    previous_start: datetime | None = None
    previous_end: datetime | None = None

    @property
    def needs_zoom(self) -> bool:
        """Say whether people wait for a link to this appointment."""
        location = self.booking.location
        return self.what != "canceled" and location.kind == "video" and location.provider == "zoom"


@dataclass(frozen=True)
class Meeting:
    """The newest that the connector said. `reason` is a sentence for the host."""

    version: int
    revision: int
    state: Literal["delayed", "unavailable", "failed", "removed", "ready"]
    join_url: str | None = None
    passcode: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Delivery:
    """One mail, owed or sent. `told` and `told_link` are what it said about the video link when it went out."""

    id: str
    version: int
    kind: str
    recipient: Recipient
    address: str
    state: State
    wait_until: datetime
    created_at: datetime
    next_attempt_at: datetime | None = None
    attempts: int = 0
    leased: bool = False
    told: Outlook | None = None
    told_link: str | None = None

    @property
    def key(self) -> Key:
        """Name what there is one mail of."""
        return (self.version, self.kind, self.recipient)

    @property
    def is_follow_up(self) -> bool:
        """Say whether this mail is sent beside the one mail of its version."""
        return self.kind in (REFUSAL, *LINK.values())

    @property
    def place(self) -> tuple[int, int]:
        """Order the mails of one recipient: by version, the version's own mail before what follows it up."""
        return (self.version, (REFUSAL, *LINK.values()).index(self.kind) + 1 if self.is_follow_up else 0)


@dataclass(frozen=True)
class Correspondence:
    """All that is known about one booking: its versions, its meeting, its mails."""

    booking_id: str
    host_id: str
    changes: dict[int, Change]
    meeting: Meeting | None = None
    deliveries: tuple[Delivery, ...] = ()

    @property
    def newest(self) -> Change | None:
        """Give the version that holds, as far as is known here."""
        return self.changes[max(self.changes)] if self.changes else None

    def outlook(self, change: Change) -> Outlook:
        """Say what a mail about `change` may say about the link; never more than is known about that version."""
        if change is not self.newest:
            return "superseded"
        if not change.needs_zoom:
            return "none"
        if self.meeting is None or self.meeting.version < change.version:
            return "pending"
        return self.meeting.state

    def line(self, recipient: Recipient) -> list[Delivery]:
        """Give one recipient's mails in the order in which they have to go out."""
        return sorted((d for d in self.deliveries if d.recipient == recipient), key=lambda d: d.place)

    def first_mail(self, change: Change, recipient: Recipient) -> Delivery | None:
        """Give the one mail about `change` if it is owed already."""
        kind = FIRST[change.what][recipient]
        return next((d for d in self.deliveries if d.key == (change.version, kind, recipient)), None)


@dataclass(frozen=True)
class Occasion:
    """What one mail is about and what it may say.

    `newer` is the version that holds by now if it isn't this one's; `newer_sent` says whether its recipient has
    heard of it already. `relinked` says that an earlier mail about this version gave another link.
    """

    booking_id: str
    kind: str
    recipient: Recipient
    change: Change
    outlook: Outlook
    meeting: Meeting | None
    newer: Change | None = None
    newer_sent: bool = False
    relinked: bool = False

    @property
    def join_url(self) -> str | None:
        """Give the link of the Zoom meeting if it holds for this version."""
        return self.meeting.join_url if self.meeting and self.outlook == "ready" else None

    @property
    def sequence(self) -> int:
        """Number the calendar entry: it rises with every change and with a link that came late."""
        return (self.change.version - 1) * 10 + (1 if self.kind in LINK.values() else 0)
