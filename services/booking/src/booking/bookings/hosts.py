"""Hosts and what they offer: what a new host starts with, what a session type may say, when a host works."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, Literal
from zoneinfo import ZoneInfo

from booking.bookings.refused import Refused, unfit
from booking.slots import Availability, Interval, Terms, zone_named

Provider = Literal["zoom", "custom"]
DefaultProvider = Literal["zoom", "none"]

# fmt: off
RESERVED_HANDLES = frozenset(
    {
        "about", "account", "admin", "api", "assets", "billing", "blog", "bookings", "contact", "dashboard",
        "docs", "embed", "favicon", "health", "help", "home", "host", "hosts", "legal", "livez", "login",
        "logout", "mail", "me", "metrics", "new", "oauth", "openapi", "pricing", "privacy", "public",
        "punctual", "readyz", "root", "sandbox", "security", "settings", "signin", "signout", "signup",
        "static", "status", "support", "system", "team", "terms", "user", "users", "webhook", "webhooks",
        "well-known", "www", "zoom",
    }
)
# fmt: on
"""Each would hide a page of our own, now or later."""


@dataclass(frozen=True, slots=True)
class Host:
    """Who offers sessions. `timezone` is an IANA name; the feed key opens the calendar feed."""

    id: str
    name: str
    email: str
    handle: str
    timezone: str
    default_video_provider: DefaultProvider
    welcome_text: str
    color: str
    feed_key: str
    created_at: datetime

    @property
    def zone(self) -> ZoneInfo:
        """The clock that the host's working hours are read on."""
        return zone(self.timezone)


@dataclass(frozen=True, slots=True)
class Location:
    """Where a session takes place. `detail` is a link, a phone number or an address."""

    kind: Literal["video", "phone", "in_person"]
    provider: Provider | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What a host wants to know from each client."""

    key: str
    label: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class SessionType:
    """What can be booked. Minutes, except `horizon` (days) and the two counts; no `slot_step` means the duration."""

    id: str
    host_id: str
    slug: str
    title: str
    description: str
    duration: int
    location: Location
    buffer_before: int
    buffer_after: int
    min_notice: int
    horizon: int
    slot_step: int | None
    max_per_day: int | None
    capacity: int
    questions: tuple[Question, ...]
    color: str
    active: bool
    created_at: datetime
    deleted_at: datetime | None = None

    @property
    def offered(self) -> bool:
        """Whether clients may book it."""
        return self.active and self.deleted_at is None

    @property
    def terms(self) -> Terms:
        """What it asks of a slot."""
        return Terms(
            duration=self.duration,
            slot_step=self.slot_step or self.duration,
            buffer_before=self.buffer_before,
            buffer_after=self.buffer_after,
            min_notice=self.min_notice,
            horizon=self.horizon,
            max_per_day=self.max_per_day,
            capacity=self.capacity,
        )

    @property
    def span(self) -> timedelta:
        """How long a session lasts with its buffers."""
        return timedelta(minutes=self.buffer_before + self.duration + self.buffer_after)

    def changed(self, **values: Any) -> "SessionType":
        """Give the session type with other values; bookings that were made before keep what was booked."""
        return replace(self, **values)

    def checked_answers(self, answers: Mapping[str, str]) -> dict[str, str]:
        """Give the answers that say something. Raises `Refused` for unknown questions and unanswered required ones."""
        known = {question.key: question for question in self.questions}
        errors = [{"field": f"answers.{key}", "message": "is not a question"} for key in answers if key not in known]
        given = {key: answer for key, answer in answers.items() if answer}
        errors += [
            {"field": f"answers.{key}", "message": "must be answered"}
            for key, question in known.items()
            if question.required and key not in given
        ]
        if errors:
            raise Refused("validation_failed", "invalid", "Some answers are not as they should be.", errors=errors)
        return given


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When a host works, in minutes of the wall clock: by weekday (Monday is 0), and dates that replace theirs."""

    weekly: Mapping[int, Sequence[Interval]]
    overrides: Mapping[date, Sequence[Interval]]

    def require_disjoint(self) -> None:
        """Raise `Refused` when two intervals of one day share a minute: nobody knows whose grid to follow."""
        if any(_overlap(intervals) for intervals in self.weekly.values()):
            raise unfit("weekly", "must not hold intervals that overlap on one weekday")
        for day, intervals in self.overrides.items():
            if _overlap(intervals):
                raise unfit("overrides", f"must not hold intervals that overlap on {day.isoformat()}")

    def on_the_clock_of(self, host: Host) -> Availability:
        """Tie the working hours to the host's zone."""
        return Availability(host.zone, self.weekly, self.overrides)


NINE_TO_FIVE = (Interval(9 * 60, 17 * 60),)
FIRST_WORKING_HOURS = WorkingHours(weekly=dict.fromkeys(range(5), NINE_TO_FIVE), overrides={})
FIRST_COLOR = "#2563eb"
FIRST_HORIZON = 60


def zone(name: str, field: str = "timezone") -> ZoneInfo:
    """Find a zone by its IANA name. Raises `Refused` with the code `unknown_timezone`."""
    found = zone_named(name)
    if found is None:
        raise unfit(field, "must be the IANA name of a time zone, like Europe/Berlin", code="unknown_timezone")
    return found


def default_location(provider: DefaultProvider) -> Location:
    """Say where a session takes place when its host has not said so."""
    return Location("video", "zoom" if provider == "zoom" else None)


def first_session_type(host: Host, type_id: str) -> SessionType:
    """Give the session type that a new host starts with."""
    return SessionType(
        id=type_id,
        host_id=host.id,
        slug="intro",
        title="Intro call",
        description="",
        duration=30,
        location=default_location(host.default_video_provider),
        buffer_before=0,
        buffer_after=0,
        min_notice=0,
        horizon=FIRST_HORIZON,
        slot_step=None,
        max_per_day=None,
        capacity=1,
        questions=(),
        color=host.color,
        active=True,
        created_at=host.created_at,
    )


def _overlap(intervals: Sequence[Interval]) -> bool:
    ordered = sorted(intervals, key=lambda interval: interval.start)
    return any(later.start < earlier.end for earlier, later in pairwise(ordered))
