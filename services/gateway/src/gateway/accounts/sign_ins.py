"""Sign-in sessions: a random token in the browser's cookie, its hash in a row that can be revoked."""

import hashlib
import secrets
import uuid
from datetime import timedelta
from typing import Any

from gateway.accounts import browsers, cursors
from gateway.accounts.refused import Refused
from gateway.storage import Account, accounts, sign_ins
from shared.clock import Clock
from shared.database import Database

LIFETIME = timedelta(days=30)
SEEN_NOTED_EVERY = timedelta(minutes=1)


class SignIns:
    """The browsers that are signed in."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def start(self, account_id: str, *, instead_of: str | None, user_agent: str = "") -> str:
        """Sign a browser in and give its token. The token that it came with, if any, is worth nothing afterwards."""
        token = secrets.token_urlsafe(32)
        now = self._clock()
        with self._database.write() as tx:
            if instead_of:
                sign_ins.drop(tx, token_hash(instead_of))
            sign_ins.add(
                tx,
                token_hash=token_hash(token),
                sign_in_id=str(uuid.uuid4()),
                account_id=account_id,
                browser=browsers.in_words(user_agent),
                now=now,
                expires_at=now + LIFETIME,
            )
        return token

    def find(self, token: str) -> Account | None:
        """Give the account of a signed-in browser, and note about once a minute that it was seen."""
        now = self._clock()
        with self._database.read() as tx:
            row = sign_ins.find(tx, token_hash(token), now)
        if row is None:
            return None
        account = accounts.read(row)
        if row.last_seen_at <= now - SEEN_NOTED_EVERY:
            with self._database.write(wake=False) as tx:
                sign_ins.touch(tx, token_hash(token), now=now, older_than=now - SEEN_NOTED_EVERY)
        return account if account.active else None

    def page(
        self, account_id: str, *, limit: int, cursor: str | None, token: str | None = None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """List the browsers that are signed in, newest first, with the cursor of what follows.

        Each is `{id, browser ("Firefox on Linux"), created_at, last_seen_at, current}`, the times as text; `current`
        is the browser whose cookie holds `token`.
        """
        after = cursors.place(cursor)
        with self._database.read() as tx:
            rows = sign_ins.of_account(tx, account_id, self._clock(), limit=limit + 1, after=after)
        mine = token_hash(token) if token else None
        items = [
            {
                "id": row.id,
                "browser": row.browser,
                "created_at": row.created_at.isoformat(),
                "last_seen_at": row.last_seen_at.isoformat(),
                "current": row.token_hash == mine,
            }
            for row in rows[:limit]
        ]
        return items, cursors.following(rows, limit)

    def revoke(self, account_id: str, sign_in_id: str) -> None:
        """Sign one browser of the account out. Raises `Refused` (`no_such_session`)."""
        with self._database.write() as tx:
            if not sign_ins.drop_one(tx, account_id, sign_in_id):
                raise Refused("no_such_session", "not_found", "This browser is not signed in any more.")

    def end(self, token: str) -> None:
        """Sign the browser with this token out."""
        with self._database.write() as tx:
            sign_ins.drop(tx, token_hash(token))

    def end_all(self, account_id: str, *, but: str | None = None) -> None:
        """Sign every browser of the account out, except the one with the token `but`."""
        with self._database.write() as tx:
            sign_ins.drop_all(tx, account_id, but=token_hash(but) if but else None)


def token_hash(token: str) -> str:
    """Give what is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
