"""Places in lists that are ordered by a moment and an id, as text that callers pass back."""

import base64
import binascii
import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from gateway.accounts.refused import Refused


def following(rows: list[Row[Any]], limit: int) -> str | None:
    """Name the place behind the first `limit` rows, when there are more."""
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    return base64.urlsafe_b64encode(f"{last.created_at.isoformat()} {last.id}".encode()).decode()


def place(cursor: str | None) -> tuple[datetime, str] | None:
    """Read a cursor. Raises `Refused` when it is none of ours."""
    if not cursor:
        return None
    try:
        moment, row_id = base64.urlsafe_b64decode(cursor.encode("ascii")).decode().split(" ", 1)
        return datetime.fromisoformat(moment).astimezone(UTC), str(uuid.UUID(row_id))
    except (ValueError, OverflowError, binascii.Error) as error:
        raise Refused(
            "validation_failed",
            "invalid",
            "The cursor is not one that was given out.",
            errors=[{"field": "cursor", "message": "Pass next_cursor as it was given."}],
        ) from error
