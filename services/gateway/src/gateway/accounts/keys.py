"""API keys: shown once, kept as a hash. A key has 256 random bits, so a plain SHA-256 is enough."""

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.accounts import cursors
from gateway.accounts.refused import Refused
from gateway.storage import keys
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
            keys.add(
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
            row = keys.by_hash(tx, _hash(api_key))
        if row is None:
            return None
        if row.last_used_at is None or row.last_used_at <= now - USE_NOTED_EVERY:
            with self._database.write(wake=False) as tx:
                keys.touch(tx, row.id, now=now, older_than=now - USE_NOTED_EVERY)
        return str(row.account_id)

    def page(self, account_id: str, *, limit: int, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """List keys without their secrets, oldest first, with the cursor of what follows.

        Each is `{id, label, created_at, last_used_at}`, the times as text.
        """
        after = cursors.place(cursor)
        with self._database.read() as tx:
            rows = keys.of_account(tx, account_id, limit=limit + 1, after=after)
        items = [
            {
                "id": row.id,
                "label": row.label,
                "created_at": _text(row.created_at),
                "last_used_at": _text(row.last_used_at),
            }
            for row in rows[:limit]
        ]
        return items, cursors.following(rows, limit)

    def revoke(self, account_id: str, key_id: str) -> None:
        """End a key at once. Raises `Refused` when the account has none of that id."""
        with self._database.write() as tx:
            if not keys.drop(tx, account_id, key_id):
                raise Refused("no_such_api_key", "not_found", "There is no API key with this id.")


def _hash(api_key: str) -> str:
    return hashlib.sha256(api_key.encode("utf-8", "replace")).hexdigest()


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
