"""Announces to every seat of a meeting what is news to it, and to the host that links wait."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from shared import outbox
from shared.events import ZoomLinksWaiting
from zoom_connector.reconcile import sayings
from zoom_connector.reconcile.sayings import Saying
from zoom_connector.storage import connections, hosts, meetings, seats

SOURCE = "zoom-connector"
QUOTAS = ("user_day", "day")


def tell(
    tx: Connection,
    row: Row[Any],
    saying: Saying | None,
    next_attempt_at: datetime | None,
    now: datetime,
    *,
    only_unheard: bool = False,
) -> None:
    """Announce what is said about a meeting to those of its seats that have not heard it.

    With `only_unheard`, to those that have heard nothing at all about their present version.
    """
    told = False
    for seat in seats.to_tell(tx, row.id):
        if only_unheard and seat.said_version == seat.version:
            continue
        heard = seat
        for one in _about(seat, row, saying):
            if sayings.news(heard, one, now):
                heard = _announce(tx, heard, row, one, now, next_attempt_at=next_attempt_at)
                told = told or one is saying
    if saying is not None and row.live and (told or saying.code in QUOTAS):
        _links_wait(tx, row.host_id, saying, now)


def _about(seat: Row[Any], row: Row[Any], saying: Saying | None) -> Iterator[Saying]:
    if not seat.live and row.live:
        # It goes on for the others; for this booking it is over.
        yield sayings.removed()
    elif saying is not None:
        if saying.state == sayings.MOVED and (seat.said, seat.said_version) != (sayings.MOVED, seat.version):
            # Whoever has no link yet gets it first: that it was moved does not change where to join.
            yield sayings.ready()
        yield saying


def _announce(
    tx: Connection,
    seat: Row[Any],
    row: Row[Any],
    saying: Saying,
    now: datetime,
    *,
    next_attempt_at: datetime | None,
) -> Row[Any]:
    is_ready = saying.state == sayings.READY
    replaced = is_ready and seat.told_zoom_id not in (None, row.zoom_id)
    told = seats.told(tx, seat, now, state=saying.state, code=saying.code, zoom_id=row.zoom_id if is_ready else None)
    outbox.add(tx, sayings.event(told, row, saying, next_attempt_at, replaced=replaced), source=SOURCE, now=now)
    return told


def _links_wait(tx: Connection, host_id: str, saying: Saying, now: datetime) -> None:
    """Let the host know once a day how many links wait for a connection, or for the quota to begin anew."""
    if saying.state == sayings.UNAVAILABLE:
        cause: hosts.Cause = "disconnected"
    elif saying.code in QUOTAS:
        cause = "quota"
    else:
        return
    host = connections.get(tx, host_id)
    if cause == "disconnected" and _ended_today(host, now):
        # That has a mail of its own.
        return
    if not hosts.may_tell(tx, host_id, cause, now):
        return
    waiting = meetings.pending(tx, now, host_id)
    until = host.parked_until if cause == "quota" and host is not None else None
    outbox.add(tx, ZoomLinksWaiting(host_id=host_id, cause=cause, waiting=waiting, until=until), source=SOURCE, now=now)


def _ended_today(host: Row[Any] | None, now: datetime) -> bool:
    if host is None or host.status != connections.NEEDS_RECONNECT or host.last_failure_at is None:
        return False
    return bool(host.last_failure_at > now - hosts.ONCE)
