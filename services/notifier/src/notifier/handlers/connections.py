"""What happens to a host's connection to Zoom, told to the host: each trouble once."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from notifier.deliveries.notices import (
    ABOUT_ZOOM,
    DISCONNECTED,
    LINKS_WAITING,
    NEEDS_RECONNECT,
    Notice,
    replaced,
)
from notifier.storage import hosts, notices
from shared.events import ZoomConnected, ZoomDisconnected, ZoomLinksWaiting, ZoomNeedsReconnect


def zoom_connected(event: ZoomConnected, tx: Connection, now: datetime) -> None:
    """All is well: what would have told of trouble and has not gone out is untrue by now."""
    hosts.zoom_is(tx, event.host_id, "connected")
    notices.withdraw(tx, event.host_id, ABOUT_ZOOM, now)


def zoom_disconnected(event: ZoomDisconnected, tx: Connection, now: datetime) -> None:
    """Tell the host that the connection was removed and what that means."""
    hosts.zoom_is(tx, event.host_id, "disconnected")
    _owe(tx, _notice(event.host_id, DISCONNECTED, now, cause=event.cause))


def zoom_needs_reconnect(event: ZoomNeedsReconnect, tx: Connection, now: datetime) -> None:
    """Ask the host to connect again, once until that has happened."""
    if hosts.zoom_is(tx, event.host_id, "needs_reconnect"):
        _owe(tx, _notice(event.host_id, NEEDS_RECONNECT, now, reason=event.reason))


def zoom_links_waiting(event: ZoomLinksWaiting, tx: Connection, now: datetime) -> None:
    """Tell the host how many links wait, and for what."""
    until = event.until.isoformat() if event.until else None
    news = {"cause": event.cause, "waiting": event.waiting, "until": until}
    _owe(tx, _notice(event.host_id, LINKS_WAITING, now, event.until, **news))


def _owe(tx: Connection, notice: Notice) -> None:
    if not hosts.is_removed(tx, notice.host_id):
        notices.withdraw(tx, notice.host_id, replaced(notice.kind), notice.created_at)
        notices.owe(tx, notice)


def _notice(host_id: str, kind: str, now: datetime, expires_at: datetime | None = None, **data: Any) -> Notice:
    return Notice(str(uuid.uuid4()), host_id, kind, now, data, expires_at)
