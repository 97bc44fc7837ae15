"""One example of every mail, as it would travel: for the snapshots, and for a look at them in a browser."""

from dataclasses import replace
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage

from notifier.deliveries import Change, Delivery, Key, Meeting, Occasion, Recipient, delivery_id
from notifier.deliveries.notices import Addressee, Notice
from notifier.letters import Letter, notices, words
from notifier.mail.message import Writer
from unit.notifier.notifier_facts import BOOKING, NOW, PUBLIC_URL, START, change, ready

WRITER = Writer(Address("Punctual", "no-reply", "book.example.org"), PUBLIC_URL)
ADA = Addressee("Ada Lovelace", "ada@example.com", "Europe/London")
KEY_LINK = "https://book.example.org/password/Zm9vYmFyYmF6cXV4Zm9vYg"
HOUR = timedelta(hours=1)

BOOKED = change()
MOVED = change(2, "rescheduled", by="client")
CANCELED = change(
    3, "canceled", status="canceled", canceled_by="host", cancel_reason="I am ill.\nPlease choose another day."
)
REFUSED = Meeting(1, 2, "failed", cause="zoom_3161", reason="Zoom does not allow this user to schedule meetings.")
AWAY = replace(ready(), moved=(START + HOUR, START + HOUR + timedelta(minutes=45)))


def about(kind: str, version: Change = BOOKED, meeting: Meeting | None = None, **known: object) -> Occasion:
    """Give the occasion of a mail of this kind."""
    recipient: Recipient = "client" if kind.startswith("client") else "host"
    outlook = "none" if version.what == "canceled" else meeting.state if meeting else "pending"
    return Occasion(BOOKING, kind, recipient, version, outlook, meeting, **known)  # type: ignore[arg-type]


OCCASIONS: dict[str, Occasion] = {
    "client_confirmation": about("client_confirmation", meeting=ready()),
    "client_confirmation-link_follows": about("client_confirmation"),
    "host_notification": about("host_notification", meeting=ready()),
    "host_notification-not_connected": about(
        "host_notification", meeting=Meeting(1, 1, "unavailable", reason="Your Zoom account is not connected.")
    ),
    "client_rescheduled": about("client_rescheduled", MOVED, ready(2), known=BOOKED),
    "host_rescheduled": about("host_rescheduled", MOVED, ready(2), known=BOOKED),
    "client_canceled": about("client_canceled", CANCELED, known=MOVED),
    "host_canceled": about("host_canceled", CANCELED, known=MOVED),
    "client_link": about("client_link", meeting=ready(), link_mails=1),
    "host_link": about("host_link", meeting=ready(), link_mails=1),
    "client_link_changed": about("client_link_changed", meeting=ready(), relinked=True, link_mails=2),
    "host_link_changed": about("host_link_changed", meeting=ready(), relinked=True, link_mails=2),
    "client_link_removed": about(
        "client_link_removed", meeting=Meeting(1, 3, "removed", cause="accepted"), link_mails=1
    ),
    "host_link_failed": about("host_link_failed", meeting=REFUSED),
    "host_moved_in_zoom": about("host_moved_in_zoom", meeting=AWAY),
    "host_moved_in_zoom-group": about("host_moved_in_zoom", change(occupancy_id="o1"), AWAY),
    "host_deleted_in_zoom": about("host_deleted_in_zoom", meeting=Meeting(1, 3, "removed", cause="deleted_in_zoom")),
    "host_deleted_in_zoom-group": about(
        "host_deleted_in_zoom", change(occupancy_id="o1"), Meeting(1, 3, "removed", cause="deleted_in_zoom")
    ),
    "host_link_failed-group": about("host_link_failed", change(occupancy_id="o1"), REFUSED),
    "client_reminder": about("client_reminder", meeting=ready(), minutes=60),
    "host_reminder": about("host_reminder", meeting=ready(), minutes=60),
    "host_reminder-group": about("host_reminder", change(occupancy_id="o1"), ready(), minutes=60),
}


def notice(kind: str, **data: object) -> Notice:
    """Give a mail that is about no booking."""
    expires = NOW + HOUR if kind in ("password_reset", "email_change") else None
    return Notice("5d1f6a52-3a56-4a42-9a37-5f3a2f6b1c11", "h1", kind, NOW, dict(data), expires)


NOTICES: dict[str, Notice] = {
    "host_needs_reconnect": notice("host_needs_reconnect", reason="Zoom no longer takes what was granted."),
    "host_zoom_disconnected": notice("host_zoom_disconnected", cause="disconnected"),
    "host_zoom_disconnected-in_zoom": notice("host_zoom_disconnected", cause="deauthorized"),
    "host_links_waiting": notice("host_links_waiting", cause="disconnected", waiting=3, until=None),
    "host_links_waiting-quota": notice(
        "host_links_waiting", cause="quota", waiting=1, until=(NOW + 15 * HOUR).isoformat()
    ),
    "password_reset": notice("password_reset", link=KEY_LINK),
    "password_changed": notice("password_changed", link=None),
    "email_change": notice("email_change", link=KEY_LINK),
    "email_changed": notice("email_changed", link=None),
}


def letter(name: str) -> Letter:
    """Give the example of this name in words."""
    if name in NOTICES:
        return notices.write(NOTICES[name], ADA, PUBLIC_URL)
    return words.write(OCCASIONS[name], PUBLIC_URL)


def mail(name: str) -> EmailMessage:
    """Write the example of this name."""
    if name in NOTICES:
        return WRITER.notify(NOTICES[name], ADA, NOW)
    occasion = OCCASIONS[name]
    booking = occasion.change.booking
    address = booking.client.email if occasion.recipient == "client" else booking.host.email
    key = Key(occasion.change.version, occasion.kind, occasion.recipient)
    delivery = Delivery(delivery_id(BOOKING, key), key.version, key.kind, key.recipient, address, "queued", NOW, NOW)
    return WRITER.write(delivery, occasion, NOW)


SAMPLES: tuple[str, ...] = (*OCCASIONS, *NOTICES)
