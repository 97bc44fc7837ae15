"""What each event means here. All of them only say what a meeting should be; reconciling does the rest."""

from datetime import datetime

from sqlalchemy import Connection

from shared.events import BookingCanceled, BookingCreated, BookingFacts, BookingRescheduled, HostRemoved
from shared.inbox import Handlers
from zoom_connector import meetings
from zoom_connector.storage import connections, seats


def a_meeting_is_wanted(event: BookingCreated | BookingRescheduled, tx: Connection, now: datetime) -> None:
    """See to a meeting at the booking's time."""
    _record(tx, event.booking, now)


def no_meeting_is_wanted(event: BookingCanceled, tx: Connection, now: datetime) -> None:
    """See to it that whatever was made for the booking goes, and that nothing is made any more."""
    _record(tx, event.booking, now)


def nothing_of_the_host_may_stay(event: HostRemoved, tx: Connection, now: datetime) -> None:
    """See to it that the host's connection is removed and everything erased; it is done soon, by its own loop."""
    connections.leave(tx, event.host_id, now)


def _record(tx: Connection, booking: BookingFacts, now: datetime) -> None:
    if booking.location.provider != "zoom" or seats.knows(tx, booking.id, booking.version):
        return
    shared = booking.occupancy_id is not None
    meeting_id = booking.occupancy_id or booking.id
    wanted = meetings.wanted(
        meeting_id=meeting_id,
        title=booking.session_type.title,
        client=None if shared else booking.client.name,
        description=booking.session_type.description,
        start=booking.start,
        end=booking.end,
        timezone=booking.host.timezone,
    )
    seats.record(
        tx,
        booking_id=booking.id,
        meeting_id=meeting_id,
        host_id=booking.host.id,
        version=booking.version,
        live=booking.status == "confirmed",
        wanted=wanted,
        end=booking.end,
        now=now,
    )


HANDLERS: Handlers = {
    BookingCreated: a_meeting_is_wanted,
    BookingRescheduled: a_meeting_is_wanted,
    BookingCanceled: no_meeting_is_wanted,
    HostRemoved: nothing_of_the_host_may_stay,
}
