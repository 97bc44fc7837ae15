"""Rows of connections, of consents under way, and the lock on a host's tokens."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from shared.database import Database
from zoom_connector.storage.tables import AUTHORIZATIONS, CONNECTIONS, TOKEN_LOCKS

CONNECTED, DISCONNECTED, NEEDS_RECONNECT = "connected", "disconnected", "needs_reconnect"


def get(tx: Connection, host_id: str) -> Row[Any] | None:
    """Read a host's connection, whatever its state."""
    return tx.execute(select(CONNECTIONS).where(CONNECTIONS.c.id == host_id)).one_or_none()


def of_zoom_user(tx: Connection, user_id: str, account_id: str | None) -> list[Row[Any]]:
    """Find who is connected with this Zoom user."""
    query = select(CONNECTIONS).where(CONNECTIONS.c.zoom_user_id == user_id)
    if account_id is not None:
        query = query.where(CONNECTIONS.c.zoom_account_id == account_id)
    return list(tx.execute(query.order_by(CONNECTIONS.c.id)))


def connected(
    tx: Connection,
    host_id: str,
    *,
    user_id: str,
    account_id: str,
    email: str,
    scopes: frozenset[str],
    now: datetime,
    refresh_at: datetime,
) -> None:
    """Keep that the host is connected from now on."""
    values = {
        "status": CONNECTED,
        "zoom_user_id": user_id,
        "zoom_account_id": account_id,
        "account_email": email,
        "scopes": " ".join(sorted(scopes)),
        "connected_at": now,
        "reason": None,
        "parked_until": None,
        "parked_for": None,
        "failures": 0,
        "next_attempt_at": refresh_at,
        "attempts": 0,
        "lease": None,
        "leased_until": None,
        "last_error": None,
    }
    changed = tx.execute(update(CONNECTIONS).where(CONNECTIONS.c.id == host_id).values(**values))
    if changed.rowcount == 0:
        tx.execute(insert(CONNECTIONS).values(id=host_id, **values))


def refreshed(tx: Connection, host_id: str, *, scopes: frozenset[str] | None, refresh_at: datetime) -> None:
    """Keep what the new tokens may do, and when they are to be renewed if nobody uses them."""
    values: dict[str, Any] = {"next_attempt_at": refresh_at, "attempts": 0, "last_error": None}
    if scopes is not None:
        values["scopes"] = " ".join(sorted(scopes))
    tx.execute(update(CONNECTIONS).where(CONNECTIONS.c.id == host_id).values(**values))


def needs_reconnect(tx: Connection, host_id: str, *, connected_at: datetime | None, reason: str) -> bool:
    """Keep that Zoom no longer takes this consent. Not if the host has connected anew since `connected_at`."""
    changed = tx.execute(
        update(CONNECTIONS)
        .where(
            CONNECTIONS.c.id == host_id,
            CONNECTIONS.c.status == CONNECTED,
            CONNECTIONS.c.connected_at == connected_at,
        )
        .values(
            status=NEEDS_RECONNECT, reason=reason, next_attempt_at=None, parked_until=None, parked_for=None, failures=0
        )
    )
    return changed.rowcount == 1


def erase(tx: Connection, host_id: str) -> None:
    """Forget all that was known about a host at Zoom, except that there is a host."""
    tx.execute(
        update(CONNECTIONS)
        .where(CONNECTIONS.c.id == host_id)
        .values(
            status=DISCONNECTED,
            zoom_user_id=None,
            zoom_account_id=None,
            account_email=None,
            scopes="",
            connected_at=None,
            reason=None,
            parked_until=None,
            parked_for=None,
            failures=0,
            next_attempt_at=None,
            attempts=0,
            lease=None,
            leased_until=None,
            last_error=None,
        )
    )
    tx.execute(delete(AUTHORIZATIONS).where(AUTHORIZATIONS.c.host_id == host_id))
    tx.execute(delete(TOKEN_LOCKS).where(TOKEN_LOCKS.c.id == host_id))


def park(tx: Connection, host_id: str, *, until: datetime, cause: str, failures: int | None = None) -> None:
    """Let the host's calls wait until then; other hosts' go on."""
    values: dict[str, Any] = {"parked_until": until, "parked_for": cause}
    if failures is not None:
        values["failures"] = failures
    tx.execute(update(CONNECTIONS).where(CONNECTIONS.c.id == host_id).values(**values))


def unpark(tx: Connection, host_id: str) -> None:
    """Let the host's calls go on, whatever they waited for."""
    tx.execute(
        update(CONNECTIONS).where(CONNECTIONS.c.id == host_id).values(parked_until=None, parked_for=None, failures=0)
    )


def begin(tx: Connection, *, state_hash: str, host_id: str, verifier: str, expires_at: datetime) -> None:
    """Keep that a host was sent to Zoom for consent."""
    tx.execute(insert(AUTHORIZATIONS).values(id=state_hash, host_id=host_id, verifier=verifier, expires_at=expires_at))


def authorization(tx: Connection, state_hash: str) -> Row[Any] | None:
    """Find a consent under way, and lock it: two browsers may come back with one state."""
    return tx.execute(select(AUTHORIZATIONS).where(AUTHORIZATIONS.c.id == state_hash).with_for_update()).one_or_none()


def use(tx: Connection, state_hash: str, now: datetime) -> None:
    """Mark a state as used. It is kept a while, so that a reload can be told from a forgery."""
    tx.execute(update(AUTHORIZATIONS).where(AUTHORIZATIONS.c.id == state_hash).values(used_at=now, verifier=""))


def abandoned(tx: Connection, before: datetime) -> list[str]:
    """Give the hosts all of whose consents ended before that moment."""
    latest = func.max(AUTHORIZATIONS.c.expires_at)
    return list(
        tx.execute(
            select(AUTHORIZATIONS.c.host_id).group_by(AUTHORIZATIONS.c.host_id).having(latest < before)
        ).scalars()
    )


def forget_authorizations(tx: Connection, host_id: str, *, before: datetime) -> None:
    """Delete a host's consents that ended before that moment."""
    tx.execute(delete(AUTHORIZATIONS).where(AUTHORIZATIONS.c.host_id == host_id, AUTHORIZATIONS.c.expires_at < before))


class TokenLock:
    """Held by whoever changes a host's tokens, over all processes. It ends by itself, should the holder be killed."""

    def __init__(self, database: Database, host_id: str) -> None:
        self._database = database
        self._host_id = host_id
        self._holder = str(uuid.uuid4())

    def take(self, now: datetime, lasting: timedelta, *, by_force: bool = False) -> bool:
        """Take the lock if it is free or has run out, or `by_force`; say whether it is ours."""
        stale = TOKEN_LOCKS.c.id == self._host_id
        if not by_force:
            stale &= TOKEN_LOCKS.c.held_until <= now
        try:
            with self._database.write() as tx:
                tx.execute(delete(TOKEN_LOCKS).where(stale))
                tx.execute(insert(TOKEN_LOCKS).values(id=self._host_id, holder=self._holder, held_until=now + lasting))
        except IntegrityError:
            return False
        return True

    def held(self, tx: Connection) -> bool:
        """Say whether the lock is still ours, and keep it so until the transaction ends."""
        mine = select(TOKEN_LOCKS.c.id).where(TOKEN_LOCKS.c.id == self._host_id, TOKEN_LOCKS.c.holder == self._holder)
        return tx.execute(mine.with_for_update()).first() is not None

    def release(self) -> None:
        """Give the lock back, if it is still ours."""
        with self._database.write() as tx:
            tx.execute(
                delete(TOKEN_LOCKS).where(TOKEN_LOCKS.c.id == self._host_id, TOKEN_LOCKS.c.holder == self._holder)
            )
