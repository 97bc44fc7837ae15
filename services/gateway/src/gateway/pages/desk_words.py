"""What the dashboard says to a host: the kinds of mails and of timeline lines, and minutes, in words. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from gateway.pages import words

STATES = (
    ("ready", "Link ready"),
    ("pending", "Being prepared"),
    ("delayed", "Delayed"),
    ("unavailable", "Waits for Zoom"),
    ("failed", "Refused by Zoom"),
    ("removed", "Removed"),
    ("none", "No video"),
)
"""What one can filter by."""
HANDS = tuple(words.VIDEO[state] for state in ("failed", "removed", "deleted_in_zoom", "moved"))
"""States that end by the host's hand only."""

SUBJECT = MappingProxyType(
    {
        "confirmation": "Confirmation",
        "notification": "Notification",
        "rescheduled": "New time",
        "canceled": "Cancellation",
        "link": "Video link",
        "link_changed": "New video link",
        "link_removed": "Video link no longer works",
        "link_failed": "No video link",
        "moved_in_zoom": "Meeting moved in Zoom",
        "deleted_in_zoom": "Meeting deleted in Zoom",
        "reminder": "Reminder",
    }
)
REMINDER = "reminder"

_STEP = (
    ("booking.created", "check", "good"),
    ("booking.rescheduled", "moved", ""),
    ("booking.canceled", "removed", "bad"),
    ("meeting.ready", "video", "good"),
    ("meeting.delayed", "hourglass", "warn"),
    ("meeting.unavailable", "unplugged", "warn"),
    ("meeting.failed", "alert", "bad"),
    ("meeting.moved", "moved", "warn"),
    ("meeting.removed", "removed", ""),
    ("mail.sent", "mail", "good"),
    ("mail.failed", "mail", "warn"),
)


def needs_a_hand(booking: Mapping[str, Any]) -> bool:
    """Tell whether something about a booking waits for the host."""
    return booking["status"] == "confirmed" and words.link(dict(booking)) in HANDS


def mail(kind: str) -> str:
    """Name a mail: who gets it, and what it is."""
    side, _, what = kind.partition("_")
    name = SUBJECT.get(what) or what.replace("_", " ").capitalize() or kind
    return f"{name} to {'you' if side == 'host' else 'the client'}"


def step(kind: str) -> tuple[str, str]:
    """Give the icon and the tone of a line of the timeline."""
    return next(((icon, tone) for known, icon, tone in _STEP if kind == known), ("info", ""))


def minutes(count: int) -> str:
    """Write 90 as 1 hour 30 minutes, and 1440 as 1 day."""
    if not count:
        return "0 minutes"
    days, rest = divmod(count, 1440)
    hours, left = divmod(rest, 60)
    said = [(days, "day"), (hours, "hour"), (left, "minute")]
    return " ".join(counted(number, unit) for number, unit in said if number)


def counted(number: int, what: str) -> str:
    """Write 1 booking, 2 bookings."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
