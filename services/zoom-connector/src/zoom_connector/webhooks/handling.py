"""Works on stored webhooks. A removal of the app in Zoom erases the connection that it is about, and no later one.

What the host did to a meeting in Zoom is for reconciling to look at; it is made due here.
"""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row

from shared import due, logs
from shared.clock import Clock
from shared.database import Database
from zoom_connector.connections.removal import Removal
from zoom_connector.refusals import Refused
from zoom_connector.storage import connections, leases, privacy
from zoom_connector.storage.tables import WEBHOOKS
from zoom_connector.tokens import TokenStoreUnavailableError
from zoom_connector.webhooks import changes, contents

log = logs.get(__name__)

LEASE = timedelta(seconds=45)
FIRST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(minutes=1)
CLOCKS_APART = timedelta(seconds=2)
A_SECOND = timedelta(seconds=1)


@dataclass
class Handling:
    """Handles one stored event at a time. `compliance_url` empty: nothing is confirmed to Zoom."""

    database: Database
    removal: Removal
    stands: Callable[[str], bool]
    client_id: str
    compliance_url: str
    clock: Clock
    chance: random.Random

    def step(self) -> int:
        """Handle one; 0 when none is due."""
        row = leases.take(self.database, WEBHOOKS, self.clock(), LEASE)
        if row is None:
            return 0
        try:
            if row.event == contents.DEAUTHORIZED:
                self._deauthorized(json.loads(row.document))
            elif row.event in contents.CHANGED_IN_ZOOM:
                with self.database.write() as tx:
                    changes.hear(tx, row.event, json.loads(row.document), self.clock())
        except (TokenStoreUnavailableError, Refused, changes.InHandError) as error:
            log.warning("webhook_postponed", zoom_event=row.event, error=type(error).__name__)
            wait = due.backoff(row.attempts, self.chance, base=FIRST_WAIT, cap=LONGEST_WAIT)
            error_name = type(error).__name__
            return leases.give_back(
                self.database, WEBHOOKS, row, next_attempt_at=self.clock() + wait, last_error=error_name
            )
        # Only that it came is kept, to know it again: the rest says who it was.
        leases.give_back(self.database, WEBHOOKS, row, next_attempt_at=None, document=None)
        if row.event == contents.DEAUTHORIZED:
            privacy.scrub(self.database)
        return 1

    def _deauthorized(self, payload: Mapping[str, Any]) -> None:
        user_id, account_id = payload.get("user_id"), payload.get("account_id")
        if payload.get("client_id") != self.client_id or not isinstance(user_id, str):
            log.warning("deauthorization_ignored", reason="not about our app or nobody")
            return
        with self.database.read() as tx:
            rows = connections.of_zoom_user(tx, user_id, account_id if isinstance(account_id, str) else None)
        ended = [row for row in rows if not self._outlived(row, _moment(payload.get("deauthorization_time")))]
        if not ended:
            # The echo of our own revoke, a repetition, or about a consent that a newer one has replaced.
            log.info("deauthorization_ignored", reason="nobody is connected so")
        confirmation = self._confirmation(payload)
        for row in ended:
            self.removal.deauthorized(row.id, confirmation=confirmation)
            confirmation = None

    def _outlived(self, row: Row[Any], removed_at: datetime | None) -> bool:
        """Say whether the host has connected anew after the app was removed: an event may come an hour late."""
        if removed_at is None or row.connected_at is None:
            return False
        if removed_at < row.connected_at - CLOCKS_APART:
            return True
        # So near to each other, two clocks can't tell which came first, as when a host disconnects and comes back.
        return bool(removed_at < row.connected_at) and self.stands(row.id)

    def _confirmation(self, payload: Mapping[str, Any]) -> dict[str, Any] | None:
        wanted = str(payload.get("user_data_retention", "false")).lower() == "false"
        if not self.compliance_url or not wanted:
            return None
        return {
            "client_id": self.client_id,
            "user_id": payload.get("user_id"),
            "account_id": payload.get("account_id"),
            "deauthorization_event_received": dict(payload),
            "compliance_completed": True,
        }


def _moment(told: object) -> datetime | None:
    """Read when the app was removed; without fractions, the last moment that it may have been."""
    if not isinstance(told, str):
        return None
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return moment if moment.microsecond else moment + A_SECOND
