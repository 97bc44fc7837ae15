"""What hosts offer: what a session type asks of a slot and of a client, and what a new host starts with."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from booking.bookings.hosts import DefaultProvider, Host
from booking.bookings.refused import Refused
from booking.bookings.working_hours import WorkingHours
from booking.slots import Terms

Provider = Literal["zoom", "custom"]
FIRST_HORIZON = 60
FIRST_REMINDERS = (1440, 60)


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
    """What can be booked. Minutes, except `horizon` (days) and the two counts; no `slot_step` means the duration.

    `reminders` are minutes before the start. `availability` are hours of its own in place of the host's.
    """

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
    reminders: tuple[int, ...] = FIRST_REMINDERS
    availability: WorkingHours | None = None

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

    def hours(self, of_host: WorkingHours) -> WorkingHours:
        """Say when it is offered: at its own hours if it has some, but never on the host's vacations."""
        return of_host if self.availability is None else replace(self.availability, vacations=of_host.vacations)

    def changed(self, **values: Any) -> "SessionType":
        """Give the session type with other values; bookings that were made before keep what was booked."""
        return replace(self, **values)

    def checked_answers(self, answers: Mapping[str, str], *, all_required: bool = True) -> dict[str, str]:
        """Give the answers that say something. Raises `Refused` for unknown questions and unanswered required ones.

        Without `all_required` a question may stay open: it is the host who asks.
        """
        known = {question.key: question for question in self.questions}
        errors = [{"field": f"answers.{key}", "message": "is not a question"} for key in answers if key not in known]
        given = {key: answer for key, answer in answers.items() if answer}
        errors += [
            {"field": f"answers.{key}", "message": "must be answered"}
            for key, question in known.items()
            if all_required and question.required and key not in given
        ]
        if errors:
            raise Refused("validation_failed", "invalid", "Some answers are not as they should be.", errors=errors)
        return given


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
