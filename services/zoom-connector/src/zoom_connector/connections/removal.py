"""Removes a connection without a trace: the tokens first, then everything else that Zoom told us about the host."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from shared import logs, outbox
from shared.clock import Clock
from shared.database import Database
from shared.events import ZoomDisconnected
from zoom_connector.connections.access import SOURCE
from zoom_connector.refusals import Refused
from zoom_connector.storage import connections, meetings, privacy, removals
from zoom_connector.storage.connections import TokenLock
from zoom_connector.tokens import Tokens, TokenStore, TokenStoreUnavailableError
from zoom_connector.zoom.errors import GrantInvalidError, ZoomError
from zoom_connector.zoom.oauth import OAuth
from zoom_connector.zoom.transport import Budget

log = logs.get(__name__)

ERASED = (
    "access token",
    "refresh token",
    "Zoom user id",
    "Zoom account id",
    "account e-mail",
    "granted permissions",
    "refresh lock",
    "connections under way",
)
REVOKE_SECONDS = 6.0
READ_SECONDS = 3.0
"""With the wait for the lock it stays below the ten seconds that the gateway waits."""
LOCK_LASTS = timedelta(seconds=30)
LOCK_PATIENCE_SECONDS = 1.0
SURELY_OVER = timedelta(minutes=5)
"""After the end of a state, for a browser that came back in its last second."""
NEARLY_OVER = timedelta(seconds=10)


@dataclass(frozen=True)
class Removal:
    """Removes connections, for whatever cause."""

    database: Database
    tokens: TokenStore
    oauth: OAuth
    clock: Clock

    def disconnect(self, host_id: str) -> Row[Any]:
        """Revoke and erase; give the receipt. Zoom's silence delays the erasing by seconds only. Raises `Refused`."""
        with self.database.read() as tx:
            row = connections.get(tx, host_id)
        if row is None or row.status == connections.DISCONNECTED:
            raise Refused("conflict", "not_connected", "Zoom is not connected.")
        lock = self._take(host_id)
        try:
            tokens = self._tokens(host_id)
            revoked = tokens is not None and self._revoke(host_id, tokens)
            return self._erase(host_id, lock, cause="disconnected", revoked=revoked, confirmation=None)
        except TokenStoreUnavailableError as error:
            log.warning("token_store_unavailable", host_id=host_id)
            raise Refused(
                "unavailable", "token_store_unavailable", "The tokens can't be erased just now. Please try again soon."
            ) from error
        finally:
            lock.release()

    def deauthorized(self, host_id: str, *, confirmation: Mapping[str, Any] | None) -> None:
        """Erase because the host removed the app in Zoom; a `confirmation` is posted later, as work of its own."""
        lock = self._take(host_id)
        try:
            self._erase(host_id, lock, cause="deauthorized", revoked=True, confirmation=confirmation)
        finally:
            lock.release()

    def sweep(self) -> int:
        """Destroy tokens of hosts whose connecting was cut off between the store and the database; give how many."""
        now = self.clock()
        with self.database.read() as tx:
            hosts = connections.abandoned(tx, before=now - SURELY_OVER)
        return sum(self._sweep(host_id, now) for host_id in hosts)

    def _sweep(self, host_id: str, now: datetime) -> bool:
        lock = TokenLock(self.database, host_id)
        if not lock.take(now, LOCK_LASTS):
            return False
        try:
            with self.database.read() as tx:
                row = connections.get(tx, host_id)
            if row is None or row.status == connections.DISCONNECTED:
                self.tokens.destroy(host_id)
            with self.database.write() as tx:
                connections.forget_authorizations(tx, host_id, before=now - SURELY_OVER)
        finally:
            lock.release()
        return True

    def _take(self, host_id: str) -> TokenLock:
        """Keep renewals away. Not waited for long: a removal must not depend on a renewal that hangs."""
        lock = TokenLock(self.database, host_id)
        end = time.monotonic() + LOCK_PATIENCE_SECONDS
        while not lock.take(self.clock(), LOCK_LASTS, by_force=time.monotonic() > end):
            time.sleep(0.05)
        return lock

    def _tokens(self, host_id: str) -> Tokens | None:
        try:
            stored = self.tokens.read(host_id)
        except TokenStoreUnavailableError:
            # What can't be read can't be revoked, but it may still be possible to erase it.
            log.warning("token_store_unavailable", host_id=host_id)
            return None
        return stored.tokens if stored else None

    def _revoke(self, host_id: str, tokens: Tokens) -> bool:
        """Ask Zoom to end the consent; say whether it is ended."""
        budget = Budget(REVOKE_SECONDS, read_seconds=READ_SECONDS)
        try:
            if not self._revoked(tokens, budget):
                # Zoom takes no access token that is over, so a last one is needed to revoke with.
                fresh = self.oauth.refresh(tokens.refresh_token, budget=budget)
                self.oauth.revoke(fresh.access_token, budget=budget)
        except GrantInvalidError:
            return True
        except ZoomError as error:
            log.warning("zoom_revoke_failed", host_id=host_id, error=type(error).__name__)
            return False
        return True

    def _revoked(self, tokens: Tokens, budget: Budget) -> bool:
        if tokens.expires_at <= self.clock() + NEARLY_OVER:
            return False
        try:
            self.oauth.revoke(tokens.access_token, budget=budget)
        except GrantInvalidError:
            return False
        return True

    def _erase(
        self, host_id: str, lock: TokenLock, *, cause: str, revoked: bool, confirmation: Mapping[str, Any] | None
    ) -> Row[Any]:
        self.tokens.destroy(host_id)
        now = self.clock()
        with self.database.write() as tx:
            if not lock.held(tx):
                # Somebody has connected anew over our head: theirs is the later word.
                raise Refused("conflict", "connection_changed", "The connection was just changed. Please look again.")
            connections.erase(tx, host_id)
            receipt = removals.add_receipt(
                tx,
                host_id=host_id,
                at=now,
                cause=cause,
                erased=ERASED,
                revoked=revoked,
                confirmation=confirmation,
            )
            meetings.wake_host(tx, now, host_id)
            outbox.add(tx, ZoomDisconnected(host_id=host_id, cause=cause), source=SOURCE, now=now)
        privacy.scrub(self.database)
        log.info("zoom_disconnected", host_id=host_id, cause=cause, revoked=revoked)
        return receipt
