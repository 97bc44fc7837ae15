"""Writes an outcome down: the row, the host's connection and the announcements, in one transaction."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from shared import due, outbox
from shared.events import ZoomNeedsReconnect
from zoom_connector.reconcile import sayings
from zoom_connector.reconcile.outcomes import IN_LINE, UNANSWERED, Outcome
from zoom_connector.reconcile.telling import SOURCE, tell
from zoom_connector.storage import connections, meetings, permissions
from zoom_connector.storage.tables import MEETINGS

SURELY_AN_OUTAGE = 3
"""Failures in a row."""
FRESH = timedelta(minutes=1)
"""The host sees when Zoom last did something, and need not see it to the second."""


def settle(
    tx: Connection,
    claimed: Row[Any],
    outcome: Outcome,
    now: datetime,
    *,
    connected_at: datetime | None = None,
    only_unheard: bool = False,
) -> None:
    """Give the claimed row back with its outcome. Raises `LeaseLostError` when it is no longer ours.

    When somebody wanted something else in the meantime, what Zoom has is kept, nothing is told, and it is due again.
    """
    current = due.confirm(tx, MEETINGS, claimed.id, claimed.lease)
    outdated = current.wakes != claimed.wakes
    if outcome.ungranted is not None:
        permissions.ungrant(tx, claimed.host_id, outcome.ungranted)
    if outcome.broken is not None and not _break(tx, claimed.host_id, connected_at, outcome.broken, now):
        # The host has connected anew while we were told that the old consent is at an end.
        outdated = True
    again_at = now if outdated else outcome.again_at
    values = dict(outcome.values)
    if outdated:
        values["attempts"] = 0
    due.settle(tx, MEETINGS, claimed.id, claimed.lease, next_attempt_at=again_at, last_error=outcome.error, **values)
    _host(tx, claimed.host_id, outcome, now)
    row = meetings.get(tx, claimed.id)
    if row is not None and not outdated:
        tell(tx, row, outcome.saying, again_at, now, only_unheard=only_unheard)
        meetings.forget_empty(tx, claimed.id)


def _break(tx: Connection, host_id: str, connected_at: datetime | None, reason: str, now: datetime) -> bool:
    if not connections.needs_reconnect(tx, host_id, connected_at=connected_at, reason=reason, now=now):
        return False
    outbox.add(tx, ZoomNeedsReconnect(host_id=host_id, reason=reason), source=SOURCE, now=now)
    meetings.wake_host(tx, now, host_id)
    return True


def _host(tx: Connection, host_id: str, outcome: Outcome, now: datetime) -> None:
    host = connections.get(tx, host_id)
    if host is None:
        return
    if outcome.worked:
        last = host.last_success_at
        if last is None or now - last >= FRESH or (host.last_failure_at is not None and host.last_failure_at >= last):
            connections.succeeded(tx, host_id, now)
    elif outcome.saying is not None and (outcome.park is not None or outcome.saying.state == sayings.FAILED):
        connections.failed(tx, host_id, now, outcome.saying.reason)
    if outcome.park is not None:
        park = outcome.park
        until = max(park.until, host.parked_until or park.until)
        failures = host.failures + 1 if park.is_failure else None
        connections.park(tx, host_id, until=until, cause=park.cause, failures=failures)
    elif outcome.worked and host.failures:
        connections.unpark(tx, host_id)
        # After one failure only those in line go on: it may have been that one meeting's own.
        surely_over = host.failures >= SURELY_AN_OUTAGE
        meetings.hasten(tx, now, host_id, (*IN_LINE, UNANSWERED) if surely_over else IN_LINE)
