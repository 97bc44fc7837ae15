"""What the connector says about a host's connection. No e-mail address and no Zoom id is in here."""

from typing import ClassVar, Literal

from shared.events.base import Event, Moment


class _ZoomEvent(Event):
    host_id: str

    @property
    def subject(self) -> str:
        return self.host_id


class ZoomConnected(_ZoomEvent):
    """The host allowed us to make meetings."""

    type: ClassVar[str] = "zoom.connected"


class ZoomDisconnected(_ZoomEvent):
    """The connection was removed and erased. `cause` is `disconnected` (by us) or `deauthorized` (in Zoom)."""

    type: ClassVar[str] = "zoom.disconnected"
    cause: str


class ZoomNeedsReconnect(_ZoomEvent):
    """Zoom no longer takes what the host granted; the host has to connect again."""

    type: ClassVar[str] = "zoom.needs_reconnect"
    reason: str


class ZoomLinksWaiting(_ZoomEvent):
    """Links of future bookings wait for the host's account; announced once a day at most for each cause.

    `until` is when the quota begins anew; a missing connection waits for the host.
    """

    type: ClassVar[str] = "zoom.links_waiting"
    cause: Literal["disconnected", "quota"]
    waiting: int
    until: Moment | None = None
