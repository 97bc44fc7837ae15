"""What a host has granted, as the connection's row has it, and as Zoom's refusals correct it."""

from typing import Any

from sqlalchemy import Connection, Row, select, update

from zoom_connector.meetings import UNCONNECTED, Powers
from zoom_connector.storage.tables import CONNECTIONS

CONNECTED = "connected"


def powers(row: Row[Any] | None) -> Powers:
    """Say what can be done with a connection, or without one."""
    if row is None or row.status != CONNECTED:
        return UNCONNECTED
    return Powers(frozenset(row.scopes.split()))


def ungrant(tx: Connection, host_id: str, scope: str) -> bool:
    """Strike out a permission that Zoom says is missing; say whether it was thought to be granted."""
    this = [CONNECTIONS.c.id == host_id, CONNECTIONS.c.status == CONNECTED]
    granted = tx.execute(select(CONNECTIONS.c.scopes).where(*this).with_for_update()).scalar()
    left = set((granted or "").split()) - {scope}
    if granted is None or scope not in granted.split() or not left:
        return False
    tx.execute(update(CONNECTIONS).where(*this).values(scopes=" ".join(sorted(left))))
    return True
