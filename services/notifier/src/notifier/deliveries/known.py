"""What is known about one booking: its versions, its meeting, its mails, and what a mail about it may say."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from notifier.deliveries import kinds
from notifier.deliveries.kinds import FIRST, FIRSTS, REMINDER, Key, Recipient, What
from shared.events import BookingFacts, HostFacts

State = Literal["queued", "retrying", "sent", "failed"]
Outlook = Literal["none", "pending", "delayed", "unavailable", "failed", "removed", "ready"]
"""What can be said about the video link. `none`: nothing to wait for."""

UNSENT: tuple[State, ...] = ("queued", "retrying")
HIGHEST_STEP = 9
"""The calendar's sequence has ten numbers for each version; a tenth link mail shares the last with its own stamp."""


@dataclass(frozen=True)
class Change:
    """One version of a booking and what made it: the booking itself, a reschedule, or a cancel."""

    version: int
    what: What
    booking: BookingFacts
    previous_start: datetime | None = None
    previous_end: datetime | None = None
    by: Recipient | None = None

    @property
    def needs_zoom(self) -> bool:
        """Say whether people wait for a link to this appointment."""
        location = self.booking.location
        return self.what != "canceled" and location.kind == "video" and location.provider == "zoom"


@dataclass(frozen=True)
class Meeting:
    """The newest that the connector said. `reason` is a sentence for the host.

    `since` is the revision with which this began to hold; `moved` is where the host moved it in Zoom; `cause` says why
    it was removed.
    """

    version: int
    revision: int
    state: Literal["delayed", "unavailable", "failed", "removed", "ready"]
    join_url: str | None = None
    passcode: str | None = None
    reason: str | None = None
    moved: tuple[datetime, datetime] | None = None
    cause: str | None = None
    since: int = 0

    def after(self, before: "Meeting | None") -> "Meeting":
        """Give this news with the revision since which it holds: a repeat of what was known is no news."""
        goes_on = before is not None and before.news == self.news
        return replace(self, since=before.since if before is not None and goes_on else self.revision)

    @property
    def news(self) -> tuple[object, ...]:
        """Give what somebody would have to be told of, if it became another."""
        return (self.version, self.state, self.join_url, self.cause, self.moved is not None)


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
    turn: int = 0
    sent_at: datetime | None = None

    @property
    def key(self) -> Key:
        """Name what there is one mail of."""
        return Key(self.version, self.kind, self.recipient, self.turn)

    @property
    def is_first(self) -> bool:
        """Say whether this is the one mail about its version."""
        return self.kind in FIRSTS

    @property
    def is_reminder(self) -> bool:
        """Say whether this mail only reminds of what its reader knows."""
        return self.kind in REMINDER.values()


@dataclass(frozen=True)
class Correspondence:
    """All that is known about one booking: its versions, its meeting, its mails.

    `host` is how the host is called and reached now, where that is known better than from the booking itself;
    `host_removed` says that the host's account is gone: nobody reads the host's mails any more. `session_told` are the
    kinds of mail that the host has got about another seat of the same session, and that still hold there.
    """

    booking_id: str
    host_id: str
    changes: dict[int, Change]
    meeting: Meeting | None = None
    deliveries: tuple[Delivery, ...] = ()
    host: HostFacts | None = None
    host_removed: bool = False
    session_told: frozenset[str] = frozenset()

    def having(self, change: Change) -> "Correspondence":
        """Give what is known with one more version."""
        if self.host is not None:
            change = replace(change, booking=change.booking.model_copy(update={"host": self.host}))
        return replace(self, changes={**self.changes, change.version: change})

    @property
    def newest(self) -> Change | None:
        """Give the version that holds, as far as is known here."""
        return self.changes[max(self.changes)] if self.changes else None

    @property
    def recipients(self) -> tuple[Recipient, ...]:
        """Give who is still to be written to."""
        return ("client",) if self.host_removed else kinds.RECIPIENTS

    def outlook(self, change: Change) -> Outlook:
        """Say what a mail about `change` may say about the link; never more than is known about that version."""
        if not change.needs_zoom:
            return "none"
        if self.meeting is None or self.meeting.version < change.version:
            return "pending"
        # News that the meeting was moved may overtake the link itself.
        return "pending" if self.meeting.state == "ready" and not self.meeting.join_url else self.meeting.state

    def waits_for_link(self, delivery: Delivery) -> bool:
        """Say whether this mail is held back for a while because the link that it should name may still come."""
        waits = delivery.state == "queued" and delivery.is_first and delivery.wait_until > delivery.created_at
        return waits and self.outlook(self.changes[delivery.version]) in ("pending", "delayed")

    def is_ready(self, delivery: Delivery) -> bool:
        """Say whether nothing holds this mail back any more: it is about to leave, and no server refused it yet."""
        turn = delivery.state == "queued" and delivery.next_attempt_at is not None
        return turn and not self.waits_for_link(delivery)

    def line(self, recipient: Recipient) -> list[Delivery]:
        """Give one recipient's mails in the order in which they have to go out."""
        return sorted((d for d in self.deliveries if d.recipient == recipient), key=lambda d: kinds.place(d.key))

    def first_mail(self, version: int, recipient: Recipient) -> Delivery | None:
        """Give the one mail about a version that has gone out, or else the one that waits."""
        found = [d for d in self.line(recipient) if d.version == version and d.is_first]
        return min(found, key=lambda d: d.state != "sent", default=None)

    def told(self, recipient: Recipient, version: int) -> Delivery | None:
        """Give the last mail about this version that told its reader how it stands with the link."""
        found = [d for d in self.line(recipient) if d.version == version and d.sent_at and d.told is not None]
        return max(found, key=lambda d: (d.sent_at, kinds.place(d.key)), default=None)

    def known_before(self, recipient: Recipient, version: int) -> Change | None:
        """Give the version that this reader knew of before; a mail on its way counts as read."""
        found = [
            d.version
            for d in self.deliveries
            if d.recipient == recipient and d.is_first and d.version < version
            if d.state == "sent" or d.leased or self.is_ready(d)
        ]
        return self.changes.get(max(found)) if found else None

    def link_told(self, recipient: Recipient) -> str | None:
        """Give the last link that this reader was given, of whichever version."""
        found = [d for d in self.line(recipient) if d.sent_at and d.told_link]
        return max(found, key=lambda d: (d.sent_at, kinds.place(d.key))).told_link if found else None


@dataclass(frozen=True)
class Occasion:
    """What one mail is about and what it may say.

    `known` is the version that its reader was told of before; `relinked` says that an earlier mail gave another link;
    `link_mails` counts the link mails of this version up to and with this one; `minutes` is when a reminder reminds.
    """

    booking_id: str
    kind: str
    recipient: Recipient
    change: Change
    outlook: Outlook
    meeting: Meeting | None
    known: Change | None = None
    relinked: bool = False
    link_mails: int = 0
    minutes: int = 0
    host_removed: bool = False

    @property
    def join_url(self) -> str | None:
        """Give the link of the Zoom meeting if it holds for this version."""
        return self.meeting.join_url if self.meeting and self.outlook == "ready" else None

    @property
    def earlier(self) -> tuple[datetime, datetime] | None:
        """Give the time that the reader knows, if this mail says that it no longer holds."""
        booking = self.change.booking
        if self.kind not in (*FIRST["rescheduled"].values(), *FIRST["canceled"].values()):
            return None
        if self.known is None:
            before = (self.change.previous_start, self.change.previous_end)
        else:
            before = (self.known.booking.start, self.known.booking.end)
        start, end = before
        return (start, end) if start and end and before != (booking.start, booking.end) else None

    @property
    def of_all_seats(self) -> bool:
        """Say whether this mail is about a group session as a whole, and not about one of its clients."""
        return self.kind in kinds.OF_ALL_SEATS and self.change.booking.occupancy_id is not None

    @property
    def sequence(self) -> int:
        """Number the calendar entry: it rises with every change and with each link mail."""
        return (self.change.version - 1) * 10 + min(self.link_mails, HIGHEST_STEP)
