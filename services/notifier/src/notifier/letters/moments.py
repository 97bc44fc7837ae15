"""Dates and times as people read them, in their own zone, with the zone named."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_datetime

from notifier.letters import Sheet

LOCALE = "en"
LONG_DAY = "EEEE, d MMMM y"
SHORT_MOMENT = "EEE d MMM y, HH:mm"
TIME = "HH:mm"
SHEET = ("EEE", "d", "MMM")


def zone(name: str) -> tzinfo:
    """Give the zone, or UTC when this machine doesn't know it: the mail then names UTC."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def span(start: datetime, end: datetime, zone_name: str) -> tuple[str, str]:
    """Give the day and the times with their zone, as two lines. A night between them names both days."""
    there = zone(zone_name)
    begins, ends = start.astimezone(there), end.astimezone(there)
    day = format_datetime(begins, LONG_DAY, tzinfo=there, locale=LOCALE)
    last = format_datetime(ends, TIME, tzinfo=there, locale=LOCALE)
    if ends.date() != begins.date():
        last = f"{format_datetime(ends, LONG_DAY, tzinfo=there, locale=LOCALE)}, {last}"
    first = format_datetime(begins, TIME, tzinfo=there, locale=LOCALE)
    return day, f"{first} \N{EN DASH} {last} ({zone_label(begins, ends, zone_name)})"


def short(start: datetime, zone_name: str) -> str:
    """Give the start in a few characters, for a subject."""
    there = zone(zone_name)
    return format_datetime(start, SHORT_MOMENT, tzinfo=there, locale=LOCALE)


def sheet(start: datetime, zone_name: str) -> Sheet:
    """Give the day of the start as a leaf of a calendar."""
    begins = start.astimezone(zone(zone_name))
    weekday, number, month = (format_datetime(begins, part, tzinfo=begins.tzinfo, locale=LOCALE) for part in SHEET)
    return Sheet(weekday, number, month)


def moment(at: datetime, zone_name: str) -> str:
    """Give one moment in full, with its zone."""
    there = at.astimezone(zone(zone_name))
    said = format_datetime(there, f"{LONG_DAY}, {TIME}", tzinfo=there.tzinfo, locale=LOCALE)
    return f"{said} ({zone_label(there, there, zone_name)})"


def same(start: datetime, end: datetime, one: str, other: str) -> bool:
    """Say whether people in both zones would name this time alike."""
    return span(start, end, one) == span(start, end, other)


def zone_label(begins: datetime, ends: datetime, zone_name: str) -> str:
    """Name the zone with its distance from UTC, both distances if the clocks change in between."""
    name = zone_name if isinstance(begins.tzinfo, ZoneInfo) else "UTC"
    offsets = list(dict.fromkeys((_offset(begins), _offset(ends))))
    return ", then ".join([f"{name}, {offsets[0]}", *offsets[1:]]) if name != "UTC" else "UTC"


def minutes(start: datetime, end: datetime) -> str:
    """Give the length in words."""
    whole = round((end - start) / timedelta(minutes=1))
    hours, rest = divmod(whole, 60)
    parts = [f"{hours} hour{'s' * (hours != 1)}"] * bool(hours) + [f"{rest} minute{'s' * (rest != 1)}"] * bool(rest)
    return " ".join(parts)


def _offset(moment: datetime) -> str:
    distance = moment.utcoffset() or timedelta()
    return timezone(distance).tzname(None)
