"""What an event of Zoom's says, less everything personal that nothing here needs."""

import json
from dataclasses import dataclass
from typing import Any

VALIDATION = "endpoint.url_validation"
DEAUTHORIZED = "app_deauthorized"
MEETING_EVENTS = (
    "meeting.created",
    "meeting.updated",
    "meeting.deleted",
    "meeting.permanently_deleted",
    "meeting.recovered",
)
CHANGED_IN_ZOOM = ("meeting.updated", "meeting.deleted", "meeting.permanently_deleted", "meeting.recovered")
"""What may tell that a host did something to a meeting without us, or is the echo of what we did ourselves."""
ACTED_ON = (DEAUTHORIZED, *CHANGED_IN_ZOOM)
MEETING_FIELDS = ("id", "start_time", "duration", "timezone")
"""No topic, which holds a client's name, and no host, operator or account."""
DEAUTHORIZATION_FIELDS = (
    "account_id",
    "user_id",
    "client_id",
    "deauthorization_time",
    "signature",
    "user_data_retention",
    "event_ts",
)
LONGEST_NAME = 100


@dataclass(frozen=True)
class Notice:
    """An event as it came: its name and its payload."""

    event: str
    payload: dict[str, Any]
    event_ts: int | None


def read(body: bytes) -> Notice | None:
    """Read a body; None when it is no event at all."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    event, payload, stamp = document.get("event"), document.get("payload"), document.get("event_ts")
    if not isinstance(event, str) or not event or len(event) > LONGEST_NAME or not event.isprintable():
        return None
    return Notice(event, payload if isinstance(payload, dict) else {}, stamp if isinstance(stamp, int) else None)


def kept(notice: Notice) -> dict[str, Any] | None:
    """Give what is worth keeping of an event, or None when its name is enough."""
    if notice.event == DEAUTHORIZED:
        return _some(notice.payload, DEAUTHORIZATION_FIELDS)
    if notice.event in MEETING_EVENTS:
        meeting = notice.payload.get("object")
        fields = _some(meeting if isinstance(meeting, dict) else {}, MEETING_FIELDS)
        return fields | _some(notice.payload, ("time_stamp",)) | {"event_ts": notice.event_ts}
    return None


def _some(document: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {
        name: document[name]
        for name in names
        if isinstance(document.get(name), str | int | float) and len(str(document[name])) <= 1000  # noqa: PLR2004 - no field is so long
    }
