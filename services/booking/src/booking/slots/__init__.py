"""Which times are free: pure functions over a host's wall clock and diary."""

from booking.slots.free import Offer
from booking.slots.terms import Availability, Diary, Group, Interval, Reason, Slot, Terms, Vacation
from booking.slots.wallclock import WallClock, zone_named

__all__ = [
    "Availability",
    "Diary",
    "Group",
    "Interval",
    "Offer",
    "Reason",
    "Slot",
    "Terms",
    "Vacation",
    "WallClock",
    "zone_named",
]
