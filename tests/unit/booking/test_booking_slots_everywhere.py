"""Two years of free times in every zone of the world, against a reference that looks at each quarter of an hour.

An ordinary run takes some zones, other ones each time; FAULTS=long takes them all.
"""

import os
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from booking.slots import Availability, Diary, Interval, Offer, Terms, Vacation, WallClock

ZONES = sorted(available_timezones() - {"Factory", "localtime"})
LONG = os.environ.get("FAULTS") == "long"
CHOSEN = ZONES if LONG else random.sample(ZONES, 6)
YEARS = (2026, 2027)
QUARTER = timedelta(minutes=15)
DURATION, STEP = 45, 30
WEEKLY: Mapping[int, Sequence[Interval]] = {
    0: (Interval(0, 210), Interval(540, 1020)),
    1: (Interval(75, 165), Interval(165, 255), Interval(1320, 1440)),
    3: (Interval(540, 720), Interval(780, 1065)),
    4: (Interval(0, 1440),),
    5: (Interval(0, 180), Interval(1380, 1440)),
    6: (Interval(30, 150), Interval(150, 225), Interval(600, 645)),
}


def availability(zone: ZoneInfo, year: int) -> Availability:
    overrides = {date(year, month, 1): (Interval(60, 240),) for month in range(1, 13)} | {date(year, 5, 4): ()}
    vacations = (Vacation(date(year, 7, 25), date(year, 8, 9)), Vacation(date(year, 12, 24), date(year, 12, 31)))
    return Availability(zone, WEEKLY, overrides, vacations)


def intervals(of: Availability, day: date) -> Sequence[Interval]:
    if any(away.first <= day <= away.last for away in of.vacations):
        return ()
    return of.overrides.get(day, of.weekly.get(day.weekday(), ()))


def reference(of: Availability, year: int) -> list[datetime]:
    """Read the wall clock at each quarter of an hour, and see what fits: no zone jumps in these years between two."""
    open_quarters: dict[tuple[date, Interval], list[datetime]] = defaultdict(list)
    at, end = datetime(year - 1, 12, 30, tzinfo=UTC), datetime(year + 1, 1, 3, tzinfo=UTC)
    while at < end:
        clock = at.astimezone(of.zone)
        day, minute = clock.date(), clock.hour * 60 + clock.minute
        for interval in intervals(of, day) if day.year == year else ():
            if interval.start <= minute < interval.end:
                open_quarters[day, interval].append(at)
        at += QUARTER
    found = []
    for quarters in open_quarters.values():
        inside = set(quarters)
        for start in quarters:
            whole = all(start + number * QUARTER in inside for number in range(DURATION // 15))
            if whole and (start - quarters[0]) % timedelta(minutes=STEP) == timedelta(0):
                found.append(start)
    return sorted(found)


@pytest.mark.parametrize("name", CHOSEN if LONG else range(len(CHOSEN)))
def test_two_years_of_free_times_agree_with_looking_at_each_quarter_of_an_hour(name: str | int) -> None:
    # The name of a test that is chosen by chance must not depend on it: xdist compares the lists of its processes.
    zone = ZoneInfo(name if isinstance(name, str) else CHOSEN[name])
    for year in YEARS:
        of = availability(zone, year)
        offer = Offer(of, Terms(DURATION, STEP), Diary(), datetime(year, 1, 1, tzinfo=zone))
        found = offer.free(zone, date(year, 1, 1), date(year, 12, 31))
        assert [slot.start for slot in found] == reference(of, year), zone
        starts = [slot.begins for slot in found]
        written = WallClock(zone, starts[0], starts[-1] + 1).written(starts)
        assert written == [slot.start.astimezone(zone).isoformat() for slot in found], zone
