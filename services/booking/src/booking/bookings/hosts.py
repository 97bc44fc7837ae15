"""Who offers sessions: what a host may be called, and on which clock the host's days are read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from booking.bookings.refused import unfit
from booking.slots import zone_named

DefaultProvider = Literal["zoom", "none"]
FIRST_COLOR = "#2563eb"

# fmt: off
RESERVED_HANDLES = frozenset(
    {
        "about", "account", "admin", "api", "assets", "billing", "blog", "bookings", "confirm-email",
        "contact", "dashboard", "docs", "embed", "favicon", "forgot-password", "health", "help", "home",
        "host", "hosts", "legal", "livez", "login", "logout", "mail", "me", "metrics", "new", "oauth",
        "openapi", "pricing", "privacy", "public", "punctual", "readyz", "reset-password", "root", "sandbox",
        "security", "settings", "signin", "signout", "signup", "static", "status", "support", "system", "team",
        "terms", "user", "users", "webhook", "webhooks", "well-known", "www", "zoom",
    }
)
# fmt: on
"""Each would hide a page of our own, now or later."""


@dataclass(frozen=True, slots=True)
class Host:
    """Who offers sessions. `timezone` is an IANA name; the feed key opens the calendar feed.

    `change_cutoff` is how many minutes before its start a client may no longer move or cancel a booking, `logo` names
    the picture's content. `revision` rises with each change that the other services are told of.
    """

    id: str
    name: str
    email: str
    handle: str
    timezone: str
    default_video_provider: DefaultProvider
    welcome_text: str
    color: str
    feed_key: str
    created_at: datetime
    change_cutoff: int = 0
    logo: str | None = None
    revision: int = 1

    @property
    def zone(self) -> ZoneInfo:
        """The clock that the host's working hours are read on."""
        return zone(self.timezone)

    @property
    def card(self) -> tuple[str, str, str, str]:
        """What the other services know of a host."""
        return self.name, self.email, self.handle, self.timezone


def zone(name: str, field: str = "timezone") -> ZoneInfo:
    """Find a zone by its IANA name. Raises `Refused` with the code `unknown_timezone`."""
    found = zone_named(name)
    if found is None:
        raise unfit(field, "must be the IANA name of a time zone, like Europe/Berlin", code="unknown_timezone")
    return found
