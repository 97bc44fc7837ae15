"""Rows of hosts: when each account may be called again, was told of waiting links, and is to be looked after."""

import zlib
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from zoom_connector.storage.tables import HOSTS

NIGHT_BEGINS = timedelta(hours=1)
"""After 00:00 UTC, when what a quota held back goes first."""
NIGHT_LASTS = timedelta(hours=4)
ONCE = timedelta(days=1)

Cause = Literal["disconnected", "quota"]


def watch(tx: Connection, host_id: str, now: datetime) -> None:
    """See to it that the host's meetings are looked at in the nights to come."""
    _make(tx, host_id, next_attempt_at=next_night(host_id, now))


def order_look(tx: Connection, host_id: str, now: datetime) -> None:
    """Let the host's meetings be looked at now."""
    _make(tx, host_id)
    tx.execute(update(HOSTS).where(HOSTS.c.id == host_id).values(next_attempt_at=now, attempts=0))


def next_night(host_id: str, now: datetime) -> datetime:
    """Give the host's own moment in the night to come; hosts are spread over the whole of it."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    moment = midnight + NIGHT_BEGINS + NIGHT_LASTS * (zlib.crc32(host_id.encode()) / 2**32)
    return moment if moment > now else moment + timedelta(days=1)


def reserve(tx: Connection, host_id: str, now: datetime, lasting: timedelta) -> timedelta:
    """Take the next time in which the host's account may be called, for so long; give how long it is until then."""
    _make(tx, host_id)
    free_at = tx.execute(select(HOSTS.c.free_at).where(HOSTS.c.id == host_id).with_for_update()).scalar_one()
    begins = now if free_at is None else max(free_at, now)
    tx.execute(update(HOSTS).where(HOSTS.c.id == host_id).values(free_at=begins + lasting))
    return begins - now


def may_tell(tx: Connection, host_id: str, cause: Cause, now: datetime) -> bool:
    """Say whether the host has heard nothing of this kind for a day; if so, it counts as told from now on."""
    _make(tx, host_id)
    told_at = HOSTS.c[f"{cause}_told_at"]
    told = (
        update(HOSTS)
        .where(HOSTS.c.id == host_id, told_at.is_(None) | (told_at <= now - ONCE))
        .values({told_at.name: now})
    )
    return tx.execute(told).rowcount == 1


def _make(tx: Connection, host_id: str, *, next_attempt_at: datetime | None = None) -> None:
    make = postgres_insert if tx.dialect.name == "postgresql" else sqlite_insert
    made = make(HOSTS).values(id=host_id, next_attempt_at=next_attempt_at)
    if next_attempt_at is None:
        tx.execute(made.on_conflict_do_nothing(index_elements=["id"]))
        return
    tx.execute(
        made.on_conflict_do_update(
            index_elements=["id"],
            set_={"next_attempt_at": next_attempt_at},
            where=HOSTS.c.next_attempt_at.is_(None),
        )
    )
