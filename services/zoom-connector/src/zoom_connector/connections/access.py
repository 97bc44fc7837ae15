"""Opens a host's Zoom account with a token that is good, renewed by one worker at a time over all processes."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared import logs, outbox
from shared.clock import Clock
from shared.database import Database
from shared.events import ZoomNeedsReconnect
from zoom_connector.connections import scopes
from zoom_connector.reconcile.port import BusyError, NotConnectedError
from zoom_connector.storage import connections, meetings
from zoom_connector.storage.connections import TokenLock
from zoom_connector.tokens import Stored, TokenConflictError, Tokens, TokenStore, TokenStoreUnavailableError
from zoom_connector.zoom.account import ZoomAccount
from zoom_connector.zoom.errors import GrantInvalidError
from zoom_connector.zoom.oauth import Grant, OAuth
from zoom_connector.zoom.transport import READ_SECONDS, Budget, Transport

log = logs.get(__name__)

SOURCE = "zoom-connector"
BUDGET_SECONDS = 35.0
"""For all calls with one opened account; shorter than the lease under which a meeting is worked on."""
EARLY = timedelta(seconds=60)
"""A token this near its end is renewed first."""
IDLE = timedelta(days=30)
"""A connection that nobody used for so long is renewed, well before a refresh token's 90 days are over."""
LOCK_LASTS = timedelta(seconds=30)
LOCK_PATIENCE_SECONDS = 2.0
STORE_TRIES = 4

NOT_CONNECTED = "Zoom is not connected."
GRANT_ENDED = (
    "Zoom has ended this connection: the app was removed, or the permission has expired. Please connect again."
)
SCOPES_SHRUNK = "A permission that is needed is no longer granted. Please connect again and allow everything asked for."

GoodEnough = Callable[[Tokens], bool]


@dataclass(frozen=True)
class Access:
    """What reconciling uses to reach Zoom. Tokens are read for each call and kept nowhere."""

    database: Database
    tokens: TokenStore
    oauth: OAuth
    transport: Transport
    api_url: str
    clock: Clock
    read_seconds: float = READ_SECONDS

    def __call__(self, host_id: str) -> ZoomAccount:
        """Open the host's account.

        Raises `NotConnectedError`, `BusyError`, `TokenStoreUnavailableError`, or a `ZoomError` of the renewal.
        """
        budget = Budget(BUDGET_SECONDS, read_seconds=self.read_seconds)
        self._token(host_id, None, budget)
        return ZoomAccount(
            self.transport, self.api_url, lambda rejected: self._token(host_id, rejected, budget), self.clock, budget
        )

    def renew_idle(self, host_id: str) -> None:
        """Renew the tokens of a connection that was not used for long. Raises as opening does."""
        recent = self.clock() - IDLE / 2
        self._good(host_id, lambda tokens: tokens.refreshed_at > recent, Budget(BUDGET_SECONDS))

    def _token(self, host_id: str, rejected: str | None, budget: Budget) -> str:
        until = self.clock() + EARLY
        good = self._good(host_id, lambda tokens: tokens.expires_at > until and tokens.access_token != rejected, budget)
        return good.access_token

    def _good(self, host_id: str, good_enough: GoodEnough, budget: Budget) -> Tokens:
        stored = self.tokens.read(host_id)
        if stored is not None and good_enough(stored.tokens):
            return stored.tokens
        lock = TokenLock(self.database, host_id)
        self._take(lock)
        try:
            return self._renewed(host_id, lock, good_enough, budget)
        finally:
            lock.release()

    def _take(self, lock: TokenLock) -> None:
        """Wait a moment for whoever is renewing; not long, because other hosts' work waits behind this."""
        end = time.monotonic() + LOCK_PATIENCE_SECONDS
        seen = -1
        while not lock.take(self.clock(), LOCK_LASTS):
            if time.monotonic() > end:
                raise BusyError
            seen = self.database.wait(seen, timeout=0.1)

    def _renewed(self, host_id: str, lock: TokenLock, good_enough: GoodEnough, budget: Budget) -> Tokens:
        with self.database.read() as tx:
            row = connections.get(tx, host_id)
        if row is None or row.status != connections.CONNECTED:
            raise NotConnectedError((row and row.reason) or NOT_CONNECTED)
        # Read again now that nobody else may write: most often another worker has just done it.
        stored = self.tokens.read(host_id)
        if stored is None:
            raise self._ended(host_id, row.connected_at, GRANT_ENDED)
        if good_enough(stored.tokens):
            return stored.tokens
        try:
            grant = self.oauth.refresh(stored.tokens.refresh_token, budget=budget)
        except GrantInvalidError:
            again = self.tokens.read(host_id)
            if again is not None and again.version != stored.version:
                return again.tokens
            raise self._ended(host_id, row.connected_at, GRANT_ENDED) from None
        tokens = self._keep(host_id, lock, stored, grant)
        self._note(host_id, row.connected_at, grant)
        log.info("tokens_renewed", host_id=host_id)
        return tokens

    def _keep(self, host_id: str, lock: TokenLock, stored: Stored, grant: Grant) -> Tokens:
        """Write the new tokens over the ones that were used, unless somebody has put others in their place."""
        tokens = Tokens(grant.access_token, grant.refresh_token, grant.expires_at, refreshed_at=self.clock())
        with self.database.write() as tx:
            if not lock.held(tx):
                raise BusyError
        for attempt in range(1, STORE_TRIES + 1):
            try:
                self.tokens.write(host_id, tokens, expected=stored.version)
            except TokenConflictError:
                newer = self.tokens.read(host_id)
                if newer is None:
                    raise BusyError from None
                return newer.tokens
            except TokenStoreUnavailableError:
                # Zoom has already forgotten the old refresh token: giving up here costs the connection.
                if attempt == STORE_TRIES:
                    raise
                time.sleep(0.25 * attempt)
            else:
                break
        return tokens

    def _note(self, host_id: str, connected_at: datetime | None, grant: Grant) -> None:
        with self.database.write() as tx:
            connections.refreshed(tx, host_id, scopes=grant.scopes, refresh_at=self.clock() + IDLE)
        if grant.scopes is not None and scopes.missing(grant.scopes):
            raise self._ended(host_id, connected_at, SCOPES_SHRUNK)

    def _ended(self, host_id: str, connected_at: datetime | None, reason: str) -> NotConnectedError:
        """Keep that the host has to connect again, and give the error that says so."""
        now = self.clock()
        with self.database.write() as tx:
            if connections.needs_reconnect(tx, host_id, connected_at=connected_at, reason=reason):
                log.warning("zoom_needs_reconnect", host_id=host_id)
                outbox.add(tx, ZoomNeedsReconnect(host_id=host_id, reason=reason), source=SOURCE, now=now)
                meetings.wake_host(tx, now, host_id)
        return NotConnectedError(reason)
