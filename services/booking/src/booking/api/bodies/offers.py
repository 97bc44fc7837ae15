"""What hosts may offer."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from booking.api import fields
from booking.api.bodies.changes import Changes, unsent
from booking.api.bodies.hours import HoursBody
from booking.bookings import FIRST_HORIZON, FIRST_REMINDERS, Location, Question
from shared.web import Body

MOST_QUESTIONS = 20
MOST_REMINDERS = 5


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


Reminders = Annotated[
    list[fields.Reminder],
    Field(max_length=MOST_REMINDERS),
    fields.After(_latest_last),
]


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
    color: fields.Color = unsent()
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

    slug: fields.Slug = unsent()
    title: fields.Title = unsent()
    description: fields.LongText = unsent()
    duration: fields.Duration = unsent()
    location: LocationBody | None = None
    buffer_before: fields.Buffer = unsent()
    buffer_after: fields.Buffer = unsent()
    min_notice: fields.Notice = unsent()
    horizon: fields.Horizon = unsent()
    slot_step: fields.Step | None = None
    max_per_day: fields.Count | None = None
    capacity: fields.Count = unsent()
    questions: Questions = unsent()
    color: fields.Color = unsent()
    active: fields.Flag = unsent()
    reminders: Reminders = unsent()
    availability: HoursBody | None = None
