"""Keeps when hosts work and when they are away."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    JSON,
    BindParameter,
    Connection,
    Date,
    Integer,
    bindparam,
    cast,
    delete,
    insert,
    null,
    select,
    type_coerce,
    union_all,
)

from booking.bookings import WorkingHours
from booking.slots import Interval, Vacation
from booking.storage.tables import OVERRIDES, VACATIONS, WEEKLY_RULES

_HOST: BindParameter[str] = bindparam("host_id")
_NO_NUMBER, _NO_DATE, _NO_DOCUMENT = cast(null(), Integer), cast(null(), Date), cast(null(), JSON)
# All three kinds of rules at once, so that an answer about free times costs one look; built once.
_RULES = union_all(
    select(
        WEEKLY_RULES.c.weekday,
        WEEKLY_RULES.c.start_minute,
        WEEKLY_RULES.c.end_minute,
        _NO_DATE.label("first_day"),
        _NO_DATE.label("last_day"),
        type_coerce(_NO_DOCUMENT, JSON).label("intervals"),
    ).where(WEEKLY_RULES.c.host_id == _HOST),
    select(_NO_NUMBER, _NO_NUMBER, _NO_NUMBER, OVERRIDES.c.date, _NO_DATE, OVERRIDES.c.intervals).where(
        OVERRIDES.c.host_id == _HOST
    ),
    select(_NO_NUMBER, _NO_NUMBER, _NO_NUMBER, VACATIONS.c.first_day, VACATIONS.c.last_day, _NO_DOCUMENT).where(
        VACATIONS.c.host_id == _HOST
    ),
)


def working_hours(tx: Connection, host_id: str) -> WorkingHours:
    """Read when a host works."""
    weekly: dict[int, list[Interval]] = defaultdict(list)
    overrides: dict[date, Sequence[Interval]] = {}
    vacations: list[Vacation] = []
    for weekday, start, end, first, last, intervals in tx.execute(_RULES, {"host_id": host_id}):
        if weekday is not None:
            weekly[weekday].append(Interval(start, end))
        elif last is not None:
            vacations.append(Vacation(first, last))
        else:
            overrides[first] = [Interval(*pair) for pair in intervals]
    for one_day in weekly.values():
        one_day.sort(key=lambda interval: interval.start)
    return WorkingHours(weekly, overrides, sorted(vacations, key=lambda away: (away.first, away.last)))


def replace_working_hours(tx: Connection, host_id: str, hours: WorkingHours) -> None:
    """Keep these working hours and none of the earlier ones."""
    for table in (WEEKLY_RULES, OVERRIDES, VACATIONS):
        tx.execute(delete(table).where(table.c.host_id == host_id))
    rules = [
        {"host_id": host_id, "weekday": weekday, "start_minute": interval.start, "end_minute": interval.end}
        for weekday, intervals in hours.weekly.items()
        for interval in intervals
    ]
    if rules:
        tx.execute(insert(WEEKLY_RULES), rules)
    overrides = [{"host_id": host_id, "date": day, "intervals": _pairs(of)} for day, of in hours.overrides.items()]
    if overrides:
        tx.execute(insert(OVERRIDES), overrides)
    vacations = [{"host_id": host_id, "first_day": away.first, "last_day": away.last} for away in hours.vacations]
    if vacations:
        tx.execute(insert(VACATIONS), vacations)


def to_document(hours: WorkingHours | None) -> dict[str, Any] | None:
    """Write the hours of a session type as JSON; they have no vacations of their own."""
    if hours is None:
        return None
    return {
        "weekly": {str(weekday): _pairs(intervals) for weekday, intervals in hours.weekly.items()},
        "overrides": {day.isoformat(): _pairs(intervals) for day, intervals in hours.overrides.items()},
    }


def of_document(document: Mapping[str, Any] | None) -> WorkingHours | None:
    """Read them back."""
    if document is None:
        return None
    return WorkingHours(
        {int(weekday): _intervals(pairs) for weekday, pairs in document["weekly"].items()},
        {date.fromisoformat(day): _intervals(pairs) for day, pairs in document["overrides"].items()},
    )


def _pairs(intervals: Sequence[Interval]) -> list[list[int]]:
    return [[interval.start, interval.end] for interval in sorted(intervals, key=lambda one: one.start)]


def _intervals(pairs: Sequence[Sequence[int]]) -> tuple[Interval, ...]:
    return tuple(Interval(start, end) for start, end in pairs)
