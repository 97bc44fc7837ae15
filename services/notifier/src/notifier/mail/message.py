"""Makes the mail itself: text, HTML and calendar entry as equal alternatives, and headers that nobody can break."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from notifier import calendar
from notifier.deliveries import FIRST, Delivery, Key, Occasion, delivery_id
from notifier.deliveries.notices import Addressee, Notice
from notifier.letters import Letter, notices, render, words
from notifier.mail.addresses import UnusableAddress, envelope, person
from notifier.mail.headers import WIRE


@dataclass(frozen=True)
class Writer:
    """Writes every mail of this installation."""

    sender: Address
    public_url: str

    def write(self, delivery: Delivery, occasion: Occasion, now: datetime) -> EmailMessage:
        """Make a mail about a booking. The same delivery has the same Message-ID each time.

        Raises `UnusableAddress`.
        """
        booking = occasion.change.booking
        names = {"client": booking.client.name, "host": booking.host.name}
        to = person(names[occasion.recipient], delivery.address)
        mail = self._written(delivery.id, to, words.write(occasion, self.public_url), now)
        if other := _other(occasion):
            mail["Reply-To"] = other
        first = delivery_id(occasion.booking_id, Key(1, FIRST["booked"][occasion.recipient], occasion.recipient))
        if first != delivery.id:
            # One booking's mails stay together in the reader's list.
            mail["References"] = self.message_id(first)
        if method := calendar.method(occasion):
            self._add_calendar(
                mail, calendar.write(occasion, method=method, public_url=self.public_url, now=now), method
            )
        return mail

    def notify(self, notice: Notice, reader: Addressee, now: datetime) -> EmailMessage:
        """Make a mail that is about no booking. Raises `UnusableAddress`."""
        letter = notices.write(notice, reader, self.public_url)
        return self._written(notice.id, person(reader.name, reader.email), letter, now)

    def _written(self, mail_id: str, to: Address, letter: Letter, now: datetime) -> EmailMessage:
        mail = EmailMessage(policy=WIRE)
        mail["From"] = self.sender
        mail["To"] = to
        mail["Subject"] = letter.subject
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = self.message_id(mail_id)
        mail["Auto-Submitted"] = "auto-generated"
        # Quoted-printable and base64 pass every server; 8bit would need its consent.
        mail.set_content(render.text(letter), cte="quoted-printable")
        mail.add_alternative(render.html(letter), subtype="html", cte="quoted-printable")
        return mail

    @property
    def sender_address(self) -> str:
        """Give the bare address that SMTP is told as the sender."""
        return envelope(self.sender)

    def recipient_address(self, address: str) -> str:
        """Give the bare address that SMTP is told as the recipient. Raises `UnusableAddress`."""
        return envelope(person("", address))

    def message_id(self, delivery_id: str) -> str:
        """Give the mail's Message-ID."""
        return f"<{delivery_id}@{self.sender.domain}>"

    def _add_calendar(self, mail: EmailMessage, entry: str, method: str) -> None:
        mail.add_alternative(entry, subtype="calendar", params={"method": method}, cte="base64")
        # Programs that don't read the alternative offer the file: Apple Mail, most webmail.
        mail.add_attachment(entry.encode(), maintype="application", subtype="ics", filename="invite.ics")


def _other(occasion: Occasion) -> Address | None:
    """Give whom an answer to the mail reaches, unless only some servers could carry that address in a header."""
    booking = occasion.change.booking
    if occasion.of_all_seats:
        return None
    who = booking.host if occasion.recipient == "client" else booking.client
    with suppress(UnusableAddress):
        address = person(who.name, who.email)
        return address if address.username.isascii() else None
    return None
