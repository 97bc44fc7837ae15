"""Who is who in a mail: its reader, the other side, and who did what."""

from notifier.deliveries import Occasion
from notifier.letters import moments
from notifier.letters.lines import one_line


def other(occasion: Occasion) -> str:
    """Name whom the reader meets."""
    booking = occasion.change.booking
    return one_line(booking.host.name if occasion.recipient == "client" else booking.client.name)


def title(occasion: Occasion) -> str:
    """Name the session."""
    return one_line(occasion.change.booking.session_type.title)


def zone(occasion: Occasion) -> str:
    """Give the zone in which the reader lives."""
    booking = occasion.change.booking
    return booking.client.timezone if occasion.recipient == "client" else booking.host.timezone


def short_start(occasion: Occasion) -> str:
    """Give the start in the reader's zone, short enough for a subject."""
    return moments.short(occasion.change.booking.start, zone(occasion))


def canceler(occasion: Occasion) -> str:
    """Name who called it off."""
    booking = occasion.change.booking
    if booking.canceled_by is None:
        return "Not recorded"
    if booking.canceled_by == occasion.recipient:
        return "You"
    return one_line(booking.client.name if booking.canceled_by == "client" else booking.host.name)
