"""Free times against a slow reference that reads the wall clock minute by minute, over all zones of the world."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given, settings
from hypothesis import strategies as st

from booking.slots import Availability, Diary, Group, Interval, Offer, Reason, Terms, Vacation

ZONES = sorted(available_timezones() - {"Factory", "localtime"})
MINUTE = timedelta(minutes=1)
WEEK = range(7)


@cache
def jumps(zone: str, year: int) -> list[date]:
    """Name the dates in a year on which the clocks of a zone jump."""
    found = []
    noon = datetime(year, 1, 1, 12, tzinfo=UTC)
    for day in range(366):
        here, ahead = noon + timedelta(days=day), noon + timedelta(days=day + 1)
        if here.astimezone(ZoneInfo(zone)).utcoffset() != ahead.astimezone(ZoneInfo(zone)).utcoffset():
            found.append(ahead.date())
    return found


@st.composite
def intervals(draw: st.DrawFn) -> tuple[Interval, ...]:
    small_hours = st.integers(0, 16)  # when clocks jump
    quarters = st.lists(small_hours | st.integers(0, 96), min_size=2, max_size=6, unique=True)
    edges = [15 * quarter for quarter in sorted(draw(quarters))]
    return tuple(Interval(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False))


@st.composite
def days(draw: st.DrawFn) -> tuple[ZoneInfo, date]:
    """Draw a zone and a day, more often than not one where its clocks jump."""
    zone, year = draw(st.sampled_from(ZONES)), draw(st.integers(1973, 2037))
    ordinary = date(year, 1, 1) + timedelta(days=draw(st.integers(0, 364)))
    return ZoneInfo(zone), draw(st.sampled_from([*jumps(zone, year), ordinary]))


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    buffers = st.sampled_from([0, 5, 10, 60])
    return Terms(
        duration=draw(st.sampled_from([5, 15, 30, 45, 60, 480])),
        slot_step=draw(st.sampled_from([10, 15, 30, 50, 60, 90])),
        buffer_before=draw(buffers),
        buffer_after=draw(buffers),
        min_notice=draw(st.sampled_from([0, 1, 60, 1500])),
        horizon=draw(st.integers(1, 4)),
        max_per_day=draw(st.sampled_from([None, 1, 2])),
        capacity=draw(st.sampled_from([1, 2])),
    )


@st.composite
def diaries(draw: st.DrawFn, day: date) -> Diary:
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    busy, groups, booked = [], [], []
    for at in draw(st.lists(st.integers(-96, 200), max_size=8)):
        start = midnight + 15 * at * MINUTE
        end = start + draw(st.sampled_from([15, 30, 60])) * MINUTE
        before, after = draw(st.sampled_from([0, 10])), draw(st.sampled_from([0, 10]))
        busy.append((start - before * MINUTE, end + after * MINUTE))
        if draw(st.booleans()):
            groups.append(Group(start, end, 1))
            booked.append(start)
    return Diary(busy, groups, booked)


def reading(at: datetime, zone: ZoneInfo) -> tuple[date, int]:
    clock = at.astimezone(zone)
    return clock.date(), clock.hour * 60 + clock.minute


def open_minutes(availability: Availability, first: date, days: int) -> list[tuple[date, list[datetime]]]:
    """Ask the zone at each minute what it reads, and collect those inside each interval of each date."""
    minute = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(days=3)
    found: dict[tuple[date, Interval], list[datetime]] = {}
    for _ in range((days + 6) * 1440):
        day, clock = reading(minute, availability.zone)
        away = any(vacation.first <= day <= vacation.last for vacation in availability.vacations)
        for interval in () if away else availability.overrides.get(day, availability.weekly.get(day.weekday(), ())):
            if interval.start <= clock < interval.end:
                found.setdefault((day, interval), []).append(minute)
        minute += MINUTE
    return [(day, minutes) for (day, _), minutes in found.items()]


def seconds(at: datetime | int) -> float:
    return at if isinstance(at, int) else at.timestamp()


def seats(rules: Terms, diary: Diary, start: datetime) -> int:
    end = start + rules.duration * MINUTE
    joined = [group.taken for group in diary.groups if (group.start, group.end) == (start, end)]
    if joined:
        return rules.capacity - joined[-1]
    begin, done = seconds(start - rules.buffer_before * MINUTE), seconds(end + rules.buffer_after * MINUTE)
    overlaps = any(seconds(since) < done and begin < seconds(until) for since, until in diary.busy)
    return 0 if overlaps else rules.capacity


def reference(
    availability: Availability, rules: Terms, diary: Diary, *, now: datetime, asked: ZoneInfo, first: date, last: date
) -> dict[datetime, int]:
    """Find free starts the slow way, one minute after the other."""
    today = reading(now, availability.zone)[0]
    per_day = Counter(reading(datetime.fromtimestamp(seconds(at), UTC), availability.zone)[0] for at in diary.booked)
    found = {}
    for day, minutes in open_minutes(availability, first, (last - first).days + 1):
        inside = set(minutes)
        for start in minutes:
            on_grid = (start - minutes[0]) % (rules.slot_step * MINUTE) == timedelta(0)
            allowed = start >= now + rules.min_notice * MINUTE and (day - today).days <= rules.horizon
            meant = first <= reading(start, asked)[0] <= last
            if on_grid and allowed and meant and all(start + n * MINUTE in inside for n in range(rules.duration)):
                most = rules.capacity if rules.max_per_day is None else rules.max_per_day - per_day[day]
                found[start] = min(seats(rules, diary, start), most)
    return {start: left for start, left in found.items() if left > 0}


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_free_times_agree_with_reading_every_minute(data: st.DataObject) -> None:
    zone, day = data.draw(days())
    weekly = {weekday: data.draw(intervals()) for weekday in WEEK}
    overrides = data.draw(st.dictionaries(st.sampled_from([day, day + timedelta(days=1)]), intervals(), max_size=1))
    rules, diary = data.draw(terms()), data.draw(diaries(day))
    asked = ZoneInfo(data.draw(st.sampled_from([*ZONES[::7], zone.key])))
    now = datetime(day.year, day.month, day.day, tzinfo=UTC) + data.draw(st.integers(-72, 24)) * timedelta(minutes=37)
    first = day + timedelta(days=data.draw(st.integers(-3, 3)))
    vacations = data.draw(st.sampled_from([(), (), (Vacation(first, first + timedelta(days=1)),)]))
    availability = Availability(zone, weekly, overrides, vacations)
    offer = Offer(availability, rules, diary, now)
    found = offer.free(asked, day, day + timedelta(days=1))
    expected = reference(availability, rules, diary, now=now, asked=asked, first=day, last=day + timedelta(days=1))
    assert {slot.start: slot.seats_left for slot in found} == expected
    assert [slot.start for slot in found] == sorted(expected)
    assert all(offer.refusal(slot.start) is None for slot in found)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_every_offered_moment_is_inside_the_working_hours(data: st.DataObject) -> None:
    zone, day = data.draw(days())
    working = data.draw(intervals())
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    offer = Offer(Availability(zone, dict.fromkeys(WEEK, working), {}), Terms(30, 15), Diary(), midnight)
    for slot in offer.free(zone, day - timedelta(days=1), day + timedelta(days=1)):
        (_, start), (_, last) = reading(slot.start, zone), reading(slot.end - MINUTE, zone)
        assert any(i.start <= start < i.end and i.start <= last < i.end for i in working)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_start_is_refused_exactly_when_it_is_not_offered(data: st.DataObject) -> None:
    zone, day = data.draw(days())
    weekly = dict.fromkeys(WEEK, data.draw(intervals()))
    rules, diary = data.draw(terms()), data.draw(diaries(day))
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    now = midnight + data.draw(st.integers(-72, 24)) * timedelta(minutes=37)
    offer = Offer(Availability(zone, weekly, {}), rules, diary, now)
    start = midnight + data.draw(st.integers(-2000, 4000)) * MINUTE
    offered = {slot.start for slot in offer.free(ZoneInfo("UTC"), start.date(), start.date())}
    assert (offer.refusal(start) is None) == (start in offered)
    if offer.refusal(start) is Reason.IN_THE_PAST:
        assert start < now
    nearest = offer.nearest(start)
    assert start not in offered or nearest[0].start == start
