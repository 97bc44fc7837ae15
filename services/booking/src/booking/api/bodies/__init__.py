"""What people may send in a body: each field with its limits, and what becomes of it."""

from booking.api.bodies.hours import AvailabilityBody
from booking.api.bodies.offers import SessionTypeBody, SessionTypeChanges
from booking.api.bodies.profile import EmailBody, HostChanges, SignUpBody
from booking.api.bodies.wishes import CancelBody, HostRescheduleBody, HostWishBody, RescheduleBody, WishBody

__all__ = [
    "AvailabilityBody",
    "CancelBody",
    "EmailBody",
    "HostChanges",
    "HostRescheduleBody",
    "HostWishBody",
    "RescheduleBody",
    "SessionTypeBody",
    "SessionTypeChanges",
    "SignUpBody",
    "WishBody",
]
