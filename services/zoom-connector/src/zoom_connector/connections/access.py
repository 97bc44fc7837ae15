"""Opens a host's Zoom account with a token that is good, renewed by one worker at a time over all processes."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from shared import logs, outbox
from shared.clock import Clock
from shared.database import Database
from shared.events import ZoomNeedsReconnect
from zoom_connector.connections import scopes
from zoom_connector.reconcile.port import BusyError, NotConnectedError
from zoom_connector.storage import connections, meetings
from zoom_connector.storage.token_locks import TokenLock
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
    budget_seconds: float = BUDGET_SECONDS

    def __call__(self, host_id: str) -> ZoomAccount:
        """Open the host's account.

        Raises `NotConnectedError`, `BusyError`, `TokenStoreUnavailableError`, or a `ZoomError` of the renewal.
        """
        budget = Budget(self.budget_seconds, read_seconds=self.read_seconds)
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
        place = connections.place_of(self._connected(host_id))
        stored = self.tokens.read(place)
        if stored is not None and good_enough(stored.tokens):
            return stored.tokens
        lock = TokenLock(self.database, place)
        # Waited for a moment only: other hosts' work waits behind this.
        if not lock.wait(self.clock, LOCK_LASTS, patience=LOCK_PATIENCE_SECONDS):
            raise BusyError
        try:
            return self._renewed(host_id, place, lock, good_enough, budget)
        finally:
            lock.release()

    def _connected(self, host_id: str) -> Row[Any]:
        with self.database.read() as tx:
            row = connections.get(tx, host_id)
        if row is None or row.status != connections.CONNECTED:
            raise NotConnectedError((row and row.reason) or NOT_CONNECTED)
        return row

    def _renewed(self, host_id: str, place: str, lock: TokenLock, good_enough: GoodEnough, budget: Budget) -> Tokens:
        row = self._connected(host_id)
        if connections.place_of(row) != place:
            # Somebody else has connected the same Zoom user: the tokens lie elsewhere now.
            raise BusyError
        # Read again now that nobody else may write: most often another worker has just done it.
        stored = self.tokens.read(place)
        if stored is None:
            raise self._ended(row, lock, GRANT_ENDED)
        if good_enough(stored.tokens):
            return stored.tokens
        try:
            grant = self.oauth.refresh(stored.tokens.refresh_token, budget=budget)
        except GrantInvalidError:
            again = self.tokens.read(place)
            if again is not None and again.version != stored.version:
                return again.tokens
            raise self._ended(row, lock, GRANT_ENDED) from None
        tokens = self._keep(row, lock, stored, grant)
        self._note(row, lock, grant)
        log.info("tokens_renewed", host_id=host_id)
        return tokens

    def _keep(self, row: Row[Any], lock: TokenLock, stored: Stored, grant: Grant) -> Tokens:
        """Write the new tokens over the ones that were used, unless somebody has put others in their place."""
        place = connections.place_of(row)
        tokens = Tokens(grant.access_token, grant.refresh_token, grant.expires_at, refreshed_at=self.clock())
        with self.database.write() as tx:
            held = lock.held(tx)
        if not held and not self._still_ours(row, stored):
            raise BusyError
        for attempt in range(1, STORE_TRIES + 1):
            try:
                self.tokens.write(place, tokens, expected=stored.version)
            except TokenConflictError:
                newer = self.tokens.read(place)
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

    def _still_ours(self, row: Row[Any], stored: Stored) -> bool:
        """Say whether all is as it was though somebody took the lock: a consent under way may still come to nothing.

        After a removal versions begin anew, so the version alone proves nothing.
        """
        with self.database.read() as tx:
            now = connections.get(tx, row.id)
        if now is None or (now.status, now.connected_at, now.token_place) != (
            row.status,
            row.connected_at,
            row.token_place,
        ):
            return False
        there = self.tokens.read(connections.place_of(row))
        return there is not None and there.tokens.refresh_token == stored.tokens.refresh_token

    def _note(self, row: Row[Any], lock: TokenLock, grant: Grant) -> None:
        now, place = self.clock(), connections.place_of(row)
        with self.database.write() as tx:
            if not lock.held(tx):
                return
            connections.refreshed(tx, place, scopes=grant.scopes, now=now, refresh_at=now + IDLE)
        if grant.scopes is not None and scopes.essential_missing(grant.scopes):
            raise self._ended(row, lock, SCOPES_SHRUNK)

    def _ended(self, row: Row[Any], lock: TokenLock, reason: str) -> Exception:
        """Keep that the host has to connect again, and give the error that says so."""
        now = self.clock()
        with self.database.write() as tx:
            if not lock.held(tx):
                # A newer consent is on its way, or a removal: theirs is the last word.
                return BusyError()
            self._break(tx, row, reason, now)
        return NotConnectedError(reason)

    def _break(self, tx: Connection, row: Row[Any], reason: str, now: datetime) -> None:
        if connections.needs_reconnect(tx, row.id, connected_at=row.connected_at, reason=reason, now=now):
            log.warning("zoom_needs_reconnect", host_id=row.id)
            outbox.add(tx, ZoomNeedsReconnect(host_id=row.id, reason=reason), source=SOURCE, now=now)
            meetings.wake_host(tx, now, row.id)
