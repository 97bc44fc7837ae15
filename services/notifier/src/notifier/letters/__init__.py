"""What each mail says, in words and links, before it has a form.

`words.write` makes a `Letter` for an occasion and `notices.write` one that is about no booking; `render` turns a letter
into HTML and into plain text, so both always say the same. How a mail travels is not in here.
"""

from dataclasses import dataclass
from typing import Literal

from notifier.deliveries import Occasion

Tone = Literal["good", "news", "care", "off"]
"""How it strikes the eye, beside its words: all is well, something new, something to do, something is over."""


@dataclass(frozen=True)
class Fact:
    """One row of the summary. `href` makes its only line a link."""

    label: str
    lines: tuple[str, ...]
    href: str | None = None


@dataclass(frozen=True)
class Sheet:
    """The day as a leaf of a calendar; it repeats what the fact beside it says in full."""

    weekday: str
    number: str
    month: str


@dataclass(frozen=True)
class Action:
    """Something to do next."""

    label: str
    href: str


@dataclass(frozen=True)
class Letter:
    """One mail in words. `when` is the fact that the eye finds first; lists show `preview` beside the subject."""

    subject: str
    preview: str
    tone: Tone
    headline: str
    lead: str
    notices: tuple[str, ...]
    when: Fact | None
    sheet: Sheet | None
    facts: tuple[Fact, ...]
    button: Action | None
    actions: tuple[Action, ...]
    closing: str

    @property
    def button_is_said(self) -> bool:
        """Say whether the facts give the button's address already."""
        return self.button is not None and any(fact.href == self.button.href for fact in self.facts)


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

    def bookings(self) -> str:
        """Give the list of the host's bookings."""
        return f"{self.public_url}/dashboard/bookings"

    def sign_in(self) -> str:
        """Give the page on which a host signs in."""
        return f"{self.public_url}/signin"
