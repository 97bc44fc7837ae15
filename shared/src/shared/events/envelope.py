"""The CloudEvents 1.0 envelope, in JSON, around each event on its way."""

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared import logs
from shared.events import CATALOGUE, Event
from shared.events.base import Moment

LARGEST = 1_000_000
"""Characters. None of our events comes near it."""


class UnreadableEventError(Exception):
    """The message can never be handled: not JSON, no envelope, a type nobody knows, or data that does not fit."""


class _Envelope(BaseModel):
    model_config = ConfigDict(extra="ignore")

    specversion: str = Field(pattern=r"^1\.")
    id: str = Field(min_length=1, max_length=200)
    source: str
    type: str
    subject: str = Field(min_length=1, max_length=200)
    time: Moment
    traceparent: str | None = Field(default=None, max_length=100)
    data: dict[str, Any]


@dataclass(frozen=True)
class Message:
    """What the bus carries: the event's id, its type as the routing key, and the whole envelope as JSON text."""

    id: str
    type: str
    body: str


@dataclass(frozen=True)
class Received:
    """An event out of its envelope. `time` is when it happened, in UTC, by the sender's clock."""

    id: str
    subject: str
    time: datetime
    event: Event
    traceparent: str | None


def wrap(event: Event, *, source: str, now: datetime) -> Message:
    """Put `event` in an envelope with a new id. `source` is the name of the announcing service."""
    message_id = str(uuid.uuid4())
    envelope = {
        "specversion": "1.0",
        "id": message_id,
        "source": f"punctual/{source}",
        "type": event.type,
        "subject": event.subject,
        "time": now.isoformat(),
        "datacontenttype": "application/json",
        "dataschema": f"punctual:events/{event.type}/1",
        "traceparent": logs.traceparent(),
        "data": event.model_dump(mode="json"),
    }
    return Message(message_id, event.type, json.dumps(envelope, ensure_ascii=False, separators=(",", ":")))


def unwrap(body: str) -> Received:
    """Read an envelope.

    Raises `UnreadableEventError` with a sentence that names what does not fit, never its values.
    """
    try:
        envelope = _Envelope.model_validate_json(body)
    except ValidationError as error:
        raise UnreadableEventError(f"no CloudEvents envelope: {_places(error)}") from error
    event_type = CATALOGUE.get(envelope.type)
    if event_type is None:
        raise UnreadableEventError(f"unknown event type {envelope.type[:80]!r}")
    try:
        event = event_type.model_validate(envelope.data)
    except ValidationError as error:
        raise UnreadableEventError(f"data of {envelope.type} does not fit: {_places(error)}") from error
    return Received(envelope.id, envelope.subject, envelope.time, event, envelope.traceparent)


def _places(error: ValidationError) -> str:
    """Name the fields and what is wrong with them, never what they hold."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['type']}" for e in found[:5])
