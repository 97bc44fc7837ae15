"""What all events have in common: a routing key, a subject, and fields that only grow."""

from datetime import UTC, datetime
from typing import Annotated, ClassVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""An instant. Any offset comes in, UTC is kept."""


class Facts(BaseModel):
    """A part of an event. Unknown fields are ignored, so that an old reader takes a newer event."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Event(Facts):
    """Something that happened, in the past tense."""

    type: ClassVar[str]
    """Routing key, such as `booking.created`."""

    @property
    def subject(self) -> str:
        """The id of the booking or host that the event is about; one subject's events are handled in order."""
        raise NotImplementedError
