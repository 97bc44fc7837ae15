"""Which of the first steps a host has taken."""

from datetime import datetime

from sqlalchemy import Connection, insert, select

from gateway.storage.tables import FIRST_STEPS


def of_account(tx: Connection, account_id: str) -> frozenset[str]:
    """Name the steps that were taken."""
    return frozenset(tx.execute(select(FIRST_STEPS.c.step).where(FIRST_STEPS.c.account_id == account_id)).scalars())


def add(tx: Connection, account_id: str, step: str, *, now: datetime) -> None:
    """Keep that a step was taken, which it is only once."""
    tx.execute(insert(FIRST_STEPS).values(account_id=account_id, step=step, at=now))
