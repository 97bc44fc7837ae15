"""The faults that are set: which of them a call, a webhook or a mail meets, and how long they last.

What a fault does to an answer is in `effects`.
"""

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from sandbox.faults.vocabulary import (
    ADAPTER,
    MODELS,
    QUIRKS,
    Answer,
    Counted,
    ExpireTokens,
    Fault,
    Hang,
    Latency,
    OnCall,
    Quirk,
    Quotas,
    RateLimit,
    Redirect,
    Reset,
    Rotation,
    Scopes,
    Smtp,
    Status,
    TokenLost,
    Unreadable,
    UrlValidation,
    Webhooks,
)

__all__ = [
    "ADAPTER",
    "MODELS",
    "QUIRKS",
    "Answer",
    "Counted",
    "ExpireTokens",
    "Fault",
    "Hang",
    "Latency",
    "OnCall",
    "Quirk",
    "Quotas",
    "RateLimit",
    "Redirect",
    "Reset",
    "Rotation",
    "Scopes",
    "Smtp",
    "Status",
    "TokenLost",
    "Unreadable",
    "UrlValidation",
    "Webhooks",
    "active",
    "add",
    "clear",
    "mailbox_is_down",
    "newest",
    "quirk",
    "take",
    "webhooks",
]

F = TypeVar("F", bound=Fault)


def add(db: sqlite3.Connection, fault: Fault, now: float) -> int:
    """Store a fault that stays."""
    remaining = fault.times if isinstance(fault, Counted) else None
    row = db.execute(
        "INSERT INTO faults (document, remaining, created_at) VALUES (?, ?, ?) RETURNING id",
        (fault.model_dump_json(exclude_unset=True), remaining, now),
    ).fetchone()
    return int(row["id"])


def active(db: sqlite3.Connection) -> Iterator[tuple[sqlite3.Row, Fault]]:
    """Every fault that is set, oldest first."""
    for row in db.execute("SELECT * FROM faults ORDER BY id").fetchall():
        yield row, ADAPTER.validate_json(row["document"])


def take(db: sqlite3.Connection, wanted: Callable[[Fault], bool]) -> Fault | None:
    """Give the oldest fault that is wanted and count the use."""
    for row, fault in active(db):
        if wanted(fault):
            if row["remaining"] is not None:
                db.execute("UPDATE faults SET remaining = remaining - 1 WHERE id = ?", (row["id"],))
                db.execute("DELETE FROM faults WHERE id = ? AND remaining <= 0", (row["id"],))
            return fault
    return None


def quirk(db: sqlite3.Connection, name: str) -> bool:
    """Whether Zoom shows this variant now."""
    return take(db, lambda fault: isinstance(fault, Quirk) and fault.fault == name) is not None


def newest(db: sqlite3.Connection, kind: type[F]) -> F | None:
    """Give the setting of this kind that was made last."""
    found = None
    for _, fault in active(db):
        if isinstance(fault, kind):
            found = fault
    return found


def webhooks(db: sqlite3.Connection) -> Webhooks:
    """Lay all webhook settings over each other, the newest on top."""
    merged: dict[str, Any] = {"fault": "webhooks"}
    for _, fault in active(db):
        if isinstance(fault, Webhooks):
            merged |= fault.model_dump(exclude_none=True)
    return Webhooks(**merged)


def mailbox_is_down(db: sqlite3.Connection) -> bool:
    """Whether the mailbox's port is closed now."""
    return any(isinstance(fault, Smtp) and fault.mode == "down" for _, fault in active(db))


def clear(db: sqlite3.Connection, *, name: str | None = None, fault_id: int | None = None) -> int:
    """Take away all faults, those of one name, or one. Gives how many went."""
    gone = 0
    for row, fault in active(db):
        if (name is None or getattr(fault, "fault", None) == name) and fault_id in {None, row["id"]}:
            gone += db.execute("DELETE FROM faults WHERE id = ?", (row["id"],)).rowcount
    return gone
