"""What hosts may say about when they work."""

from dataclasses import replace
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from booking.api import fields
from booking.bookings import WorkingHours
from booking.slots import Interval, Vacation
from shared.web import Body

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MOST_VACATIONS = 200


class IntervalBody(Body):
    """A part of a day on the wall clock; it may end at 24:00."""

    start: fields.TimeOfDay
    end: fields.TimeOfDay

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.end <= self.start:
            raise ValueError("must end after it starts")
        return self

    def interval(self) -> Interval:
        """Give it to the rules."""
        return Interval(self.start, self.end)


class WeeklyBody(IntervalBody):
    """A part of each such weekday."""

    weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class OverrideBody(Body):
    """A date with hours of its own; without intervals it is a day off."""

    date: fields.Day
    intervals: Annotated[list[IntervalBody], Field(max_length=48)]


class VacationBody(Body):
    """Dates on which nothing is offered, both included."""

    first: fields.Day
    last: fields.Day

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.last < self.first:
            raise ValueError("last must not be before first")
        return self


class HoursBody(Body):
    """Hours by weekday, and dates with hours of their own."""

    weekly: Annotated[list[WeeklyBody], Field(max_length=336)]
    overrides: Annotated[list[OverrideBody], Field(max_length=1000)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _has_each_date_once(self) -> Self:
        if len({override.date for override in self.overrides}) < len(self.overrides):
            raise ValueError("overrides must hold each date once")
        return self

    def hours(self) -> WorkingHours:
        """Give it to the rules."""
        weekly: dict[int, list[Interval]] = {}
        for rule in sorted(self.weekly, key=lambda rule: rule.start):
            weekly.setdefault(WEEKDAYS.index(rule.weekday), []).append(rule.interval())
        overrides: dict[date, list[Interval]] = {
            override.date: [interval.interval() for interval in sorted(override.intervals, key=lambda one: one.start)]
            for override in self.overrides
        }
        return WorkingHours(weekly, overrides)


class AvailabilityBody(HoursBody):
    """When a host works; replaces all that was said before."""

    timezone: fields.Zone | None = None
    vacations: Annotated[list[VacationBody], Field(max_length=MOST_VACATIONS)] = Field(default_factory=list)

    def hours(self) -> WorkingHours:
        """Give it to the rules."""
        return replace(super().hours(), vacations=[Vacation(away.first, away.last) for away in self.vacations])
