"""What the booking service announces about hosts themselves, for whoever writes to them or keeps something."""

from typing import ClassVar

from shared.events.base import Event, Moment
from shared.events.bookings import HostFacts


class HostChanged(Event):
    """A host signed up, or changed name, address, handle or zone. `revision` rises with each."""

    type: ClassVar[str] = "host.changed"
    host: HostFacts
    revision: int

    @property
    def subject(self) -> str:
        """The id of the host."""
        return self.host.id


class HostRemoved(Event):
    """A host's account was deleted: whatever is kept of the host is to be erased."""

    type: ClassVar[str] = "host.removed"
    host_id: str
    at: Moment

    @property
    def subject(self) -> str:
        """The id of the host."""
        return self.host_id
