"""The log of calls to Zoom: method, path, body, status and whose, never a token. Quotas are counted from it."""

import json
import secrets
import sqlite3
from typing import Any

from flask import Request

from sandbox.context import zulu

# The log forgets what is older than so many calls.
KEPT = 100_000
SECRET_PARAMETERS = {"access_token", "refresh_token", "token", "code", "client_secret", "state", "code_challenge"}


def arrive(
    db: sqlite3.Connection, request: Request, operation: str | None, user_id: str | None, now: float
) -> tuple[int, str]:
    """Note a call before anything happens; gives its number and its tracking id."""
    tracking_id = f"WEB_{secrets.token_hex(16)}"
    query = {name: value for name, value in request.args.items() if name not in SECRET_PARAMETERS}
    row = db.execute(
        "INSERT INTO requests (at, method, path, query, operation, user_id, tracking_id, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (now, request.method, request.path, json.dumps(query), operation, user_id, tracking_id, _body(request)),
    ).fetchone()
    if row["id"] % 1000 == 0:
        db.execute("DELETE FROM requests WHERE id <= ?", (row["id"] - KEPT,))
    return int(row["id"]), tracking_id


def note_fault(db: sqlite3.Connection, call_id: int, fault: str, *, refused: bool = False) -> None:
    """Say which fault the call met; a refused call does not count towards a quota."""
    db.execute("UPDATE requests SET fault = ?, refused = ? WHERE id = ?", (fault, refused, call_id))


def answered(db: sqlite3.Connection, call_id: int, status: int | None) -> None:
    """Note what was answered; None is a connection that was cut."""
    db.execute("UPDATE requests SET status = ? WHERE id = ?", (status, call_id))


def listed(db: sqlite3.Connection, operation: str | None = None) -> list[dict[str, Any]]:
    """List the calls, all or those of one operation, oldest first."""
    return [
        {
            "id": row["id"],
            "at": zulu(row["at"]),
            "method": row["method"],
            "path": row["path"],
            "query": json.loads(row["query"]),
            "operation": row["operation"],
            "user_id": row["user_id"],
            "status": row["status"],
            "fault": row["fault"],
            "tracking_id": row["tracking_id"],
            "body": row["body"] and json.loads(row["body"]),
        }
        for row in db.execute(
            "SELECT * FROM requests WHERE :operation IS NULL OR operation = :operation ORDER BY id",
            {"operation": operation},
        ).fetchall()
    ]


def _body(request: Request) -> str | None:
    """Give the JSON that was sent about meetings; what goes to the OAuth addresses is secret."""
    if not request.path.startswith("/v2/"):
        return None
    document = request.get_json(silent=True)
    return None if document is None else json.dumps(document)


def count(db: sqlite3.Connection, user_id: str, since: float, operations: tuple[str, ...]) -> int:
    """How many of these calls of this user since then counted, the present one included."""
    row = db.execute(
        "SELECT count(*) FROM requests WHERE user_id = ? AND at >= ? AND refused = 0"
        " AND operation IN (SELECT value FROM json_each(?))",
        (user_id, since, json.dumps(operations)),
    ).fetchone()
    return int(row[0])
