"""`GET /users/me/meetings`: which meetings a list shows, and its pages."""

import base64
import hmac
import json
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.context import Sandbox
from sandbox.zoom import fields, meetings
from sandbox.zoom.errors import invalid

TYPES = ("scheduled", "live", "upcoming", "upcoming_meetings", "previous_meetings")
MOST = 300
TOKEN_LIFE = 15 * 60

WHICH = {
    "scheduled": "1",
    "live": "status = 'started'",
    "upcoming": "start_at + duration * 60 > :now",
    "upcoming_meetings": "start_at + duration * 60 > :now",
    "previous_meetings": "start_at + duration * 60 <= :now",
}


@dataclass(frozen=True)
class Wish:
    """A checked query."""

    type: str
    page_size: int
    earliest: float
    latest: float
    after: tuple[float, int]


def page(db: sqlite3.Connection, box: Sandbox, host_id: str, query: Mapping[str, str]) -> dict[str, Any]:
    """Give one page of a host's scheduled, unexpired meetings by start."""
    wish, now = read(query, box), box.now()
    matching = (
        "FROM meetings WHERE host_id = :host AND deleted_at IS NULL AND type IN (2, 8)"
        f" AND max(start_at + duration * 60, touched_at) > :expired AND {WHICH[wish.type]}"
        " AND start_at >= :earliest AND start_at < :latest"
    )
    known = {
        "host": host_id,
        "now": now,
        "expired": now - meetings.ID_LIFE,
        "earliest": wish.earliest,
        "latest": wish.latest,
        "start": wish.after[0],
        "id": wish.after[1],
        "size": wish.page_size + 1,
    }
    total = db.execute(f"SELECT count(*) {matching}", known).fetchone()[0]
    rows = db.execute(
        f"SELECT * {matching} AND (start_at, id) > (:start, :id) ORDER BY start_at, id LIMIT :size",
        known,
    ).fetchall()
    shown = rows[: wish.page_size]
    more = len(rows) > len(shown)
    return {
        "page_size": wish.page_size,
        "total_records": total,
        "next_page_token": _token(box, shown[-1]["start_at"], shown[-1]["id"]) if more else "",
        "meetings": [meetings.in_list(row, box) for row in shown],
    }


def read(query: Mapping[str, str], box: Sandbox) -> Wish:
    """Check the query of a list. Raises `ApiError` 300."""
    kind = query.get("type", "scheduled")
    if kind not in TYPES:
        raise invalid(("type", f"The value must be one of {', '.join(TYPES)}."))
    size = query.get("page_size", "30")
    if not re.fullmatch(r"[1-9][0-9]{0,2}", size) or int(size) > MOST:
        raise invalid(("page_size", f"The value must be between 1 and {MOST}."))
    zone = query.get("timezone", "UTC")
    if fields.zone(zone):
        raise invalid(("timezone", "Invalid time zone."))
    earliest = _midnight("from", query.get("from"), zone, 0)
    latest = _midnight("to", query.get("to"), zone, 1)
    return Wish(
        type=kind,
        page_size=int(size),
        earliest=float("-inf") if earliest is None else earliest,
        latest=float("inf") if latest is None else latest,
        after=_after(box, query.get("next_page_token", "")),
    )


def _midnight(name: str, value: str | None, zone: str, days: int) -> float | None:
    if not value:
        return None
    try:
        day = datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        raise invalid((name, "The value must be a date of the form yyyy-MM-dd.")) from None
    if not fields.FIRST_YEAR <= day.year <= fields.LAST_YEAR:
        raise invalid((name, "Invalid date."))
    return (day + timedelta(days=days)).timestamp()


def _token(box: Sandbox, start_at: float, meeting_id: int) -> str:
    text = json.dumps([start_at, meeting_id, box.now()])
    return base64.urlsafe_b64encode(f"{_seal(box, text)} {text}".encode()).decode()


def _after(box: Sandbox, token: str) -> tuple[float, int]:
    """Read where the page before ended. Nobody but this Zoom can write such a token."""
    if not token:
        return float("-inf"), 0
    try:
        seal, _, text = base64.urlsafe_b64decode(token.encode()).decode().partition(" ")
    except ValueError:
        seal, text = "", ""
    if hmac.compare_digest(seal.encode(), _seal(box, text).encode()):
        start_at, meeting_id, made = json.loads(text)
        if box.now() - made < TOKEN_LIFE:
            return start_at, meeting_id
    raise invalid(("next_page_token", "The next page token is invalid or expired."))


def _seal(box: Sandbox, text: str) -> str:
    return hmac.new(box.settings.zoom_client_secret.encode(), text.encode(), "sha256").hexdigest()
