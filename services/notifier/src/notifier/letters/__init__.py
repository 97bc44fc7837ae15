"""What each mail says, in words and links, before it has a form.

`words.write` makes a `Letter` for an occasion; `render` turns one letter into HTML and into plain text, so both
always say the same. How a mail travels is not in here.
"""

from dataclasses import dataclass

from notifier.deliveries import Occasion


@dataclass(frozen=True)
class Fact:
    """One row of the summary. `href` makes its only line a link."""

    label: str
    lines: tuple[str, ...]
    href: str | None = None


@dataclass(frozen=True)
class Action:
    """Something to do next."""

    label: str
    href: str


@dataclass(frozen=True)
class Letter:
    """One mail in words."""

    subject: str
    headline: str
    lead: str
    notices: tuple[str, ...]
    facts: tuple[Fact, ...]
    join_link: str | None
    actions: tuple[Action, ...]
    closing: str


@dataclass(frozen=True)
class Addresses:
    """The pages that mails point at. A host's mail never carries the reference: it is the client's capability."""

    public_url: str

    def of(self, occasion: Occasion) -> str:
        """Give the page on which this mail's reader sees and changes the booking."""
        if occasion.recipient == "host":
            return f"{self.public_url}/dashboard/bookings/{occasion.booking_id}"
        return f"{self.public_url}/bookings/{occasion.change.booking.reference}"

    def offer(self, occasion: Occasion) -> str:
        """Give the public page of the session type."""
        booking = occasion.change.booking
        return f"{self.public_url}/{booking.host.handle}/{booking.session_type.slug}"

    def connections(self) -> str:
        """Give the page on which a host connects Zoom."""
        return f"{self.public_url}/dashboard/connections"
