"""Which times are free: pure arithmetic on a host's wall clock, with no database and no clock of its own.

Inside, instants are whole seconds since 1970 in UTC, readings of a wall clock are the same count without a zone, and
days are counted from 1970, so that a month with a thousand bookings is a few thousand integer comparisons.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from booking.slots.terms import Availability, Diary, Reason, Slot, Terms
from booking.slots.wallclock import DAY, MINUTE, Span, WallClock, day_number, instant


class Offer:
    """All that decides what one session type offers at one moment.

    The diary has to cover the whole of what is asked: everything that a candidate with its buffers may touch.
    """

    def __init__(self, availability: Availability, terms: Terms, diary: Diary, now: datetime) -> None:
        self._terms = terms
        self._duration = terms.duration * MINUTE
        self._step = terms.slot_step * MINUTE
        self._now = instant(now)
        self._earliest = self._now + terms.min_notice * MINUTE
        self._zone = availability.zone
        self._weekly = availability.weekly
        self._overrides = {day_number(day): intervals for day, intervals in availability.overrides.items()}
        self._vacations = _merged(
            (day_number(away.first), day_number(away.last) + 1) for away in availability.vacations
        )
        self._vacation_ends = [end for _, end in self._vacations]
        self._last_day = self._clock(self._now, self._now).day(self._now) + terms.horizon
        self._booked = [instant(start) for start in diary.booked]
        self._busy = _merged((instant(start), instant(end)) for start, end in diary.busy)
        self._busy_ends = [end for _, end in self._busy]
        self._groups = {(instant(group.start), instant(group.end)): group.taken for group in diary.groups}

    def free(self, zone: ZoneInfo, first: date, last: date) -> list[Slot]:
        """List the free slots whose start has a date from `first` to `last`, both included, on the clock of `zone`."""
        wall = (day_number(first) * DAY, (day_number(last) + 1) * DAY)
        window = self._within_reach(wall[0] - DAY, wall[1] + DAY)
        if window is None:
            return []
        wanted = WallClock(zone, *window).spans(*wall)
        return [slot for lower, upper in wanted for slot in self._slots(lower, upper)]

    def nearest(self, start: datetime, count: int = 3) -> list[Slot]:
        """Find the free slots nearest in time to a start, the nearest first."""
        centre = min(max(instant(start), self._earliest), (self._last_day + 1) * DAY)
        for reach in (7 * DAY, (self._terms.horizon + 3) * DAY):
            window = self._within_reach(centre - reach, centre + reach)
            found = self._slots(*window) if window else []
            if len(found) >= count:
                break
        wanted = start.timestamp()
        return sorted(found, key=lambda slot: (abs(slot.begins - wanted), slot.begins))[:count]

    def refusal(self, start: datetime) -> Reason | None:
        """Say why a start is not a free slot, or None when it is one."""
        at = instant(start)
        if at < self._now:
            return Reason.IN_THE_PAST
        if at < self._earliest:
            return Reason.TOO_SOON
        if at >= (self._last_day + 3) * DAY:
            return Reason.BEYOND_HORIZON
        clock = self._clock(at, at)
        day = clock.day(at)
        if day > self._last_day:
            return Reason.BEYOND_HORIZON
        if self._is_away(day):
            return Reason.VACATION
        return self._misfit(clock, day, at, exact=start.microsecond == 0) or self._taken(clock, day, at)

    def _misfit(self, clock: WallClock, day: int, at: int, *, exact: bool) -> Reason | None:
        reason = Reason.OUTSIDE_AVAILABILITY
        for spans in self._intervals(clock, day):
            if any(lower <= at and at + self._duration <= upper for lower, upper in spans):
                if exact and (at - spans[0][0]) % self._step == 0:
                    return None
                reason = Reason.OFF_GRID
        return reason

    def _taken(self, clock: WallClock, day: int, at: int) -> Reason | None:
        if not self._free_among([(at, day)], None):
            return Reason.BUSY
        return None if self._free_among([(at, day)], self._per_day(clock)) else Reason.DAY_FULL

    def _slots(self, lower: int, upper: int) -> list[Slot]:
        """List the free slots that start in a stretch of time, in order."""
        clock = self._clock(lower, upper)
        return self._free_among(sorted(self._candidates(clock, lower, upper)), self._per_day(clock))

    def _free_among(self, candidates: Sequence[tuple[int, int]], per_day: Counter[int] | None) -> list[Slot]:
        """Keep those of some starts, each with its date and in order, that nothing which is booked takes away.

        This runs for each of thousands of starts, so it walks along what is busy once, and calls nobody.
        """
        found: list[Slot] = []
        terms, busy, groups, duration = self._terms, self._busy, self._groups, self._duration
        before, needed, most = terms.buffer_before * MINUTE, duration + terms.buffer_after * MINUTE, terms.max_per_day
        following = bisect_right(self._busy_ends, candidates[0][0] - before) if candidates else 0
        for at, day in candidates:
            taken = groups.get((at, at + duration))
            if taken is None:
                while following < len(busy) and busy[following][1] <= at - before:
                    following += 1
                if following < len(busy) and busy[following][0] < at + needed:
                    continue
            seats = terms.capacity - (taken or 0)
            if per_day is not None and most is not None:
                seats = min(seats, most - per_day[day])
            if seats > 0:
                found.append(Slot(at, at + duration, seats))
        return found

    def _candidates(self, clock: WallClock, lower: int, upper: int) -> Iterator[tuple[int, int]]:
        """Go through what the availability offers, booked or not: each start with its date."""
        for day in range(clock.day(lower) - 1, min(clock.day(upper) + 1, self._last_day) + 1):
            for spans in self._intervals(clock, day):
                anchor = spans[0][0]
                for span_from, span_to in spans:
                    steps = -(-(max(span_from, lower) - anchor) // self._step)
                    stop = min(span_to - self._duration + 1, upper)
                    for at in range(anchor + steps * self._step, stop, self._step):
                        yield at, day

    def _intervals(self, clock: WallClock, day: int) -> Iterator[list[Span]]:
        """Turn a date's working hours into real time; an interval inside a missing hour is no time at all."""
        intervals = self._overrides.get(day)
        if intervals is None:
            intervals = self._weekly.get((day + 3) % 7, ())  # 1 January 1970 was a Thursday
        if intervals and self._is_away(day):
            return
        for interval in intervals:
            spans = clock.spans(day * DAY + interval.start * MINUTE, day * DAY + interval.end * MINUTE)
            if spans:
                yield spans

    def _is_away(self, day: int) -> bool:
        following = bisect_right(self._vacation_ends, day)
        return following < len(self._vacations) and self._vacations[following][0] <= day

    def _per_day(self, clock: WallClock) -> Counter[int] | None:
        return None if self._terms.max_per_day is None else Counter(clock.day(at) for at in self._booked)

    def _within_reach(self, lower: int, upper: int) -> Span | None:
        """Cut a stretch of time to what notice and horizon can possibly allow, whatever the zone."""
        lower, upper = max(lower, self._earliest), min(upper, (self._last_day + 2) * DAY)
        return (lower, upper) if lower < upper else None

    def _clock(self, lower: int, upper: int) -> WallClock:
        """Read the host's clock around a stretch of time, wide enough to hold its first and last dates whole."""
        return WallClock(self._zone, lower - 3 * DAY, upper + 3 * DAY)


def _merged(stretches: Iterator[Span]) -> list[Span]:
    """Sort stretches and join those that overlap, so that one bisection answers for all."""
    merged: list[Span] = []
    for start, end in sorted(stretches):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
