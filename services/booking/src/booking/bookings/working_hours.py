"""When a host works: by weekday, on single dates, and not at all on vacation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from booking.bookings.hosts import Host
from booking.bookings.refused import unfit
from booking.slots import Availability, Interval, Vacation


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When a host works, in minutes of the wall clock: by weekday (Monday is 0), and dates that replace theirs.

    On the dates of a vacation nothing is offered, whatever else is said about them.
    """

    weekly: Mapping[int, Sequence[Interval]]
    overrides: Mapping[date, Sequence[Interval]]
    vacations: Sequence[Vacation] = ()

    def require_disjoint(self, within: str = "") -> None:
        """Raise `Refused` when two intervals of one day share a minute: nobody knows whose grid to follow."""
        if any(_overlap(intervals) for intervals in self.weekly.values()):
            raise unfit(f"{within}weekly", "must not hold intervals that overlap on one weekday")
        for day, intervals in self.overrides.items():
            if _overlap(intervals):
                raise unfit(f"{within}overrides", f"must not hold intervals that overlap on {day.isoformat()}")

    def on_the_clock_of(self, host: Host) -> Availability:
        """Tie the working hours to the host's zone."""
        return Availability(host.zone, self.weekly, self.overrides, self.vacations)


NINE_TO_FIVE = (Interval(9 * 60, 17 * 60),)
FIRST_WORKING_HOURS = WorkingHours(weekly=dict.fromkeys(range(5), NINE_TO_FIVE), overrides={})


def _overlap(intervals: Sequence[Interval]) -> bool:
    ordered = sorted(intervals, key=lambda interval: interval.start)
    return any(later.start < earlier.end for earlier, later in pairwise(ordered))
