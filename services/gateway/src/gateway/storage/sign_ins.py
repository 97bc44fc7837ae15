"""The browsers that are signed in, by the hash of the token in their cookie."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from gateway.storage.tables import ACCOUNTS, SIGN_INS


def add(
    tx: Connection,
    *,
    token_hash: str,
    sign_in_id: str,
    account_id: str,
    browser: str,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Remember a browser that signed in."""
    tx.execute(
        insert(SIGN_INS).values(
            token_hash=token_hash,
            id=sign_in_id,
            account_id=account_id,
            browser=browser,
            created_at=now,
            last_seen_at=now,
            expires_at=expires_at,
        )
    )


def find(tx: Connection, token_hash: str, now: datetime) -> Row[Any] | None:
    """Find the account behind a sign-in that has not expired, and when its browser was last seen."""
    return tx.execute(
        select(ACCOUNTS, SIGN_INS.c.last_seen_at)
        .join(SIGN_INS, SIGN_INS.c.account_id == ACCOUNTS.c.id)
        .where(SIGN_INS.c.token_hash == token_hash, SIGN_INS.c.expires_at > now)
    ).one_or_none()


def touch(tx: Connection, token_hash: str, *, now: datetime, older_than: datetime) -> None:
    """Note that the browser was seen, unless somebody noted it since `older_than`."""
    mine = (SIGN_INS.c.token_hash == token_hash) & (SIGN_INS.c.last_seen_at <= older_than)
    tx.execute(update(SIGN_INS).where(mine).values(last_seen_at=now))


def of_account(
    tx: Connection, account_id: str, now: datetime, *, limit: int, after: tuple[datetime, str] | None = None
) -> list[Row[Any]]:
    """List an account's sign-ins that have not expired, newest first, beginning after a (created_at, id)."""
    found = select(SIGN_INS).where(SIGN_INS.c.account_id == account_id, SIGN_INS.c.expires_at > now)
    if after is not None:
        moment, sign_in_id = after
        found = found.where(
            or_(
                SIGN_INS.c.created_at < moment,
                (SIGN_INS.c.created_at == moment) & (SIGN_INS.c.id < sign_in_id),
            )
        )
    return list(tx.execute(found.order_by(SIGN_INS.c.created_at.desc(), SIGN_INS.c.id.desc()).limit(limit)))


def drop(tx: Connection, token_hash: str) -> None:
    """Forget one browser by its token."""
    tx.execute(delete(SIGN_INS).where(SIGN_INS.c.token_hash == token_hash))


def drop_one(tx: Connection, account_id: str, sign_in_id: str) -> bool:
    """Forget one browser of the account; tell whether there was one."""
    mine = (SIGN_INS.c.account_id == account_id) & (SIGN_INS.c.id == sign_in_id)
    return tx.execute(delete(SIGN_INS).where(mine)).rowcount == 1


def drop_all(tx: Connection, account_id: str, *, but: str | None = None) -> None:
    """Forget every browser of an account, except the one whose token has this hash."""
    gone = delete(SIGN_INS).where(SIGN_INS.c.account_id == account_id)
    tx.execute(gone if but is None else gone.where(SIGN_INS.c.token_hash != but))


def forget_expired(tx: Connection, now: datetime) -> None:
    """Drop what can't be used any more."""
    tx.execute(delete(SIGN_INS).where(SIGN_INS.c.expires_at <= now))
