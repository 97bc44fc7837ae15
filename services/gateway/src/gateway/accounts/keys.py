"""API keys: shown once, kept as a hash. A key has 256 random bits, so a plain SHA-256 is enough."""

import base64
import binascii
import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway import storage
from gateway.accounts.refused import Refused
from shared.clock import Clock
from shared.database import Database

PREFIX = "pk_"
USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class IssuedKey:
    """A key at the only moment when it can be read."""

    id: str
    label: str
    api_key: str


class ApiKeys:
    """The keys of every account."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def issue(self, account_id: str, label: str) -> IssuedKey:
        """Make a key for an account."""
        issued = IssuedKey(id=str(uuid.uuid4()), label=label, api_key=PREFIX + secrets.token_urlsafe(32))
        with self._database.write() as tx:
            storage.add_key(
                tx,
                key_id=issued.id,
                account_id=account_id,
                label=label,
                key_hash=_hash(issued.api_key),
                now=self._clock(),
            )
        return issued

    def owner(self, api_key: str) -> str | None:
        """Give the id of the account that a key speaks for, and note about once a minute that it was used."""
        if not api_key.startswith(PREFIX):
            return None
        now = self._clock()
        with self._database.read() as tx:
            row = storage.key_by_hash(tx, _hash(api_key))
        if row is None:
            return None
        if row.last_used_at is None or row.last_used_at <= now - USE_NOTED_EVERY:
            with self._database.write() as tx:
                storage.touch_key(tx, row.id, now=now, older_than=now - USE_NOTED_EVERY)
        return str(row.account_id)

    def page(self, account_id: str, *, limit: int, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """List keys without their secrets, oldest first, with the cursor of what follows."""
        with self._database.read() as tx:
            rows = storage.keys(tx, account_id, limit=limit + 1, after=_position(cursor) if cursor else None)
        items = [
            {
                "id": row.id,
                "label": row.label,
                "created_at": _text(row.created_at),
                "last_used_at": _text(row.last_used_at),
            }
            for row in rows[:limit]
        ]
        more = len(rows) > limit
        return items, _cursor(rows[limit - 1].created_at, rows[limit - 1].id) if more else None

    def revoke(self, account_id: str, key_id: str) -> None:
        """End a key at once. Raises `Refused` when the account has none of that id."""
        with self._database.write() as tx:
            if not storage.drop_key(tx, account_id, key_id):
                raise Refused("no_such_api_key", "not_found", "There is no API key with this id.")


def _hash(api_key: str) -> str:
    return hashlib.sha256(api_key.encode("utf-8", "replace")).hexdigest()


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _cursor(moment: datetime, key_id: str) -> str:
    return base64.urlsafe_b64encode(f"{moment.isoformat()} {key_id}".encode()).decode()


def _position(cursor: str) -> tuple[datetime, str]:
    try:
        moment, key_id = base64.urlsafe_b64decode(cursor.encode("ascii")).decode().split(" ", 1)
        return datetime.fromisoformat(moment).astimezone(UTC), str(uuid.UUID(key_id))
    except (ValueError, OverflowError, binascii.Error) as error:
        raise Refused(
            "validation_failed",
            "invalid",
            "The cursor is not one that was given out.",
            errors=[{"field": "cursor", "message": "Pass next_cursor as it was given."}],
        ) from error
