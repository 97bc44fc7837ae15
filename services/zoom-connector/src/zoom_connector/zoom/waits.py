"""When Zoom says to come back. `Retry-After` comes as an ISO instant, as seconds, or as an HTTP date."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST = timedelta(hours=26)
"""No limit of Zoom's lasts longer than a day; a header that says so is wrong."""


def retry_after(value: str | None, now: datetime) -> datetime | None:
    """Read the header as a moment between `now` and a good day later, or None when it says nothing readable."""
    moment = _moment((value or "").strip(), now)
    if moment is None:
        return None
    return min(max(moment, now), now + LONGEST)


def next_utc_midnight(now: datetime) -> datetime:
    """Give the moment when Zoom's counts per day begin anew."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _moment(text: str, now: datetime) -> datetime | None:
    if text.isascii() and text.isdigit():
        return now + timedelta(seconds=min(int(text[:9]), int(LONGEST.total_seconds())))
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return None
