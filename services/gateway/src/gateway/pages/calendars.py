"""Addresses that put a booking into a calendar. Pure."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode


def links(booking: dict[str, Any], public_url: str) -> list[tuple[str, str]]:
    """Give (name, address) for the file and for the calendars that take an address."""
    title = f"{booking['session_type']['title']} with {booking['host']['name']}"
    page = f"{public_url}/bookings/{booking['reference']}"
    google = {
        "action": "TEMPLATE",
        "text": title,
        "dates": f"{_compact(booking['start'])}/{_compact(booking['end'])}",
        "details": f"Link and details: {page}",
    }
    outlook = {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "subject": title,
        "startdt": _plain(booking["start"]),
        "enddt": _plain(booking["end"]),
        "body": f"Link and details: {page}",
    }
    return [
        ("Calendar file (.ics)", f"/api/v1/bookings/{booking['reference']}/calendar.ics"),
        ("Google Calendar", f"https://calendar.google.com/calendar/render?{urlencode(google)}"),
        ("Outlook", f"https://outlook.live.com/calendar/0/deeplink/compose?{urlencode(outlook)}"),
    ]


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _compact(text: str) -> str:
    return _utc(text).strftime("%Y%m%dT%H%M%SZ")


def _plain(text: str) -> str:
    return _utc(text).strftime("%Y-%m-%dT%H:%M:%SZ")
