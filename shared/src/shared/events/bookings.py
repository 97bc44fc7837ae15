"""What the booking service announces. Every event carries the whole booking, so nobody has to ask back."""

from typing import ClassVar, Literal

from pydantic import Field

from shared.events.base import Event, Facts, Moment


class SessionTypeFacts(Facts):
    """What is booked. `duration` is in minutes; `reminders` are minutes before the start."""

    id: str
    slug: str
    title: str
    description: str = ""
    duration: int
    reminders: list[int] = Field(default_factory=list)


class HostFacts(Facts):
    """Who offers the session. `timezone` is an IANA name."""

    id: str
    name: str
    email: str
    handle: str
    timezone: str


class ClientFacts(Facts):
    """Who booked. `timezone` is an IANA name."""

    name: str
    email: str
    timezone: str


class QuestionFacts(Facts):
    """A question of the host's, with the label that people read."""

    key: str
    label: str


class LocationFacts(Facts):
    """Where it takes place. `detail` is a link, a phone number or an address."""

    kind: Literal["video", "phone", "in_person"]
    provider: Literal["zoom", "custom"] | None = None
    detail: str | None = None


class BookingFacts(Facts):
    """The whole booking at one version. `version` is 1 at creation and rises with each reschedule and cancel.

    Bookings with the same `occupancy_id` are seats of one group session and share one meeting; without one, the booking
    has its meeting to itself.
    """

    id: str
    reference: str
    version: int
    status: Literal["confirmed", "canceled"]
    start: Moment
    end: Moment
    session_type: SessionTypeFacts
    host: HostFacts
    client: ClientFacts
    notes: str = ""
    answers: dict[str, str] = Field(default_factory=dict)
    questions: list[QuestionFacts] = Field(default_factory=list)
    location: LocationFacts
    occupancy_id: str | None = None
    canceled_by: Literal["client", "host"] | None = None
    cancel_reason: str | None = None
    created_at: Moment


class _BookingEvent(Event):
    booking: BookingFacts

    @property
    def subject(self) -> str:
        return self.booking.id


class BookingCreated(_BookingEvent):
    """A client booked a session."""

    type: ClassVar[str] = "booking.created"


class BookingRescheduled(_BookingEvent):
    """A booking moved to another time. The duration may differ from before if the session type changed."""

    type: ClassVar[str] = "booking.rescheduled"
    previous_start: Moment
    previous_end: Moment
    by: Literal["client", "host"] | None = None


class BookingCanceled(_BookingEvent):
    """A booking was called off by its client or its host."""

    type: ClassVar[str] = "booking.canceled"
