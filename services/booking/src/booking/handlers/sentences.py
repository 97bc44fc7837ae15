"""Parts of sentences that hosts and clients read."""

from datetime import datetime

from booking.bookings import Booking, Host, Party


def when(moment: datetime, host: Host) -> str:
    """Name a moment on the host's clock."""
    local = moment.astimezone(host.zone)
    return f"{local:%A} {local.day} {local:%B} {local.year}, {local:%H:%M} ({host.timezone})"


def who(booking: Booking, host: Host, by: Party) -> str:
    """Name a party, and which one it is."""
    return f"{booking.client.name} (client)" if by == "client" else f"{host.name} (host)"


def joined(first: str, second: str | None) -> str:
    """Let a reason follow what it is the reason of."""
    more = (second or "").strip()
    return f"{first}." if not more else f"{first}: {more.rstrip('.')}."
