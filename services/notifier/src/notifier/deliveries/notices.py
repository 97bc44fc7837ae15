"""Mails that are about no booking: to a host about the Zoom connection, and about the host's account."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

NEEDS_RECONNECT = "host_needs_reconnect"
DISCONNECTED = "host_zoom_disconnected"
LINKS_WAITING = "host_links_waiting"
ABOUT_ZOOM = (NEEDS_RECONNECT, DISCONNECTED, LINKS_WAITING)

REPLACES: dict[str, tuple[str, ...]] = {
    DISCONNECTED: ABOUT_ZOOM,
    NEEDS_RECONNECT: (NEEDS_RECONNECT, DISCONNECTED),
    LINKS_WAITING: (LINKS_WAITING,),
}
"""What a newer mail makes pointless while it has not gone out. Any other kind takes the place of its own kind."""


@dataclass(frozen=True)
class Addressee:
    """A host as far as mail needs to know."""

    name: str
    email: str
    timezone: str


@dataclass(frozen=True)
class Notice:
    """One such mail. `data` is what its words need; after `expires_at` its link opens nothing."""

    id: str
    host_id: str
    kind: str
    created_at: datetime
    data: dict[str, Any] = field(default_factory=dict)
    expires_at: datetime | None = None

    @property
    def is_about_zoom(self) -> bool:
        """Say whether it goes to where the host is reached now; an account's mail names its own address."""
        return self.kind in ABOUT_ZOOM

    def expired(self, now: datetime) -> bool:
        """Say whether its reader could do nothing with it any more."""
        return self.expires_at is not None and now >= self.expires_at


def replaced(kind: str) -> tuple[str, ...]:
    """Give the kinds of which an unsent mail gives way to a new one of `kind`."""
    return REPLACES.get(kind, (kind,))
