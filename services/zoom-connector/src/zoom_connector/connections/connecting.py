"""The way to a connection: to Zoom with a state, back with a code, and connected, or told why not."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from shared import logs, outbox
from shared.clock import Clock
from shared.database import Database
from shared.events import ZoomConnected
from zoom_connector.connections import scopes
from zoom_connector.connections.access import IDLE, SOURCE
from zoom_connector.refusals import Kind, Refused
from zoom_connector.storage import connections, meetings
from zoom_connector.storage.connections import TokenLock
from zoom_connector.tokens import (
    TokenConflictError,
    Tokens,
    TokenStore,
    TokenStoreUnavailableError,
    TokensUnreadableError,
)
from zoom_connector.zoom.account import Person, ZoomAccount
from zoom_connector.zoom.errors import GrantInvalidError, NotSentError, ScopesMissingError, UnsureError, ZoomError
from zoom_connector.zoom.oauth import Grant, OAuth, new_verifier
from zoom_connector.zoom.transport import Budget, Transport

log = logs.get(__name__)

STATE_LIFE = timedelta(minutes=10)
STATE_BYTES = 32
LONGEST_STATE = 200
LONGEST_CODE = 2000
BUDGET_SECONDS = 8.5
READ_SECONDS = 4.0
"""Somebody sits before a browser and waits for it, and the gateway waits ten seconds at most."""
LOCK_LASTS = timedelta(seconds=30)
STORE_TRIES = 5

REFUSALS: dict[str, tuple[Kind, str]] = {
    "state_unknown": ("conflict", "This is not the end of a connection that was begun here. Please begin anew."),
    "state_used": ("conflict", "This step was already taken. If Zoom is not connected, please begin anew."),
    "state_expired": ("conflict", "It took longer than 10 minutes. Please begin anew."),
    "state_of_another_host": ("denied", "Another host began this connection. Please begin your own."),
    "consent_denied": ("conflict", "You did not allow it in Zoom, so nothing was connected."),
    "code_rejected": ("conflict", "Zoom did not accept the code. Please begin anew."),
    "connection_changed": ("conflict", "The connection was changed elsewhere in the meantime. Please begin anew."),
    "zoom_unreachable": ("unavailable", "Zoom does not answer as it should. Please try again soon."),
    "token_store_unavailable": ("unavailable", "The connection can't be kept just now. Please try again soon."),
}


@dataclass(frozen=True)
class Connecting:
    """Begins and completes connections."""

    database: Database
    tokens: TokenStore
    oauth: OAuth
    transport: Transport
    api_url: str
    clock: Clock

    def begin(self, host_id: str) -> str:
        """Give the address to send this host's browser to. The state in it works once, for ten minutes."""
        state, verifier = secrets.token_urlsafe(STATE_BYTES), new_verifier()
        with self.database.write() as tx:
            connections.begin(
                tx,
                state_hash=_hash(state),
                host_id=host_id,
                verifier=verifier,
                expires_at=self.clock() + STATE_LIFE,
            )
        return self.oauth.consent_address(state, verifier)

    def complete(self, host_id: str, *, state: str | None, code: str | None, error: str | None) -> None:
        """Connect the host who came back from Zoom. Raises `Refused`; then nothing has changed but the used state."""
        verifier = self._use(host_id, state)
        if error is not None:
            raise _refusal("consent_denied" if error == "access_denied" else "code_rejected")
        if not code or len(code) > LONGEST_CODE:
            raise _refusal("code_rejected")
        lock = TokenLock(self.database, host_id)
        # By force: the consent ends whatever tokens somebody may be renewing, and they notice at their write.
        lock.take(self.clock(), LOCK_LASTS, by_force=True)
        try:
            self._connect(host_id, code, verifier, lock)
        finally:
            lock.release()
        log.info("zoom_connected", host_id=host_id)

    def _connect(self, host_id: str, code: str, verifier: str, lock: TokenLock) -> None:
        self._confirm_store(host_id)
        budget = Budget(BUDGET_SECONDS, read_seconds=READ_SECONDS)
        grant = self._exchange(code, verifier, budget)
        lacking = scopes.missing(grant.scopes or ())
        if lacking:
            raise _scopes_missing(lacking)
        person = self._person(grant, budget)
        now = self.clock()
        self._write(host_id, Tokens(grant.access_token, grant.refresh_token, grant.expires_at, refreshed_at=now))
        with self.database.write() as tx:
            if not lock.held(tx):
                raise _refusal("connection_changed")
            connections.connected(
                tx,
                host_id,
                user_id=person.user_id,
                account_id=person.account_id,
                email=person.email,
                scopes=grant.scopes or frozenset(),
                now=now,
                refresh_at=now + IDLE,
            )
            meetings.wake_host(tx, now, host_id)
            outbox.add(tx, ZoomConnected(host_id=host_id), source=SOURCE, now=now)

    def _use(self, host_id: str, state: str | None) -> str:
        """Check the state and spend it; give the verifier that belongs to it."""
        now = self.clock()
        if not state or len(state) > LONGEST_STATE:
            raise _refusal("state_unknown")
        with self.database.write() as tx:
            row = connections.authorization(tx, _hash(state))
            if row is None:
                raise _refusal("state_unknown")
            if row.host_id != host_id:
                # It stays good for the host to whom it belongs.
                raise _refusal("state_of_another_host")
            if row.used_at is not None:
                raise _refusal("state_used")
            if row.expires_at <= now:
                raise _refusal("state_expired")
            connections.use(tx, row.id, now)
        return str(row.verifier)

    def _confirm_store(self, host_id: str) -> None:
        """Look first whether tokens can be kept: Zoom ends the old ones as soon as it has given others."""
        try:
            self.tokens.read(host_id)
        except TokensUnreadableError:
            return
        except TokenStoreUnavailableError as error:
            log.warning("token_store_unavailable", host_id=host_id)
            raise _refusal("token_store_unavailable") from error

    def _exchange(self, code: str, verifier: str, budget: Budget) -> Grant:
        try:
            return self.oauth.exchange(code, verifier, budget=budget)
        except GrantInvalidError:
            raise _refusal("code_rejected") from None
        except ZoomError as error:
            log.warning("zoom_exchange_failed", error=type(error).__name__)
            raise _refusal("zoom_unreachable") from error

    def _person(self, grant: Grant, budget: Budget) -> Person:
        account = ZoomAccount(self.transport, self.api_url, lambda _rejected: grant.access_token, self.clock, budget)
        try:
            try:
                return account.me()
            except (NotSentError, UnsureError):
                # The code is spent by now, and an earlier connection's tokens with it: worth a second question.
                return account.me()
        except ScopesMissingError:
            raise _scopes_missing(["user:read:user"]) from None
        except ZoomError as error:
            log.warning("zoom_user_unread", error=type(error).__name__)
            raise _refusal("zoom_unreachable") from error

    def _write(self, host_id: str, tokens: Tokens) -> None:
        """Put the new tokens in the place of whatever is there: Zoom has ended the old ones."""
        try:
            for _ in range(STORE_TRIES):
                try:
                    self.tokens.write(host_id, tokens, expected=self._version(host_id))
                except TokenConflictError:
                    continue
                return
        except TokenStoreUnavailableError as error:
            log.warning("token_store_unavailable", host_id=host_id)
            raise _refusal("token_store_unavailable") from error
        raise _refusal("token_store_unavailable")

    def _version(self, host_id: str) -> int:
        try:
            stored = self.tokens.read(host_id)
        except TokensUnreadableError:
            # Sealed with a key that is lost: of no use to anybody, and in the way of the new ones.
            self.tokens.destroy(host_id)
            return 0
        return stored.version if stored else 0


def _refusal(code: str) -> Refused:
    kind, detail = REFUSALS[code]
    return Refused(kind, code, detail)


def _scopes_missing(lacking: list[str]) -> Refused:
    return Refused(
        "conflict",
        "scopes_missing",
        f"Zoom did not grant everything that is needed: {', '.join(lacking)} is missing. Nothing was connected.",
    )


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
