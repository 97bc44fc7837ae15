"""What free times are made of: when a host works, what a session type asks, what is booked, and what is found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

Moment = datetime | int
"""An aware moment, or whole seconds since 1970."""


class Reason(StrEnum):
    """Why a start is not a free slot; the first that applies."""

    IN_THE_PAST = "in_the_past"
    TOO_SOON = "too_soon"
    BEYOND_HORIZON = "beyond_horizon"
    VACATION = "vacation"
    OUTSIDE_AVAILABILITY = "outside_availability"
    OFF_GRID = "off_grid"
    DAY_FULL = "day_full"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Interval:
    """A part of a day in minutes of the wall clock; 1440 is the end of the day."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Vacation:
    """Dates on which nothing is offered, the first and the last included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Availability:
    """When a host works: by weekday (Monday is 0), and for single dates that replace their weekday.

    A vacation wins over both.
    """

    zone: ZoneInfo
    weekly: Mapping[int, Sequence[Interval]]
    overrides: Mapping[date, Sequence[Interval]]
    vacations: Sequence[Vacation] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """What a session type asks of a slot: minutes, except `horizon` (days) and the two counts."""

    duration: int
    slot_step: int
    buffer_before: int = 0
    buffer_after: int = 0
    min_notice: int = 0
    horizon: int = 365
    max_per_day: int | None = None
    capacity: int = 1


@dataclass(frozen=True, slots=True)
class Group:
    """A group session that has begun to fill, and how many seats of it are taken."""

    start: Moment
    end: Moment
    taken: int


@dataclass(frozen=True, slots=True)
class Diary:
    """What is booked already.

    `busy` is all that keeps the host busy, each from and to when; `groups` are those of it that can be joined, and
    `booked` the starts of the confirmed bookings, both of the session type that is asked about.
    """

    busy: Sequence[tuple[Moment, Moment]] = ()
    groups: Sequence[Group] = ()
    booked: Sequence[Moment] = ()


class Slot(NamedTuple):
    """A free time in whole seconds since 1970, and how many people may still book it."""

    begins: int
    ends: int
    seats_left: int

    @property
    def start(self) -> datetime:
        """When it begins, in UTC."""
        return datetime.fromtimestamp(self.begins, UTC)

    @property
    def end(self) -> datetime:
        """When it ends, in UTC."""
        return datetime.fromtimestamp(self.ends, UTC)
