"""Choosing a time: which month and day to show, from at most two questions about free slots."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import request

from gateway.pages import months, times
from gateway.pages.months import Day, Month, Time
from gateway.parts import Parts, parts
from gateway.upstream import path

FreeSlots = Callable[[date, date], Iterable[dict[str, object]]]


@dataclass(frozen=True)
class Choice:
    """What the month and the day's times look like, and where the arrows lead."""

    base: str
    zone: str
    month: Month
    weeks: list[list[Day]]
    day: date | None
    times: list[Time]
    earlier: Month | None
    later: Month | None
    next_free: date | None
    kept: dict[str, str]
    held: dict[str, str] | None
    """Details that were typed already: then the page is a form that carries them along, and None otherwise."""

    def address(self, name: str, value: str) -> str:
        """Give the address of this page with another month, date or start."""
        there = "#times" if name == "date" else ""
        return f"{self.base}?{urlencode({**self.kept, 'timezone': self.zone, name: value})}{there}"


def free_slots(of: Parts, handle: str, slug: str, zone: str) -> FreeSlots:
    """Ask booking for the free slots of a session type, in a visitor's zone."""
    return slots_at(of, path("hosts", handle, "session-types", slug, "slots"), zone)


def slots_at(of: Parts, where: str, zone: str, *, host_id: str | None = None) -> FreeSlots:
    """Ask booking for the free slots at an inner address."""

    def ask(first: date, last: date) -> Iterable[dict[str, object]]:
        query = urlencode({"from": first.isoformat(), "to": last.isoformat(), "timezone": zone})
        found: dict[str, Any] = of.booking.ask("GET", where, query=query, host=host_id)
        slots: list[dict[str, object]] = found["slots"]
        return slots

    return ask


def choose(
    base: str, zone: str, ask: FreeSlots, *, kept: dict[str, str] | None = None, held: dict[str, str] | None = None
) -> Choice:
    """Work out what to show for the month and date in the address, or for the first day with a free time."""
    today = parts().clock().astimezone(ZoneInfo(zone)).date()
    wanted_day = months.read_date(request.values.get("date"))
    wanted_month = months.read_month(request.values.get("month")) or (wanted_day and months.month_of(wanted_day))
    month = months.within(wanted_month, today) if wanted_month else months.month_of(today)
    days = months.by_day(ask(max(month.first, today), max(month.last, today)))
    next_free = None
    if not days:
        # Three whole months are at most the 92 days that one question may span.
        days = months.by_day(ask(month.moved(1).first, month.moved(3).last))
        next_free = min(days, default=None)
        if next_free and not wanted_month:
            month, next_free = months.month_of(next_free), None
    free = {day: found for day, found in days.items() if months.month_of(day) == month}
    day = wanted_day if wanted_day and months.month_of(wanted_day) == month else min(free, default=None)
    last = months.month_of(today).moved(months.MONTHS_AHEAD)
    return Choice(
        base=base,
        zone=zone,
        month=month,
        weeks=month.weeks(free, chosen=day, today=today),
        day=day,
        times=free.get(day, []) if day else [],
        earlier=month.moved(-1) if month.first > today else None,
        later=month.moved(1) if month.first < last.first else None,
        next_free=next_free,
        kept=kept or {},
        held=held,
    )


def chosen_start(zone: str) -> datetime | None:
    """Read the start in the address, in the visitor's zone."""
    return read_start(request.args.get("start"), zone)


def read_start(text: str | None, zone: str) -> datetime | None:
    """Read an RFC 3339 time with an offset; anything else is None."""
    try:
        # A plus sign that nobody encoded arrives as a space.
        read = datetime.fromisoformat((text or "").replace(" ", "+"))
        return times.moment(read, zone) if read.tzinfo else None
    except (ValueError, OverflowError):
        return None
