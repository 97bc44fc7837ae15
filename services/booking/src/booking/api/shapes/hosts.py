"""Hosts and when they work."""

from pydantic import Field

from booking.api.shapes.view import Address, View
from booking.bookings import DefaultProvider


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
