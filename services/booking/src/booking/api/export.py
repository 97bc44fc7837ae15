"""Bookings as CSV: one line each, page by page, so that no list is ever whole in memory."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from zoneinfo import ZoneInfo

from booking.bookings import Booking, Host

HEADER = (
    "id", "status", "start", "end", "timezone", "session_type", "title", "client_name", "client_email",
    "client_timezone", "notes", "answers", "location", "video_state", "join_url", "canceled_by", "cancel_reason",
    "created_at",
)  # fmt: skip
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r")


def rows(host: Host, pages: Iterable[Sequence[Booking]]) -> Iterator[str]:
    """Write the header and a line for each booking, a page at a time, with times on the host's clock."""
    yield _written([HEADER])
    clock = host.zone
    for page in pages:
        yield _written([_row(booking, host, clock) for booking in page])


def _row(booking: Booking, host: Host, clock: ZoneInfo) -> Sequence[str]:
    labels = {question.key: question.label for question in booking.questions}
    location, client = booking.location, booking.client
    return (
        booking.id,
        booking.status,
        booking.start.astimezone(clock).isoformat(),
        booking.end.astimezone(clock).isoformat(),
        host.timezone,
        booking.booked.slug,
        _text(booking.booked.title),
        _text(client.name),
        _text(client.email),
        client.timezone,
        _text(booking.notes),
        _text("\n".join(f"{labels.get(key, key)}: {answer}" for key, answer in booking.answers.items())),
        _text(location.detail if location.detail and location.kind != "video" else location.kind),
        booking.video.state,
        booking.video.join_url or "",
        booking.canceled_by or "",
        _text(booking.cancel_reason or ""),
        booking.created_at.astimezone(clock).isoformat(),
    )


def _text(value: str) -> str:
    """Keep what somebody typed from being calculated when a spreadsheet opens the file."""
    return f"'{value}" if value.startswith(FORMULA_BEGINS) else value


def _written(lines: Iterable[Sequence[str]]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows(lines)
    return file.getvalue()
