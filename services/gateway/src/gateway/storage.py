"""What the gateway keeps: accounts, sign-in sessions, API keys and recent wrong passwords. Nothing here decides."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    delete,
    insert,
    or_,
    select,
    update,
)

from shared.database import Instant

METADATA = MetaData()

ACCOUNTS = Table(
    "accounts",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("email", String(320), nullable=False),
    Column("email_key", String(320), nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("status", String(10), nullable=False),
    Column("claim", String(36), nullable=True),
    Column("claimed_until", Instant, nullable=True),
    Column("created_at", Instant, nullable=False),
)

SIGN_INS = Table(
    "sign_ins",
    METADATA,
    Column("token_hash", String(64), primary_key=True),
    Column("account_id", String(36), ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)

API_KEYS = Table(
    "api_keys",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("account_id", String(36), ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("label", String(120), nullable=False),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant, nullable=True),
    Index("ix_api_keys_account_id_created_at", "account_id", "created_at", "id"),
)

WRONG_PASSWORDS = Table(
    "wrong_passwords",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("email_hash", String(64), nullable=False),
    Column("at", Instant, nullable=False, index=True),
    Index("ix_wrong_passwords_email_hash_at", "email_hash", "at"),
)


@dataclass(frozen=True)
class Account:
    """Who may sign in. `id` is the host's id everywhere inside."""

    id: str
    email: str
    password_hash: str
    active: bool
    claimed_until: datetime | None


@dataclass(frozen=True)
class Claim:
    """A sign-up's hold on a pending account, until it is done or the time is over."""

    token: str
    until: datetime


def account_by_email(tx: Connection, email_key: str) -> Account | None:
    """Find an account, pending ones included."""
    row = tx.execute(select(ACCOUNTS).where(ACCOUNTS.c.email_key == email_key)).one_or_none()
    return _account(row) if row else None


def add_pending(
    tx: Connection, account_id: str, *, email: str, email_key: str, password_hash: str, claim: Claim, now: datetime
) -> None:
    """Reserve an e-mail address for a sign-up that is under way."""
    tx.execute(
        insert(ACCOUNTS).values(
            id=account_id,
            email=email,
            email_key=email_key,
            password_hash=password_hash,
            status="pending",
            claim=claim.token,
            claimed_until=claim.until,
            created_at=now,
        )
    )


def take_over(tx: Connection, account_id: str, *, email: str, password_hash: str, claim: Claim) -> None:
    """Give a pending account that nobody finished to a new sign-up."""
    tx.execute(
        update(ACCOUNTS)
        .where(ACCOUNTS.c.id == account_id, ACCOUNTS.c.status == "pending")
        .values(email=email, password_hash=password_hash, claim=claim.token, claimed_until=claim.until)
    )


def activate(tx: Connection, account_id: str, claim: str) -> bool:
    """Open the account if the claim is still ours; tell whether it was."""
    changed = tx.execute(
        update(ACCOUNTS)
        .where(ACCOUNTS.c.id == account_id, ACCOUNTS.c.claim == claim)
        .values(status="active", claim=None, claimed_until=None)
    )
    return changed.rowcount == 1


def release(tx: Connection, account_id: str, claim: str, now: datetime) -> None:
    """Let the next sign-up with this e-mail address take over at once."""
    tx.execute(update(ACCOUNTS).where(ACCOUNTS.c.id == account_id, ACCOUNTS.c.claim == claim).values(claimed_until=now))


def drop_pending(tx: Connection, account_id: str, claim: str) -> None:
    """Forget a sign-up that was refused."""
    tx.execute(
        delete(ACCOUNTS).where(ACCOUNTS.c.id == account_id, ACCOUNTS.c.claim == claim, ACCOUNTS.c.status == "pending")
    )


def set_password_hash(tx: Connection, account_id: str, password_hash: str) -> None:
    """Store a hash made with newer parameters."""
    tx.execute(update(ACCOUNTS).where(ACCOUNTS.c.id == account_id).values(password_hash=password_hash))


def add_sign_in(tx: Connection, *, token_hash: str, account_id: str, now: datetime, expires_at: datetime) -> None:
    """Remember a browser that signed in; whatever has expired goes at the same time."""
    tx.execute(delete(SIGN_INS).where(SIGN_INS.c.expires_at <= now))
    tx.execute(
        insert(SIGN_INS).values(token_hash=token_hash, account_id=account_id, created_at=now, expires_at=expires_at)
    )


def signed_in(tx: Connection, token_hash: str, now: datetime) -> Account | None:
    """Find the account behind a sign-in that has not expired."""
    row = tx.execute(
        select(ACCOUNTS)
        .join(SIGN_INS, SIGN_INS.c.account_id == ACCOUNTS.c.id)
        .where(SIGN_INS.c.token_hash == token_hash, SIGN_INS.c.expires_at > now)
    ).one_or_none()
    return _account(row) if row else None


def drop_sign_in(tx: Connection, token_hash: str) -> None:
    """Forget one browser."""
    tx.execute(delete(SIGN_INS).where(SIGN_INS.c.token_hash == token_hash))


def drop_sign_ins(tx: Connection, account_id: str) -> None:
    """Forget every browser of an account."""
    tx.execute(delete(SIGN_INS).where(SIGN_INS.c.account_id == account_id))


def add_key(tx: Connection, *, key_id: str, account_id: str, label: str, key_hash: str, now: datetime) -> None:
    """Keep an API key's hash."""
    tx.execute(
        insert(API_KEYS).values(id=key_id, account_id=account_id, label=label, key_hash=key_hash, created_at=now)
    )


def key_by_hash(tx: Connection, key_hash: str) -> Row[Any] | None:
    """Find the key whose hash this is."""
    return tx.execute(select(API_KEYS).where(API_KEYS.c.key_hash == key_hash)).one_or_none()


def touch_key(tx: Connection, key_id: str, *, now: datetime, older_than: datetime) -> None:
    """Note that the key was used, unless somebody noted it since `older_than`."""
    tx.execute(
        update(API_KEYS)
        .where(
            API_KEYS.c.id == key_id,
            or_(API_KEYS.c.last_used_at.is_(None), API_KEYS.c.last_used_at <= older_than),
        )
        .values(last_used_at=now)
    )


def keys(tx: Connection, account_id: str, *, limit: int, after: tuple[datetime, str] | None = None) -> list[Row[Any]]:
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


def drop_key(tx: Connection, account_id: str, key_id: str) -> bool:
    """Revoke one key of the account; tell whether there was one."""
    gone = tx.execute(delete(API_KEYS).where(API_KEYS.c.id == key_id, API_KEYS.c.account_id == account_id))
    return gone.rowcount == 1


def wrong_passwords(tx: Connection, email_hash: str, since: datetime) -> list[datetime]:
    """List when wrong passwords were tried for an address since then, newest first."""
    found = select(WRONG_PASSWORDS.c.at).where(WRONG_PASSWORDS.c.email_hash == email_hash, WRONG_PASSWORDS.c.at > since)
    return list(tx.execute(found.order_by(WRONG_PASSWORDS.c.at.desc())).scalars())


def add_wrong_password(tx: Connection, email_hash: str, *, now: datetime, forget_before: datetime) -> None:
    """Count one more; what no longer counts for anybody goes at the same time."""
    tx.execute(delete(WRONG_PASSWORDS).where(WRONG_PASSWORDS.c.at <= forget_before))
    tx.execute(insert(WRONG_PASSWORDS).values(email_hash=email_hash, at=now))


def forget_wrong_passwords(tx: Connection, email_hash: str) -> None:
    """Start counting afresh after the right password."""
    tx.execute(delete(WRONG_PASSWORDS).where(WRONG_PASSWORDS.c.email_hash == email_hash))


def _account(row: Row[Any]) -> Account:
    return Account(
        id=row.id,
        email=row.email,
        password_hash=row.password_hash,
        active=row.status == "active",
        claimed_until=row.claimed_until,
    )
