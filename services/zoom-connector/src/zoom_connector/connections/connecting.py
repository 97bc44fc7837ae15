"""The way to a connection: to Zoom with a state, back with a code, and connected, or told why not."""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from shared import logs
from shared.clock import Clock
from shared.database import Database
from zoom_connector.connections import scopes
from zoom_connector.connections.replacing import Former, Replacing
from zoom_connector.connections.sharing import Consent, OvertakenError, Sharing
from zoom_connector.refusals import Kind, Refused
from zoom_connector.storage import connections, consents
from zoom_connector.storage.token_locks import TokenLock
from zoom_connector.tokens import Tokens, TokenStore, TokenStoreUnavailableError, TokensUnreadableError
from zoom_connector.zoom.account import Person, ZoomAccount
from zoom_connector.zoom.errors import (
    GrantInvalidError,
    NotSentError,
    ScopesMissingError,
    TokenRejectedError,
    UnsureError,
    ZoomError,
)
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
LOCK_PATIENCE_SECONDS = 1.0

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
    sharing: Sharing
    replacing: Replacing
    oauth: OAuth
    transport: Transport
    api_url: str
    clock: Clock

    def begin(self, host_id: str) -> str:
        """Give the address to send this host's browser to. The state in it works once, for ten minutes."""
        state, verifier = secrets.token_urlsafe(STATE_BYTES), new_verifier()
        with self.database.write() as tx:
            consents.begin(
                tx,
                state_hash=_hash(state),
                host_id=host_id,
                verifier=verifier,
                expires_at=self.clock() + STATE_LIFE,
            )
        return self.oauth.consent_address(state, verifier)

    def complete(self, host_id: str, *, state: str | None, code: str | None, error: str | None) -> str | None:
        """Connect the host who came back from Zoom; give the address of another Zoom account that was connected before.

        Raises `Refused`; then nothing has changed but the used state.
        """
        verifier = self._use(host_id, state)
        if error is not None:
            raise _refusal("consent_denied" if error == "access_denied" else "code_rejected")
        if not code or len(code) > LONGEST_CODE:
            raise _refusal("code_rejected")
        self._confirm_store(host_id)
        budget = Budget(BUDGET_SECONDS, read_seconds=READ_SECONDS)
        with self._renewals_away(host_id):
            consent = self._consent(host_id, code, verifier, budget)
            former = self._keep(consent)
        log.info("zoom_connected", host_id=host_id)
        if former is None:
            return None
        self.replacing.end(former, budget)
        return str(former.row.account_email)

    def _consent(self, host_id: str, code: str, verifier: str, budget: Budget) -> Consent:
        began = self.clock()
        grant = self._exchange(code, verifier, budget)
        lacking = scopes.essential_missing(grant.scopes or ())
        if lacking:
            raise _scopes_missing(lacking)
        return Consent(
            host_id,
            self._person(grant, budget),
            Tokens(grant.access_token, grant.refresh_token, grant.expires_at, refreshed_at=self.clock()),
            grant.scopes or frozenset(),
            began,
            lambda: self._alive(grant, budget),
        )

    def _keep(self, consent: Consent) -> Former | None:
        """Make the connection; give another Zoom account's that it took the place of."""
        try:
            former = self.replacing.former(consent.host_id, consent.person.user_id)
            before = self.sharing.keep(consent)
        except OvertakenError:
            raise _refusal("connection_changed") from None
        except TokenStoreUnavailableError as error:
            log.warning("token_store_unavailable", host_id=consent.host_id)
            raise _refusal("token_store_unavailable") from error
        return None if before is None else former

    @contextmanager
    def _renewals_away(self, host_id: str) -> Iterator[None]:
        """Let nobody take the end of the old tokens for the end of the connection."""
        with self.database.read() as tx:
            row = connections.get(tx, host_id)
        lock = TokenLock(self.database, connections.place_of(row) if row else host_id)
        if not lock.wait(self.clock, LOCK_LASTS, patience=LOCK_PATIENCE_SECONDS):
            # Whoever hangs in a renewal notices when it has something to write.
            lock.take(self.clock(), LOCK_LASTS, by_force=True)
        try:
            yield
        finally:
            lock.release()

    def _use(self, host_id: str, state: str | None) -> str:
        """Check the state and spend it; give the verifier that belongs to it."""
        now = self.clock()
        if not state or len(state) > LONGEST_STATE:
            raise _refusal("state_unknown")
        with self.database.write() as tx:
            row = consents.find(tx, _hash(state))
            if row is None:
                raise _refusal("state_unknown")
            if row.host_id != host_id:
                # It stays good for the host to whom it belongs.
                raise _refusal("state_of_another_host")
            if row.used_at is not None:
                raise _refusal("state_used")
            if row.expires_at <= now:
                raise _refusal("state_expired")
            consents.use(tx, row.id, now)
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
        except TokenRejectedError:
            # Somebody has consented for the same user once more since: Zoom has ended this consent.
            raise _refusal("connection_changed") from None
        except ZoomError as error:
            log.warning("zoom_user_unread", error=type(error).__name__)
            raise _refusal("zoom_unreachable") from error

    def _alive(self, grant: Grant, budget: Budget) -> bool:
        """Say whether Zoom still takes this consent, as far as it says anything."""
        account = ZoomAccount(self.transport, self.api_url, lambda _rejected: grant.access_token, self.clock, budget)
        try:
            account.me()
        except TokenRejectedError:
            return False
        except ZoomError as error:
            log.warning("zoom_user_unread", error=type(error).__name__)
        return True


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
