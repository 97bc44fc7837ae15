"""A month as weeks of days, and a day as a row of times: what a visitor chooses from. Pure."""

import calendar
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

MONTHS_AHEAD = 13
"""A session type's horizon ends at 365 days."""


@dataclass(frozen=True)
class Time:
    """One free slot, as it reads in the visitor's zone."""

    start: datetime
    iso: str
    label: str
    seats_left: int


@dataclass(frozen=True)
class Day:
    """One square of the month."""

    date: date
    inside: bool
    free: int
    chosen: bool
    today: bool


@dataclass(frozen=True)
class Month:
    """The first day of a month, which is how a month is named here."""

    first: date

    @property
    def last(self) -> date:
        """The last day."""
        return self.first.replace(day=calendar.monthrange(self.first.year, self.first.month)[1])

    @property
    def key(self) -> str:
        """The month as it stands in addresses: 2026-12."""
        return self.first.isoformat()[:7]

    def moved(self, months: int) -> "Month":
        """Give the month that many months later."""
        index = self.first.year * 12 + self.first.month - 1 + months
        return Month(date(index // 12, index % 12 + 1, 1))

    def weeks(self, free: dict[date, list[Time]], *, chosen: date | None, today: date) -> list[list[Day]]:
        """Lay the month out in weeks from Monday."""
        return [
            [
                Day(day, day.month == self.first.month, len(free.get(day, ())), day == chosen, day == today)
                for day in week
            ]
            for week in calendar.Calendar().monthdatescalendar(self.first.year, self.first.month)
        ]


def month_of(day: date) -> Month:
    """Give the month that a day lies in."""
    return Month(day.replace(day=1))


def read_month(text: str | None) -> Month | None:
    """Read 2026-12; anything else is None."""
    try:
        return month_of(date.fromisoformat(f"{text}-01")) if text else None
    except ValueError:
        return None


def read_date(text: str | None) -> date | None:
    """Read 2026-12-03; anything else is None."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def within(month: Month, today: date) -> Month:
    """Keep a month between this one and the last that can have free times."""
    first, last = month_of(today), month_of(today).moved(MONTHS_AHEAD)
    return min(max(month, first, key=_first), last, key=_first)


def by_day(slots: Iterable[dict[str, object]]) -> dict[date, list[Time]]:
    """Sort slots, whose starts are in the visitor's zone, into days."""
    days: dict[date, list[Time]] = {}
    for slot in slots:
        start = datetime.fromisoformat(str(slot["start"]))
        seats = slot.get("seats_left")
        time = Time(start, str(slot["start"]), start.strftime("%H:%M"), seats if isinstance(seats, int) else 1)
        days.setdefault(start.date(), []).append(time)
    return {day: _told_apart(times) for day, times in days.items()}


def _told_apart(times: list[Time]) -> list[Time]:
    # In the hour that comes twice in autumn, two instants read the same: they get their offset.
    count = Counter(time.label for time in times)
    return [
        Time(time.start, time.iso, f"{time.label} ({offset(time.start)})", time.seats_left)
        if count[time.label] > 1
        else time
        for time in times
    ]


def offset(moment: datetime) -> str:
    """Give a moment's distance from UTC in words: UTC+1, or UTC+5:30."""
    ahead = moment.utcoffset() or timedelta()
    minutes = int(ahead.total_seconds() // 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "\N{MINUS SIGN}" if minutes < 0 else "+"
    return "UTC" if not minutes else f"UTC{sign}{hours}" + (f":{rest:02d}" if rest else "")


def _first(month: Month) -> date:
    return month.first
