"""Work on connections that nobody asks for: renewing idle ones, and confirming erasures to Zoom."""

import json
import random
from dataclasses import dataclass
from datetime import timedelta

from shared import due, logs
from shared.clock import Clock
from shared.database import Database
from zoom_connector.connections.access import IDLE, Access
from zoom_connector.reconcile.port import BusyError, NotConnectedError
from zoom_connector.storage import connections, leases, privacy
from zoom_connector.storage.tables import CONNECTIONS, RECEIPTS
from zoom_connector.tokens import TokenStoreUnavailableError
from zoom_connector.zoom.errors import RefusedError, ZoomError
from zoom_connector.zoom.oauth import OAuth
from zoom_connector.zoom.transport import Budget

log = logs.get(__name__)

LEASE = timedelta(seconds=45)
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
GIVE_UP = timedelta(days=10)
"""Zoom gives ten days for the confirmation."""
CONFIRM_SECONDS = 15.0


@dataclass
class KeepAlive:
    """Renews the tokens of connections that were not used for a month."""

    database: Database
    access: Access
    clock: Clock
    chance: random.Random

    def step(self) -> int:
        """Renew one; 0 when none is due."""
        row = leases.take(
            self.database, CONNECTIONS, self.clock(), LEASE, CONNECTIONS.c.status == connections.CONNECTED
        )
        if row is None:
            return 0
        again_at, error = None, None
        try:
            self.access.renew_idle(row.id)
            again_at = self.clock() + IDLE
        except NotConnectedError:
            error = "not_connected"
        except (BusyError, TokenStoreUnavailableError, ZoomError) as failure:
            error = type(failure).__name__
            again_at = self.clock() + due.backoff(row.attempts, self.chance, base=FIRST_WAIT, cap=LONGEST_WAIT)
        attempts = {} if error else {"attempts": 0}
        return leases.give_back(self.database, CONNECTIONS, row, next_attempt_at=again_at, last_error=error, **attempts)


@dataclass
class Confirmations:
    """Posts the confirmation of an erasure until Zoom has it, has refused it, or ten days are over."""

    database: Database
    oauth: OAuth
    clock: Clock
    chance: random.Random

    def step(self) -> int:
        """Post one; 0 when none is due."""
        row = leases.take(self.database, RECEIPTS, self.clock(), LEASE)
        if row is None:
            return 0
        error = None
        try:
            document = json.loads(row.compliance_document)
            self.oauth.confirm_erasure(document, budget=Budget(CONFIRM_SECONDS))
            state = "posted"
        except RefusedError as refusal:
            state, error = "failed", f"status {refusal.code}"
        except ZoomError as failure:
            state, error = "pending", type(failure).__name__
        now = self.clock()
        wait = due.backoff(row.attempts, self.chance, base=FIRST_WAIT / 4, cap=LONGEST_WAIT)
        if state == "pending" and now + wait > row.at + GIVE_UP:
            state = "failed"
        log.info("erasure_confirmation", receipt_id=row.id, state=state, error=error)
        if state == "pending":
            return leases.give_back(self.database, RECEIPTS, row, next_attempt_at=now + wait, last_error=error)
        # The document holds the last that we know of the person at Zoom.
        over = {"compliance": state, "compliance_document": None}
        leases.give_back(self.database, RECEIPTS, row, next_attempt_at=None, last_error=error, **over)
        privacy.scrub(self.database)
        return 1
