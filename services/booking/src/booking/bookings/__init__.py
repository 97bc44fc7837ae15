"""The rules: what hosts may offer, what is allowed with a booking and what it becomes. Plain data, no I/O."""

from booking.bookings.booking import Booked, Booking, Client, News, Party, Status, Video, first_video, what_is_booked
from booking.bookings.hosts import (
    FIRST_COLOR,
    FIRST_HORIZON,
    FIRST_WORKING_HOURS,
    RESERVED_HANDLES,
    Host,
    Location,
    Question,
    SessionType,
    WorkingHours,
    default_location,
    first_session_type,
    zone,
)
from booking.bookings.refused import Refused, missing, unfit

__all__ = [
    "FIRST_COLOR",
    "FIRST_HORIZON",
    "FIRST_WORKING_HOURS",
    "RESERVED_HANDLES",
    "Booked",
    "Booking",
    "Client",
    "Host",
    "Location",
    "News",
    "Party",
    "Question",
    "Refused",
    "SessionType",
    "Status",
    "Video",
    "WorkingHours",
    "default_location",
    "first_session_type",
    "first_video",
    "missing",
    "unfit",
    "what_is_booked",
    "zone",
]
