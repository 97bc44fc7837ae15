"""What can be booked, and when."""

from typing import Literal

from pydantic import Field

from booking.api.shapes.hosts import HoursView
from booking.api.shapes.view import Time, View
from booking.bookings import Provider

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
