"""Bookings and what has happened with them."""

from typing import Any

from pydantic import Field

from booking.api.shapes.offers import LocationView, QuestionView
from booking.api.shapes.view import Address, Time, View
from booking.bookings import Party, Provider, RemovedBecause, Status, VideoState


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
