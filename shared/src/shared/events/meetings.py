"""What the connector says about the meeting of a booking.

`revision` rises with every announcement about one meeting: whoever has a newer one ignores an older one.
`booking_version` is the version of the booking that the connector was following when it spoke.
"""

from typing import ClassVar

from shared.events.base import Event, Moment


class _MeetingEvent(Event):
    booking_id: str
    host_id: str
    booking_version: int
    revision: int

    @property
    def subject(self) -> str:
        return self.booking_id


class MeetingReady(_MeetingEvent):
    """The meeting exists at the booking's time and this is where to join it."""

    type: ClassVar[str] = "meeting.ready"
    join_url: str
    passcode: str | None = None
    replaced: bool = False
    """Another meeting was made in place of the one that people were told of: the link changed."""
    note: str | None = None
    """A sentence for the host when something about it should be known, such as a possible stray."""


class MeetingDelayed(_MeetingEvent):
    """Zoom does not answer or the quota is spent; it is still being tried."""

    type: ClassVar[str] = "meeting.delayed"
    reason: str
    attempts: int = 0
    next_attempt_at: Moment | None = None


class MeetingUnavailable(_MeetingEvent):
    """The host has no working Zoom connection; the meeting is made when there is one."""

    type: ClassVar[str] = "meeting.unavailable"
    reason: str


class MeetingFailed(_MeetingEvent):
    """Zoom refused for good. `code` is a stable word, `reason` a sentence for the host."""

    type: ClassVar[str] = "meeting.failed"
    code: str
    reason: str


class MeetingMoved(_MeetingEvent):
    """The host moved the meeting in Zoom, away from the booking's time. It can be joined as before."""

    type: ClassVar[str] = "meeting.moved"
    start: Moment
    end: Moment


class MeetingRemoved(_MeetingEvent):
    """The booking has no meeting any more.

    `cause` is `canceled`, `deleted_in_zoom` (by the host) or `accepted` (the host deleted it and keeps it so). `note`
    says so if Zoom still has it.
    """

    type: ClassVar[str] = "meeting.removed"
    cause: str
    note: str | None = None
