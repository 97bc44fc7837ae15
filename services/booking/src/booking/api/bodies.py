"""What people may send in a body: each field with its limits, and what becomes of it."""

from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from booking.api import fields
from booking.bookings import FIRST_HORIZON, FIRST_REMINDERS, Client, Location, Question, WorkingHours
from booking.handlers.booking import Wish
from booking.handlers.hosts import Profile
from booking.slots import Interval, Vacation
from shared.web import Body

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MOST_QUESTIONS = 20
MOST_VACATIONS = 200
MOST_REMINDERS = 5


def _unsent() -> Any:
    """Mark a field of a change that may be left out, and that can't be null when it is sent."""
    return Field(default=None, json_schema_extra=_without_default)


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


class SignUpBody(Body):
    """Who somebody is."""

    name: fields.Name
    email: fields.HostEmail
    handle: fields.Handle
    timezone: fields.Zone

    def profile(self) -> Profile:
        """Give it to the handlers."""
        return Profile(self.name, self.email, self.handle, self.timezone)


class Changes(Body):
    """Changes of some fields; what is not sent stays as it is."""

    def given(self) -> dict[str, Any]:
        """Give what was sent."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}


class HostChanges(Changes):
    """What a host can change of the profile."""

    name: fields.Name = _unsent()
    handle: fields.Handle = _unsent()
    timezone: fields.Zone = _unsent()
    default_video_provider: Literal["zoom", "none"] = _unsent()
    welcome_text: fields.LongText = _unsent()
    color: fields.Color = _unsent()
    change_cutoff: fields.Cutoff = _unsent()


class EmailBody(Body):
    """Where mail reaches a host from now on."""

    email: fields.HostEmail


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


class LocationBody(Body):
    """Where a session takes place. A video session that names no provider has the host's default provider."""

    kind: Literal["video", "phone", "in_person"]
    provider: Literal["zoom", "custom"] | None = None
    detail: Annotated[fields.Detail | None, fields.Blank] = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.kind != "video" and self.provider is not None:
            raise ValueError("only a video session has a provider")
        if self.provider == "custom" and not fields.is_web_address(self.detail or ""):
            raise ValueError("detail must be the http or https address of the meeting when the provider is custom")
        return self

    def location(self) -> Location | None:
        """Give it to the rules; None leaves it to the host's default provider."""
        if self.kind == "video" and self.detail is None and "provider" not in self.model_fields_set:
            return None
        return Location(self.kind, self.provider, self.detail)


class QuestionBody(Body):
    """What a host wants to know from each client."""

    key: fields.QuestionKey
    label: fields.Label
    required: fields.Flag = False


def _each_key_once(questions: list[QuestionBody]) -> list[QuestionBody]:
    if len({question.key for question in questions}) < len(questions):
        raise ValueError("must hold each key once")
    return questions


Questions = Annotated[list[QuestionBody], Field(max_length=MOST_QUESTIONS), fields.After(_each_key_once)]


def _latest_last(reminders: list[int]) -> list[int]:
    if len(set(reminders)) < len(reminders):
        raise ValueError("must hold each time once")
    return sorted(reminders, reverse=True)


Reminders = Annotated[list[fields.Reminder], Field(max_length=MOST_REMINDERS), fields.After(_latest_last)]


class _SessionTypeValues(Changes):
    def values(self) -> dict[str, Any]:
        """Give what was sent in the words of the rules."""
        given = self.given()
        if given.get("location") is not None:
            given["location"] = given["location"].location()
        if "questions" in given:
            given["questions"] = tuple(Question(q.key, q.label, q.required) for q in given["questions"])
        if "reminders" in given:
            given["reminders"] = tuple(given["reminders"])
        if given.get("availability") is not None:
            given["availability"] = given["availability"].hours()
        return given


class SessionTypeBody(_SessionTypeValues):
    """Something new to offer. Minutes, except `horizon` (days); `reminders` count from the start backwards.

    `availability` are hours of its own in place of the host's.
    """

    slug: fields.Slug
    title: fields.Title
    description: fields.LongText = ""
    duration: fields.Duration
    location: LocationBody | None = None
    buffer_before: fields.Buffer = 0
    buffer_after: fields.Buffer = 0
    min_notice: fields.Notice = 0
    horizon: fields.Horizon = FIRST_HORIZON
    slot_step: fields.Step | None = None
    max_per_day: fields.Count | None = None
    capacity: fields.Count = 1
    questions: Questions = Field(default_factory=list)
    color: fields.Color = _unsent()
    active: fields.Flag = True
    reminders: Reminders = Field(default_factory=lambda: list(FIRST_REMINDERS))
    availability: HoursBody | None = None

    def given(self) -> dict[str, Any]:
        """Give what was sent and the defaults of the rest; the color is the host's unless it was sent."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        if "color" not in self.model_fields_set:
            del values["color"]
        return values


class SessionTypeChanges(_SessionTypeValues):
    """Changes of what is offered; a null location, step, maximum or availability is the default again."""

    slug: fields.Slug = _unsent()
    title: fields.Title = _unsent()
    description: fields.LongText = _unsent()
    duration: fields.Duration = _unsent()
    location: LocationBody | None = None
    buffer_before: fields.Buffer = _unsent()
    buffer_after: fields.Buffer = _unsent()
    min_notice: fields.Notice = _unsent()
    horizon: fields.Horizon = _unsent()
    slot_step: fields.Step | None = None
    max_per_day: fields.Count | None = None
    capacity: fields.Count = _unsent()
    questions: Questions = _unsent()
    color: fields.Color = _unsent()
    active: fields.Flag = _unsent()
    reminders: Reminders = _unsent()
    availability: HoursBody | None = None


class ClientBody(Body):
    """Who books."""

    name: fields.Name
    email: fields.ClientEmail
    timezone: fields.Zone


class WishBody(Body):
    """What a client asks for."""

    start: fields.Moment
    client: ClientBody
    notes: fields.LongText | None = None
    answers: dict[str, fields.LongText] | None = None

    def wish(self) -> Wish:
        """Give it to the handlers."""
        client = Client(self.client.name, self.client.email, self.client.timezone)
        return Wish(self.start, client, self.notes or "", self.answers or {})


class HostWishBody(WishBody):
    """What a host books for a client. At `any_time` only the past and what is booked already are refused."""

    session_type_id: fields.Found
    any_time: fields.Flag = False

    def wish(self) -> Wish:
        """Give it to the handlers."""
        return replace(super().wish(), by="host", any_time=self.any_time)


class RescheduleBody(Body):
    """Where a booking is to be moved."""

    start: fields.Moment


class HostRescheduleBody(RescheduleBody):
    """Where a host moves a booking. At `any_time` only the past and what is booked already are refused."""

    any_time: fields.Flag = False


class CancelBody(Body):
    """Why a booking is called off; the whole body may be left out."""

    reason: Annotated[fields.CancelReason | None, fields.Blank] = None

    @model_validator(mode="before")
    @classmethod
    def _may_be_left_out(cls, value: object) -> object:
        return {} if value is None else value
