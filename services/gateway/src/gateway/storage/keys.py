"""API keys, by their hash."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from gateway.storage.tables import API_KEYS


def add(tx: Connection, *, key_id: str, account_id: str, label: str, key_hash: str, now: datetime) -> None:
    """Keep an API key's hash."""
    tx.execute(
        insert(API_KEYS).values(id=key_id, account_id=account_id, label=label, key_hash=key_hash, created_at=now)
    )


def by_hash(tx: Connection, key_hash: str) -> Row[Any] | None:
    """Find the key whose hash this is."""
    return tx.execute(select(API_KEYS).where(API_KEYS.c.key_hash == key_hash)).one_or_none()


def touch(tx: Connection, key_id: str, *, now: datetime, older_than: datetime) -> None:
    """Note that the key was used, unless somebody noted it since `older_than`."""
    tx.execute(
        update(API_KEYS)
        .where(
            API_KEYS.c.id == key_id,
            or_(API_KEYS.c.last_used_at.is_(None), API_KEYS.c.last_used_at <= older_than),
        )
        .values(last_used_at=now)
    )


def of_account(
    tx: Connection, account_id: str, *, limit: int, after: tuple[datetime, str] | None = None
) -> list[Row[Any]]:
    """List an account's keys, oldest first, beginning after a (created_at, id)."""
    found = select(API_KEYS).where(API_KEYS.c.account_id == account_id)
    if after is not None:
        moment, key_id = after
        found = found.where(
            or_(
                API_KEYS.c.created_at > moment,
                (API_KEYS.c.created_at == moment) & (API_KEYS.c.id > key_id),
            )
        )
    return list(tx.execute(found.order_by(API_KEYS.c.created_at, API_KEYS.c.id).limit(limit)))


def drop(tx: Connection, account_id: str, key_id: str) -> bool:
    """Revoke one key of the account; tell whether there was one."""
    gone = tx.execute(delete(API_KEYS).where(API_KEYS.c.id == key_id, API_KEYS.c.account_id == account_id))
    return gone.rowcount == 1


def drop_all(tx: Connection, account_id: str) -> None:
    """Revoke every key of the account."""
    tx.execute(delete(API_KEYS).where(API_KEYS.c.account_id == account_id))
