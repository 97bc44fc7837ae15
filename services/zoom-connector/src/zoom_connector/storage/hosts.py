"""Rows of hosts: when each account may be called again, was told of waiting links, and is to be looked after."""

import zlib
from collections.abc import Sequence
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
WINDOW = 1.05
"""Seconds in which Zoom counts, and a little: two clocks don't run alike."""

LONGEST_LINE = 10.0
"""Seconds. Nobody's turn is later than that; a call counted further ahead was counted before the clock was set back."""

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


def reserve(tx: Connection, host_id: str, now: datetime, *, calls: int, a_second: int) -> float:
    """Count so many calls of the host's account as made; give the seconds to wait first to stay within the limit."""
    began, end = now.timestamp() - WINDOW, now.timestamp() + LONGEST_LINE
    recent = [moment for moment in _recent(tx, host_id) if began < moment < end]
    spare = max(a_second - calls, 0)
    # A window that slides: the first of these calls may go a second after the one that makes room for it.
    wait = max(recent[-spare - 1] + WINDOW - now.timestamp(), 0) if len(recent) > spare else 0
    _keep(tx, host_id, [*recent, *[now.timestamp() + wait] * calls][-a_second:])
    return wait


def answered(tx: Connection, host_id: str, now: datetime, *, calls: int) -> None:
    """Keep when the answer to the calls came that were counted last: they did not arrive any later than that."""
    recent = _recent(tx, host_id)
    if recent:
        _keep(tx, host_id, recent[:-calls] + [now.timestamp()] * len(recent[-calls:]))


def _recent(tx: Connection, host_id: str) -> list[float]:
    recent = select(HOSTS.c.recent_calls).where(HOSTS.c.id == host_id).with_for_update()
    return [float(moment) for moment in (tx.execute(recent).scalar() or "").split()]


def _keep(tx: Connection, host_id: str, recent: Sequence[float]) -> None:
    values = {"recent_calls": " ".join(f"{moment:.3f}" for moment in recent)}
    if tx.execute(update(HOSTS).where(HOSTS.c.id == host_id).values(**values)).rowcount == 0:
        _make(tx, host_id)
        tx.execute(update(HOSTS).where(HOSTS.c.id == host_id).values(**values))


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
