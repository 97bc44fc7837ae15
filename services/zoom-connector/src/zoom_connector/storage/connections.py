"""Rows of connections: who is connected with which Zoom user, where the tokens lie, and how it fares."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, or_, select, update

from zoom_connector.storage import consents
from zoom_connector.storage.tables import CONNECTIONS, TOKEN_LOCKS

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


def place_of(row: Row[Any]) -> str:
    """Say where a connection's tokens lie: under the host's own id, or where several hosts share them."""
    return str(row.token_place or row.id)


def in_use(tx: Connection, place: str, *, but: str = "") -> bool:
    """Say whether a connection, `but` that of one host, uses the tokens at a place."""
    users = [_at(place), CONNECTIONS.c.id != but, CONNECTIONS.c.status != DISCONNECTED]
    return tx.execute(select(CONNECTIONS.c.id).where(*users).limit(1)).first() is not None


def others_of_user(tx: Connection, row: Row[Any]) -> bool:
    """Say whether another host is connected with the Zoom user of this connection: there is one consent for all."""
    if row.zoom_user_id is None:
        return False
    same = of_zoom_user(tx, row.zoom_user_id, row.zoom_account_id)
    return any(other.id != row.id and other.status == CONNECTED for other in same)


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
    place: str | None = None,
) -> None:
    """Keep that the host is connected from now on. `place`: where the tokens lie, if others share them."""
    values = {
        "status": CONNECTED,
        "token_place": place,
        "last_success_at": now,
        "last_failure_at": None,
        "last_failure": None,
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


def moved(
    tx: Connection, host_id: str, *, place: str, scopes: frozenset[str] | None, now: datetime, refresh_at: datetime
) -> None:
    """Keep that a connected host goes on with the tokens of another host's newer consent for the same Zoom user."""
    values: dict[str, Any] = {
        "status": CONNECTED,
        "reason": None,
        "token_place": place,
        "last_success_at": now,
        "next_attempt_at": refresh_at,
        "attempts": 0,
        "last_error": None,
    }
    if scopes is not None:
        values["scopes"] = " ".join(sorted(scopes))
    tx.execute(update(CONNECTIONS).where(CONNECTIONS.c.id == host_id).values(**values))


def refreshed(
    tx: Connection, place: str, *, scopes: frozenset[str] | None, now: datetime, refresh_at: datetime
) -> None:
    """Keep what the new tokens may do, and when they are to be renewed if nobody uses them; for all who share them."""
    values: dict[str, Any] = {
        "next_attempt_at": refresh_at,
        "attempts": 0,
        "last_error": None,
        "last_success_at": now,
    }
    if scopes is not None:
        values["scopes"] = " ".join(sorted(scopes))
    tx.execute(update(CONNECTIONS).where(_at(place)).values(**values))


def succeeded(tx: Connection, host_id: str, now: datetime) -> None:
    """Keep that Zoom has just done what it was asked."""
    tx.execute(update(CONNECTIONS).where(CONNECTIONS.c.id == host_id).values(last_success_at=now))


def failed(tx: Connection, host_id: str, now: datetime, words: str) -> None:
    """Keep what went wrong at Zoom, in a sentence for the host."""
    connected = [CONNECTIONS.c.id == host_id, CONNECTIONS.c.status != DISCONNECTED]
    tx.execute(update(CONNECTIONS).where(*connected).values(last_failure_at=now, last_failure=words))


def renamed(tx: Connection, host_id: str, *, user_id: str, email: str) -> None:
    """Keep the address that the Zoom user has by now."""
    same = [CONNECTIONS.c.id == host_id, CONNECTIONS.c.zoom_user_id == user_id]
    tx.execute(update(CONNECTIONS).where(*same).values(account_email=email))


def needs_reconnect(
    tx: Connection, host_id: str, *, connected_at: datetime | None, reason: str, now: datetime | None = None
) -> bool:
    """Keep that Zoom no longer takes this consent. Not if the host has connected anew since `connected_at`."""
    failure = {} if now is None else {"last_failure_at": now, "last_failure": reason}
    changed = tx.execute(
        update(CONNECTIONS)
        .where(
            CONNECTIONS.c.id == host_id,
            CONNECTIONS.c.status == CONNECTED,
            CONNECTIONS.c.connected_at == connected_at,
        )
        .values(
            status=NEEDS_RECONNECT,
            reason=reason,
            next_attempt_at=None,
            parked_until=None,
            parked_for=None,
            failures=0,
            **failure,
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
            token_place=None,
            last_success_at=None,
            last_failure_at=None,
            last_failure=None,
            next_attempt_at=None,
            attempts=0,
            lease=None,
            leased_until=None,
            last_error=None,
        )
    )
    consents.withdraw(tx, host_id)
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


def unpark_outage(tx: Connection, host_id: str) -> None:
    """Let the host's calls go on if they wait for Zoom to answer again; limits are waited for all the same."""
    waits = [CONNECTIONS.c.id == host_id, CONNECTIONS.c.failures > 0]
    tx.execute(update(CONNECTIONS).where(*waits).values(parked_until=None, parked_for=None, failures=0))


def leave(tx: Connection, host_id: str, now: datetime) -> None:
    """Keep that the host's account with us is no more: what is here is to be erased."""
    changed = tx.execute(update(CONNECTIONS).where(CONNECTIONS.c.id == host_id).values(leaving_at=now))
    if changed.rowcount == 0:
        tx.execute(insert(CONNECTIONS).values(id=host_id, status=DISCONNECTED, leaving_at=now))


def leaving(tx: Connection) -> Sequence[Row[Any]]:
    """List the connections whose hosts have left."""
    gone = select(CONNECTIONS).where(CONNECTIONS.c.leaving_at.is_not(None))
    return tx.execute(gone.order_by(CONNECTIONS.c.leaving_at)).all()


def _at(place: str) -> ColumnElement[bool]:
    own = and_(CONNECTIONS.c.token_place.is_(None), CONNECTIONS.c.id == place)
    return or_(CONNECTIONS.c.token_place == place, own)
