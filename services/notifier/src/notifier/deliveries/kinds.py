"""The kinds of mail about a booking, and where each stands among the others."""

from typing import Literal, NamedTuple

Recipient = Literal["client", "host"]
What = Literal["booked", "rescheduled", "canceled"]


class Key(NamedTuple):
    """What there is at most one mail of.

    `turn` tells mails of one kind and version apart: the revision of the news that a follow-up tells, the minutes of a
    reminder.
    """

    version: int
    kind: str
    recipient: Recipient
    turn: int = 0


RECIPIENTS: tuple[Recipient, ...] = ("client", "host")
FIRST: dict[What, dict[Recipient, str]] = {
    "booked": {"client": "client_confirmation", "host": "host_notification"},
    "rescheduled": {"client": "client_rescheduled", "host": "host_rescheduled"},
    "canceled": {"client": "client_canceled", "host": "host_canceled"},
}
FIRSTS = frozenset(kind for kinds in FIRST.values() for kind in kinds.values())
"""The one mail to each side about a version."""
LINK: dict[Recipient, str] = {"client": "client_link", "host": "host_link"}
LINK_CHANGED: dict[Recipient, str] = {"client": "client_link_changed", "host": "host_link_changed"}
LINK_REMOVED = "client_link_removed"
REFUSAL = "host_link_failed"
MOVED_IN_ZOOM = "host_moved_in_zoom"
DELETED_IN_ZOOM = "host_deleted_in_zoom"
OF_ALL_SEATS = frozenset({"host_reminder", REFUSAL, MOVED_IN_ZOOM, DELETED_IN_ZOOM})
"""What the host of a group session gets one mail of, and not one for each seat."""
REMINDER: dict[Recipient, str] = {"client": "client_reminder", "host": "host_reminder"}
LINK_MAILS = frozenset({*LINK.values(), *LINK_CHANGED.values(), LINK_REMOVED})
"""What changes the entry in a calendar beside a version of the booking."""


def place(key: Key) -> tuple[int, int, int]:
    """Order the mails of one recipient: by version; the version's own mail, what follows it up, the reminders."""
    if key.kind in FIRSTS:
        return (key.version, 0, 0)
    if key.kind in REMINDER.values():
        return (key.version, 2, -key.turn)
    return (key.version, 1, key.turn)
