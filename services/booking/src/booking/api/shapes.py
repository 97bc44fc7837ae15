"""The shapes of the contract: what callers get to see."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from booking.bookings import DefaultProvider, Party, Provider, RemovedBecause, Status, VideoState

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Address = Annotated[str, Field(json_schema_extra={"format": "uri"})]


Rule = Literal[
    "inactive",
    "in_the_past",
    "too_soon",
    "beyond_horizon",
    "vacation",
    "override",
    "outside_availability",
    "off_grid",
    "day_full",
    "seats_taken",
    "busy",
]


class View(BaseModel):
    """Made from the plain data of the rules, or part by part."""

    model_config = ConfigDict(from_attributes=True)


class HostView(View):
    """A host, as the host sees it."""

    id: str
    name: str
    email: str
    handle: str
    timezone: str
    default_video_provider: DefaultProvider
    welcome_text: str
    color: str
    calendar_feed: Address
    change_cutoff: int = Field(description="Minutes before the start until which a client may move or cancel.")
    logo: str | None = Field(description="The path of the picture; another content has another one.")


class FeedView(View):
    """The secret address of a host's calendar feed."""

    calendar_feed: Address


class IntervalView(View):
    """A part of a day on the wall clock."""

    start: str
    end: str


class WeeklyView(View):
    """A part of each such weekday."""

    weekday: str
    start: str
    end: str


class OverrideView(View):
    """A date with hours of its own."""

    date: str
    intervals: list[IntervalView]


class VacationView(View):
    """Dates on which nothing is offered, both included."""

    first: str
    last: str


class HoursView(View):
    """Hours by weekday, and dates with hours of their own."""

    weekly: list[WeeklyView]
    overrides: list[OverrideView]


class AvailabilityView(HoursView):
    """When a host works, and when not at all: a vacation wins over everything."""

    timezone: str
    vacations: list[VacationView]


class LocationView(View):
    """Where a session takes place."""

    kind: Literal["video", "phone", "in_person"]
    provider: Provider | None
    detail: str | None


class QuestionView(View):
    """What a host wants to know."""

    key: str
    label: str
    required: bool


class OfferView(View):
    """A session type, as clients see it."""

    id: str
    slug: str
    title: str
    description: str
    duration: int
    location: LocationView
    capacity: int
    questions: list[QuestionView]
    color: str
    active: bool


class SessionTypeView(OfferView):
    """A session type, as its host sees it."""

    buffer_before: int
    buffer_after: int
    min_notice: int
    horizon: int
    slot_step: int
    max_per_day: int | None
    reminders: list[int] = Field(description="Minutes before the start.")
    availability: HoursView | None = Field(description="Hours of its own in place of the host's.")


class SessionTypesView(View):
    """A page of session types."""

    items: list[SessionTypeView]
    next_cursor: str | None


class PublicHostView(View):
    """What everybody may see of a host."""

    name: str
    handle: str
    welcome_text: str
    color: str
    logo: str | None
    timezone: str
    session_types: list[OfferView]


class SlotView(View):
    """A free time."""

    start: Time
    end: Time
    seats_left: int


class SlotsView(View):
    """Free times on the clock of one zone."""

    timezone: str
    slots: list[SlotView]


class WhyView(View):
    """Whether a time is offered, and if not, the one rule that removes it."""

    offered: bool
    rule: Rule | None
    text: str


class BookedView(View):
    """What was booked."""

    slug: str
    title: str
    duration: int


class BookingHostView(View):
    """With whom it was booked."""

    name: str
    handle: str
    timezone: str


class ClientView(View):
    """Who booked it."""

    name: str
    email: str
    timezone: str


class StretchView(View):
    """From when to when."""

    start: Time
    end: Time


class VideoView(View):
    """Where the video link is on its way."""

    provider: Provider | None
    state: VideoState
    join_url: str | None
    passcode: str | None
    moved_to: StretchView | None = Field(description="Where the host moved the meeting in Zoom.")
    removed_because: RemovedBecause | None


class LinksView(View):
    """Where a booking can be seen."""

    page: Address
    calendar: Address


class BookingView(View):
    """A booking."""

    id: str
    reference: str
    status: Status
    start: Time
    end: Time
    version: int
    session_type: BookedView
    host: BookingHostView
    client: ClientView
    notes: str
    answers: dict[str, str]
    questions: list[QuestionView]
    location: LocationView
    video: VideoView
    canceled_by: Party | None
    cancel_reason: str | None
    changeable: bool = Field(description="Whether the client may move or cancel it now.")
    changeable_until: Time | None
    created_at: Time
    links: LinksView


class BookingsView(View):
    """A page of bookings."""

    items: list[BookingView]
    next_cursor: str | None


class LineView(View):
    """Something that happened with a booking."""

    at: Time
    type: str
    text: str
    detail: dict[str, Any] | None


class BookingWithTimelineView(BookingView):
    """A booking and all that happened with it, oldest first."""

    timeline: list[LineView]
