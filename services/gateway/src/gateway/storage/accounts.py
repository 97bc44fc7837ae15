"""Accounts: who may sign in. `id` is the host's id everywhere inside."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from gateway.storage.tables import ACCOUNTS

PENDING, ACTIVE, LEAVING = "pending", "active", "leaving"


@dataclass(frozen=True)
class Account:
    """Somebody's account, also before its sign-up is done and while it is being deleted."""

    id: str
    email: str
    password_hash: str
    status: str
    claimed_until: datetime | None

    @property
    def active(self) -> bool:
        """Whether its owner may come in."""
        return self.status == ACTIVE


@dataclass(frozen=True)
class Claim:
    """A sign-up's hold on a pending account, until it is done or the time is over."""

    token: str
    until: datetime


def by_email(tx: Connection, email_key: str) -> Account | None:
    """Find an account, pending ones included."""
    row = tx.execute(select(ACCOUNTS).where(ACCOUNTS.c.email_key == email_key)).one_or_none()
    return read(row) if row else None


def by_id(tx: Connection, account_id: str) -> Account | None:
    """Find an account that is open."""
    mine = (ACCOUNTS.c.id == account_id) & (ACCOUNTS.c.status == ACTIVE)
    row = tx.execute(select(ACCOUNTS).where(mine)).one_or_none()
    return read(row) if row else None


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
            status=PENDING,
            claim=claim.token,
            claimed_until=claim.until,
            created_at=now,
        )
    )


def take_over(tx: Connection, account_id: str, *, email: str, password_hash: str, claim: Claim) -> None:
    """Give a pending account that nobody finished to a new sign-up."""
    tx.execute(
        update(ACCOUNTS)
        .where(ACCOUNTS.c.id == account_id, ACCOUNTS.c.status == PENDING)
        .values(email=email, password_hash=password_hash, claim=claim.token, claimed_until=claim.until)
    )


def activate(tx: Connection, account_id: str, claim: str) -> bool:
    """Open the account if the claim is still ours; tell whether it was."""
    changed = tx.execute(
        update(ACCOUNTS)
        .where(ACCOUNTS.c.id == account_id, ACCOUNTS.c.claim == claim)
        .values(status=ACTIVE, claim=None, claimed_until=None)
    )
    return changed.rowcount == 1


def release(tx: Connection, account_id: str, claim: str, now: datetime) -> None:
    """Let the next sign-up with this e-mail address take over at once."""
    tx.execute(update(ACCOUNTS).where(ACCOUNTS.c.id == account_id, ACCOUNTS.c.claim == claim).values(claimed_until=now))


def drop_pending(tx: Connection, account_id: str, claim: str) -> None:
    """Forget a sign-up that was refused."""
    tx.execute(
        delete(ACCOUNTS).where(ACCOUNTS.c.id == account_id, ACCOUNTS.c.claim == claim, ACCOUNTS.c.status == PENDING)
    )


def set_password_hash(tx: Connection, account_id: str, password_hash: str) -> None:
    """Store the hash of a new password, or one made with newer parameters."""
    tx.execute(update(ACCOUNTS).where(ACCOUNTS.c.id == account_id).values(password_hash=password_hash))


def set_email(tx: Connection, account_id: str, *, email: str, email_key: str) -> None:
    """Give the account another address. Raises `IntegrityError` when another account has it."""
    tx.execute(update(ACCOUNTS).where(ACCOUNTS.c.id == account_id).values(email=email, email_key=email_key))


def begin_leaving(tx: Connection, account_id: str) -> None:
    """Close the account; its address stays taken until the rest of it is gone."""
    tx.execute(update(ACCOUNTS).where(ACCOUNTS.c.id == account_id).values(status=LEAVING))


def leaving(tx: Connection) -> list[str]:
    """List the accounts that are being deleted."""
    return list(tx.execute(select(ACCOUNTS.c.id).where(ACCOUNTS.c.status == LEAVING)).scalars())


def drop(tx: Connection, account_id: str) -> None:
    """Erase an account with everything that hangs on it."""
    tx.execute(delete(ACCOUNTS).where(ACCOUNTS.c.id == account_id))


def read(row: Row[Any]) -> Account:
    """Make an account of its row."""
    return Account(
        id=row.id,
        email=row.email,
        password_hash=row.password_hash,
        status=row.status,
        claimed_until=row.claimed_until,
    )
