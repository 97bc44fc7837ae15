"""When wrong passwords were tried, by the hash of the address that they were tried for."""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from gateway.storage.tables import WRONG_PASSWORDS


def since(tx: Connection, email_hash: str, moment: datetime) -> list[datetime]:
    """List when wrong passwords were tried for an address since then, newest first."""
    found = select(WRONG_PASSWORDS.c.at).where(
        WRONG_PASSWORDS.c.email_hash == email_hash, WRONG_PASSWORDS.c.at > moment
    )
    return list(tx.execute(found.order_by(WRONG_PASSWORDS.c.at.desc())).scalars())


def add(tx: Connection, email_hash: str, *, now: datetime) -> None:
    """Count one more."""
    tx.execute(insert(WRONG_PASSWORDS).values(email_hash=email_hash, at=now))


def forget(tx: Connection, email_hash: str) -> None:
    """Start counting afresh after the right password."""
    tx.execute(delete(WRONG_PASSWORDS).where(WRONG_PASSWORDS.c.email_hash == email_hash))


def forget_before(tx: Connection, moment: datetime) -> None:
    """Drop what no longer counts for anybody."""
    tx.execute(delete(WRONG_PASSWORDS).where(WRONG_PASSWORDS.c.at <= moment))
