"""The rules: what hosts may offer, what is allowed with a booking and what it becomes. Plain data, no I/O."""

from booking.bookings.booking import (
    Booked,
    Booking,
    Client,
    News,
    Party,
    RemovedBecause,
    Status,
    Stretch,
    Video,
    VideoState,
    first_video,
    what_is_booked,
)
from booking.bookings.hosts import FIRST_COLOR, RESERVED_HANDLES, DefaultProvider, Host, zone
from booking.bookings.refused import Refused, missing, unfit
from booking.bookings.session_types import (
    FIRST_HORIZON,
    FIRST_REMINDERS,
    Location,
    Provider,
    Question,
    SessionType,
    default_location,
    first_session_type,
)
from booking.bookings.words import span
from booking.bookings.working_hours import FIRST_WORKING_HOURS, WorkingHours

__all__ = [
    "FIRST_COLOR",
    "FIRST_HORIZON",
    "FIRST_REMINDERS",
    "FIRST_WORKING_HOURS",
    "RESERVED_HANDLES",
    "Booked",
    "Booking",
    "Client",
    "DefaultProvider",
    "Host",
    "Location",
    "News",
    "Party",
    "Provider",
    "Question",
    "Refused",
    "RemovedBecause",
    "SessionType",
    "Status",
    "Stretch",
    "Video",
    "VideoState",
    "WorkingHours",
    "default_location",
    "first_session_type",
    "first_video",
    "missing",
    "span",
    "unfit",
    "what_is_booked",
    "zone",
]
