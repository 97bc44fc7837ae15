"""What Zoom tells about a meeting, compared with what we know of it: our own echo, or something the host did.

An event is a hint and no more: it may come twice, late, or out of order. Where reading is granted, Zoom itself is asked
before anybody is told; otherwise what the event says is believed unless we have written to the meeting since.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from shared import logs
from zoom_connector.meetings import READ_SCOPE, Deviation, Powers
from zoom_connector.storage import connections, meetings, permissions

log = logs.get(__name__)

CLOCKS_APART = timedelta(seconds=2)
ABOUT = timedelta(minutes=1)


class InHandError(Exception):
    """Somebody is at work on this meeting: whether it is our own echo is known in a moment."""


def hear(tx: Connection, event: str, said: Mapping[str, Any], now: datetime) -> None:
    """Take in what an event says, if it is about a live meeting still to come. Raises `InHandError`."""
    number = _zoom_id(said)
    row = meetings.of_zoom(tx, number) if number is not None else None
    if row is not None and row.start_at > now:
        _compare(tx, row, event, said, powers=permissions.powers(connections.get(tx, row.host_id)), now=now)


def _compare(
    tx: Connection, row: Row[Any], event: str, said: Mapping[str, Any], *, powers: Powers, now: datetime
) -> None:
    start = _moment(said.get("start_time"))
    if _known(event, start, row):
        return
    if powers.may(READ_SCOPE):
        log.info("meeting_doubted", key=row.id, zoom_event=event)
        meetings.doubt(tx, now, [row.id])
        return
    if row.leased_until is not None and row.leased_until > now:
        raise InHandError
    if not _since(said.get("event_ts"), row.made_at):
        return
    log.info("meeting_changed_in_zoom", key=row.id, zoom_event=event)
    meetings.deviate(tx, now, row.id, _deviation(event, start, said, row))


def _zoom_id(said: Mapping[str, Any]) -> int | None:
    # It comes as a number in some events and as text in others.
    number = said.get("id")
    if isinstance(number, bool) or not isinstance(number, int | str):
        return None
    text = str(number).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < len(str(2**63)) else None


def _known(event: str, start: datetime | None, row: Row[Any]) -> bool:
    """Say whether it tells nothing but what we did ourselves or know already."""
    if event == "meeting.recovered":
        return row.deviation is None
    if event != "meeting.updated":
        return row.deviation in ("deleted", "accepted")
    if start is None:
        # Topic, length and settings are the host's to change.
        return True
    if row.deviation is not None:
        return _same(start, row.moved_start)
    # The second is a change of ours that Zoom tells of before its answer has been stored.
    return _same(start, row.made_start) or _same(start, row.start_at)


def _deviation(event: str, start: datetime | None, said: Mapping[str, Any], row: Row[Any]) -> Deviation | None:
    if event in ("meeting.deleted", "meeting.permanently_deleted"):
        return Deviation("deleted")
    if start is None or _same(start, row.made_start):
        return None
    duration = said.get("duration")
    return Deviation("moved", start, duration if isinstance(duration, int) else row.made_duration)


def _same(one: datetime, other: datetime | None) -> bool:
    return other is not None and abs(one - other) < ABOUT


def _since(event_ts: object, made_at: datetime | None) -> bool:
    """Say whether the event is later than our last word to Zoom; one without a time may be anything."""
    if made_at is None or not isinstance(event_ts, int | float):
        return True
    return bool(event_ts / 1000 > (made_at - CLOCKS_APART).timestamp())


def _moment(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo is not None else None
