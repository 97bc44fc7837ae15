"""The meetings that this Zoom holds: rows, the objects that its API shows, and who may touch them."""

import base64
import json
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox import faults
from sandbox.context import Sandbox, zulu
from sandbox.zoom import fields
from sandbox.zoom.errors import ApiError

# A meeting id ends this long after the meeting was last used.
ID_LIFE = 30 * 86_400
PASSCODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"
AGENDA_IN_LIST = 250
SCHEDULED = 2


def create(db: sqlite3.Connection, box: Sandbox, user: sqlite3.Row, body: Any) -> sqlite3.Row:
    """Make a meeting for this host. A start that is missing or past becomes now."""
    loose = faults.quirk(db, "loose_start_ignored")
    given, start = fields.read(body, update=False, loose_start_ignored=loose)
    now = box.now()
    timezone = given.get("timezone", user["timezone"])
    dropped = faults.quirk(db, "settings_dropped")
    by_default = {**fields.DEFAULT_SETTINGS, "use_pmi": faults.quirk(db, "pmi_by_default")}
    settings = fields.settings(by_default, {} if dropped else given.get("settings", {}))
    row: sqlite3.Row = db.execute(
        "INSERT INTO meetings (id, uuid, host_id, type, topic, start_at, duration, timezone, agenda, password, pmi,"
        " settings, extra, status, creation_source, created_at, touched_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting', 'open_api', ?, ?) RETURNING *",
        (
            _new_id(db),
            _new_uuid(),
            user["id"],
            given.get("type", SCHEDULED),
            given.get("topic") or "Zoom Meeting",
            max(float(int(now)), start.at(timezone)) if start else float(int(now)),
            given.get("duration", 60),
            timezone,
            given.get("agenda", ""),
            None if faults.quirk(db, "no_passcode") else given.get("password") or _new_passcode(),
            user["pmi"] if settings["use_pmi"] else None,
            json.dumps(settings),
            json.dumps({"recurrence": given["recurrence"]} if "recurrence" in given else {}),
            now,
            now,
        ),
    ).fetchone()
    return row


@dataclass(frozen=True)
class Change:
    """What an update did: the meeting now, and the changed fields with their old and new values."""

    meeting: sqlite3.Row
    old: dict[str, Any]
    new: dict[str, Any]


def update(db: sqlite3.Connection, box: Sandbox, meeting: sqlite3.Row, body: Any) -> Change:
    """Change what is given. A start that is missing or past is ignored without a word."""
    loose = faults.quirk(db, "loose_start_ignored")
    given, start = fields.read(body, update=True, loose_start_ignored=loose)
    values: dict[str, Any] = {
        name: given[name] for name in ("topic", "type", "duration", "timezone", "agenda", "password") if name in given
    }
    at = start.at(given.get("timezone", meeting["timezone"])) if start else None
    if at is not None and at >= box.now():
        values["start_at"] = at
    if "settings" in given and not faults.quirk(db, "settings_dropped"):
        values["settings"] = json.dumps(fields.settings(json.loads(meeting["settings"]), given["settings"]))
    if "recurrence" in given:
        values["extra"] = json.dumps({"recurrence": given["recurrence"]})
    return change(db, meeting, values, box.now())


def change(db: sqlite3.Connection, meeting: sqlite3.Row, values: Mapping[str, Any], now: float) -> Change:
    """Write new values into a meeting."""
    changed = {name: value for name, value in values.items() if value != meeting[name]}
    columns = "".join(f"{name} = ?, " for name in changed)
    row = db.execute(
        f"UPDATE meetings SET {columns}touched_at = ? WHERE id = ? RETURNING *",  # noqa: S608 - our own column names
        (*changed.values(), now, meeting["id"]),
    ).fetchone()
    return Change(row, _shown(meeting, changed), _shown(row, changed))


def delete(db: sqlite3.Connection, meeting_id: int, now: float) -> None:
    """Put a meeting into the trash; its id means nothing from now on."""
    db.execute("UPDATE meetings SET deleted_at = ? WHERE id = ?", (now, meeting_id))


def recover(db: sqlite3.Connection, meeting_id: int, now: float) -> sqlite3.Row | None:
    """Take a meeting out of the trash again; None when it is not in there."""
    row: sqlite3.Row | None = db.execute(
        "UPDATE meetings SET deleted_at = NULL, touched_at = ? WHERE id = ? AND deleted_at IS NOT NULL RETURNING *",
        (now, meeting_id),
    ).fetchone()
    return row


def live(db: sqlite3.Connection, box: Sandbox, meeting_id: int) -> sqlite3.Row:
    """Give a meeting that is neither deleted nor expired. Raises 404/3001."""
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM meetings WHERE id = ? AND deleted_at IS NULL AND max(start_at + duration * 60, touched_at) > ?",
        (meeting_id, box.now() - ID_LIFE),
    ).fetchone()
    if row is None:
        code = 300 if faults.quirk(db, "missing_meeting_300") else 3001
        raise ApiError(404, code, f"Meeting does not exist: {meeting_id}.")
    return row


def all_of(db: sqlite3.Connection, *, deleted: bool) -> list[sqlite3.Row]:
    """List every meeting with its host's address, in the order in which they were made."""
    return db.execute(
        "SELECT meetings.*, users.email AS host_email FROM meetings JOIN users ON users.id = host_id"
        " WHERE :deleted OR deleted_at IS NULL ORDER BY meetings.created_at, meetings.rowid",
        {"deleted": deleted},
    ).fetchall()


def in_list(meeting: sqlite3.Row, box: Sandbox) -> dict[str, Any]:
    """Show a meeting as the list does: a short agenda, no status, no tracking fields."""
    shown = {
        "uuid": meeting["uuid"],
        "id": meeting["id"],
        "host_id": meeting["host_id"],
        "topic": meeting["topic"],
        "type": meeting["type"],
        "start_time": zulu(meeting["start_at"]),
        "duration": meeting["duration"],
        "timezone": meeting["timezone"],
        "agenda": meeting["agenda"][:AGENDA_IN_LIST],
        "created_at": zulu(meeting["created_at"]),
        "join_url": join_url(meeting, box),
    }
    if meeting["pmi"] is not None:
        shown["pmi"] = meeting["pmi"]
    return shown


def whole(meeting: sqlite3.Row, box: Sandbox, host_email: str) -> dict[str, Any]:
    """Show a meeting as create and read do."""
    shown = in_list(meeting, box) | {
        "host_email": host_email,
        "status": meeting["status"],
        "agenda": meeting["agenda"],
        "start_url": f"{box.settings.url}/s/{meeting['id']}?zak={secrets.token_urlsafe(48)}",
        "settings": json.loads(meeting["settings"]),
        "creation_source": meeting["creation_source"],
        "pre_schedule": False,
        **json.loads(meeting["extra"]),
    }
    if meeting["password"]:
        shown |= {
            "password": meeting["password"],
            "h323_password": meeting["password"],
            "pstn_password": meeting["password"],
            "encrypted_password": _encrypted(meeting["password"]),
        }
    return shown


def join_url(meeting: sqlite3.Row, box: Sandbox) -> str:
    """Give the link for guests; the personal meeting id stands in it where it is used."""
    link = f"{box.settings.url}/j/{meeting['pmi'] or meeting['id']}"
    return f"{link}?pwd={_encrypted(meeting['password'])}.1" if meeting["password"] else link


def _shown(meeting: sqlite3.Row, names: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name in names:
        if name == "start_at":
            shown["start_time"] = zulu(meeting[name])
        elif name in {"settings", "extra"}:
            shown |= {"settings": json.loads(meeting[name])} if name == "settings" else json.loads(meeting[name])
        else:
            shown[name] = meeting[name]
    return shown


def _encrypted(password: str) -> str:
    return base64.urlsafe_b64encode(f"zoom{password}".encode()).decode().rstrip("=")


def _new_passcode() -> str:
    return "".join(secrets.choice(PASSCODE_LETTERS) for _ in range(6))


def _new_id(db: sqlite3.Connection) -> int:
    """Eleven digits: more than 32 bits hold."""
    while True:
        wanted = 80_000_000_000 + secrets.randbelow(20_000_000_000)
        if db.execute("SELECT 1 FROM meetings WHERE id = ?", (wanted,)).fetchone() is None:
            return wanted


def _new_uuid() -> str:
    """Base64 with a slash, a plus and an equals sign: the kind that breaks careless paths."""
    while True:
        uuid = base64.b64encode(secrets.token_bytes(16)).decode()
        if "/" in uuid and "+" in uuid:
            return uuid
