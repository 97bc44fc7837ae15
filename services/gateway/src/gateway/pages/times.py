"""Moments and zones as people read them; times never stand without their zone."""

import zoneinfo
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from babel.dates import format_date
from flask import Response, request

from gateway.pages.months import offset

COOKIE = "tz"
COOKIE_SECONDS = 365 * 24 * 3600
LOCALE = "en_GB"
UTC_NAMES = frozenset({"UTC", "Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu", "UCT", "Universal", "Zulu"})


@cache
def zones() -> tuple[str, ...]:
    """Name every zone that people live in, by region and city."""
    return tuple(
        sorted(
            name
            for name in zoneinfo.available_timezones()
            if name == "UTC" or ("/" in name and not name.startswith(("Etc/", "SystemV/", "US/", "posix", "right")))
        )
    )


@cache
def zone_regions() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Sort the zones by region: (region, ((name, city), ...)); UTC stands before them, with no region."""
    regions: dict[str, list[tuple[str, str]]] = {"": [("UTC", "UTC")]}
    for name in zones():
        region, _, city = name.partition("/")
        if city:
            regions.setdefault(region, []).append((name, city.replace("_", " ").replace("/", ", ")))
    return tuple((region, tuple(names)) for region, names in regions.items())


def known(name: str | None) -> str | None:
    """Give the name back if it is a zone."""
    return name if name and name in zoneinfo.available_timezones() else None


def visitors_zone(default: str) -> str:
    """Choose the zone to show times in: asked for, remembered by the browser, or the host's."""
    return known(request.args.get("timezone")) or known(request.cookies.get(COOKIE)) or default


def remember_zone(response: Response, secure: bool) -> None:
    """Keep the zone that a visitor chose for the next visit."""
    chosen = known(request.args.get("timezone"))
    if chosen and chosen != request.cookies.get(COOKIE):
        response.set_cookie(COOKIE, chosen, max_age=COOKIE_SECONDS, samesite="Lax", secure=secure)


def moment(text: str | datetime, zone: str | None = None) -> datetime:
    """Read an RFC 3339 time, moved to a zone if one is given."""
    read = datetime.fromisoformat(text) if isinstance(text, str) else text
    return read.astimezone(ZoneInfo(zone)) if zone else read


def long_date(day: date | datetime) -> str:
    """Write Thursday, 3 December 2026."""
    return format_date(day, "EEEE, d MMMM y", locale=LOCALE)


def short_date(day: date | datetime) -> str:
    """Write Thu, 3 Dec."""
    return format_date(day, "EEE, d MMM", locale=LOCALE)


def day_and_month(day: date | datetime) -> str:
    """Write Thursday, 3 December."""
    return format_date(day, "EEEE, d MMMM", locale=LOCALE)


def month_name(day: date) -> str:
    """Write December 2026."""
    return format_date(day, "MMMM y", locale=LOCALE)


def clock(when: datetime) -> str:
    """Write 09:00."""
    return when.strftime("%H:%M")


def zone_name(zone: str, at: datetime | None = None) -> str:
    """Write Europe/Berlin, UTC+1: the offset is the one that holds at that moment."""
    there = (at or datetime.now(UTC)).astimezone(ZoneInfo(zone))
    readable = zone.replace("_", " ")
    return "UTC" if zone in UTC_NAMES else f"{readable}, {offset(there)}"


def city(zone: str) -> str:
    """Write Berlin time, as one says it; UTC stays UTC."""
    return "UTC" if zone in UTC_NAMES else f"{zone.rsplit('/', 1)[-1].replace('_', ' ')} time"


def spoken(when: datetime, zone: str, label: str = "") -> str:
    """Write a slot's name in full, Tuesday 24 November, 10:00, Berlin time; `label` is how its time is written."""
    return f"{format_date(when, 'EEEE d MMMM', locale=LOCALE)}, {label or clock(when)}, {city(zone)}"


def minutes(count: int) -> str:
    """Write 30 minutes, 1 hour, 1 hour 30 minutes."""
    hours, rest = divmod(count, 60)
    parts = [f"{hours} hour{'s' if hours > 1 else ''}"] if hours else []
    return " ".join(parts + ([f"{rest} minutes"] if rest or not hours else []))


def full(text: str, zone: str) -> str:
    """Write 3 December 2026, 09:00 (Europe/Berlin, UTC+1)."""
    when = moment(text, zone)
    return f"{format_date(when, 'd MMMM y', locale=LOCALE)}, {clock(when)} ({zone_name(zone, when)})"


def later(when: datetime, minutes: int) -> datetime:
    """Give the moment so many minutes later, which is not the same as the wall clock so many minutes later."""
    zone = when.tzinfo
    return (when.astimezone(UTC) + timedelta(minutes=minutes)).astimezone(zone)


FILTERS = {
    "later": later,
    "minutes": minutes,
    "moment": moment,
    "long_date": long_date,
    "short_date": short_date,
    "day_and_month": day_and_month,
    "month_name": month_name,
    "clock": clock,
    "city": city,
    "spoken": spoken,
    "zone_name": zone_name,
    "full_time": full,
}
