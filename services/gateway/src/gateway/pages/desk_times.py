"""Dates and times that a host types, read on the host's clock. Pure."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from gateway.pages import months


def read(day: str, clock: str, zone: str) -> datetime | None:
    """Read a date and a time of day as a moment; a time that the clock leaves out in spring is the one after it."""
    found = months.read_date(day)
    try:
        when = time.fromisoformat(clock)
    except ValueError:
        return None
    if found is None or when.tzinfo is not None:
        return None
    try:
        # There and back: an hour that does not exist becomes the one that does.
        return datetime.combine(found, when, ZoneInfo(zone)).astimezone(UTC).astimezone(ZoneInfo(zone))
    except OverflowError:
        return None


def midnight(day: date, zone: ZoneInfo) -> str:
    """Write the first moment of a day."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).isoformat()
