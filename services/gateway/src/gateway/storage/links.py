"""The links in mails that work once, by the hash of their token, and the wishes for one that wait for the worker."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from gateway.storage.tables import LINKS, RESET_WISHES

PASSWORD_RESET = "password_reset"  # noqa: S105 - a purpose, not a password
EMAIL_CHANGE = "email_change"


def add(
    tx: Connection,
    *,
    token_hash: str,
    account_id: str,
    purpose: str,
    now: datetime,
    expires_at: datetime,
    email: str | None = None,
) -> None:
    """Keep a link that is about to be mailed."""
    tx.execute(
        insert(LINKS).values(
            token_hash=token_hash,
            account_id=account_id,
            purpose=purpose,
            email=email,
            created_at=now,
            expires_at=expires_at,
        )
    )


def find(tx: Connection, token_hash: str, purpose: str, now: datetime) -> Row[Any] | None:
    """Find a link that has been neither used nor replaced and has not expired."""
    return tx.execute(
        select(LINKS).where(
            LINKS.c.token_hash == token_hash,
            LINKS.c.purpose == purpose,
            LINKS.c.expires_at > now,
            LINKS.c.confirmed_at.is_(None),
        )
    ).one_or_none()


def waiting(tx: Connection, account_id: str, purpose: str, now: datetime) -> list[Row[Any]]:
    """List an account's links that still work, newest first."""
    found = select(LINKS).where(
        LINKS.c.account_id == account_id,
        LINKS.c.purpose == purpose,
        LINKS.c.expires_at > now,
        LINKS.c.confirmed_at.is_(None),
    )
    return list(tx.execute(found.order_by(LINKS.c.created_at.desc())))


def confirm(tx: Connection, token_hash: str, now: datetime) -> bool:
    """Note that the link was followed; tell whether that was the first time."""
    mine = (LINKS.c.token_hash == token_hash) & LINKS.c.confirmed_at.is_(None)
    return tx.execute(update(LINKS).where(mine).values(confirmed_at=now)).rowcount == 1


def confirmed(tx: Connection) -> list[Row[Any]]:
    """List the links that were followed and whose consequence is not done yet."""
    return list(tx.execute(select(LINKS).where(LINKS.c.confirmed_at.is_not(None)).order_by(LINKS.c.confirmed_at)))


def drop(tx: Connection, token_hash: str) -> bool:
    """Use a link up; tell whether it was there."""
    return tx.execute(delete(LINKS).where(LINKS.c.token_hash == token_hash)).rowcount == 1


def drop_waiting(tx: Connection, account_id: str, purpose: str | None = None) -> None:
    """End an account's links that nobody followed, all or those of one purpose."""
    gone = delete(LINKS).where(LINKS.c.account_id == account_id, LINKS.c.confirmed_at.is_(None))
    tx.execute(gone if purpose is None else gone.where(LINKS.c.purpose == purpose))


def forget_expired(tx: Connection, now: datetime) -> None:
    """Drop what can't be followed any more."""
    tx.execute(delete(LINKS).where(LINKS.c.expires_at <= now, LINKS.c.confirmed_at.is_(None)))


def add_wish(tx: Connection, email_key: str, now: datetime) -> None:
    """Keep that somebody wants to reset the password of whatever account has this address."""
    tx.execute(insert(RESET_WISHES).values(email_key=email_key, at=now))


def wishes(tx: Connection, limit: int) -> list[Row[Any]]:
    """List the oldest wishes."""
    return list(tx.execute(select(RESET_WISHES).order_by(RESET_WISHES.c.id).limit(limit)))


def drop_wish(tx: Connection, wish_id: int) -> bool:
    """Take a wish; tell whether it was still there."""
    return tx.execute(delete(RESET_WISHES).where(RESET_WISHES.c.id == wish_id)).rowcount == 1
