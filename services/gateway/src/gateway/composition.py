"""The answers that take more than one service: a booking with its mails, "try again now", and "accept that"."""

from typing import Any

from gateway.parts import Parts
from gateway.upstream import RefusedUpstreamError, UpstreamUnavailableError, path
from shared import logs

log = logs.get(__name__)

NOT_FOUND = 404


def booking_with_deliveries(parts: Parts, host_id: str, booking_id: str) -> dict[str, Any]:
    """Give a host's booking with its timeline and its mails; without the notifier, say that the mails are unknown."""
    booking: dict[str, Any] = parts.booking.ask("GET", path("me", "bookings", booking_id), host=host_id)
    try:
        found = parts.notifier.ask("GET", path("me", "bookings", booking_id, "deliveries"), host=host_id)
        return {**booking, "deliveries": found["items"], "deliveries_known": True}
    except (UpstreamUnavailableError, RefusedUpstreamError):
        log.warning("deliveries_unknown", booking_id=booking_id)
        return {**booking, "deliveries": [], "deliveries_known": False}


def retry(parts: Parts, host_id: str, booking_id: str) -> None:
    """Make the meeting and the unsent mails of a host's booking due now, whatever they wait for.

    Raises `RefusedUpstreamError` when the host has no such booking.
    """
    parts.booking.ask("GET", path("me", "bookings", booking_id), host=host_id)
    for service in (parts.zoom_connector, parts.notifier):
        try:
            service.ask("POST", path("me", "bookings", booking_id, "retry"), host=host_id)
        except RefusedUpstreamError as refused:
            # A booking without a meeting, or one whose events are still on their way, has nothing to retry there.
            if refused.status != NOT_FOUND:
                raise


def accept(parts: Parts, host_id: str, booking_id: str) -> None:
    """Take over what the host did in Zoom: move the booking to where the meeting is, or let the meeting be gone.

    Raises `RefusedUpstreamError`: `no_such_booking`, or `nothing_to_accept` when Zoom has what was booked.
    """
    where = path("me", "bookings", booking_id)
    booking: dict[str, Any] = parts.booking.ask("GET", where, host=host_id)
    moved = booking["video"].get("moved_to")
    if moved:
        # The host chose this time in Zoom: it may lie outside the offered ones.
        wish = {"start": moved["start"], "any_time": True}
        parts.booking.ask("POST", f"{where}/reschedule", host=host_id, json_body=wish)
    else:
        parts.zoom_connector.ask("POST", f"{where}/accept", host=host_id)
