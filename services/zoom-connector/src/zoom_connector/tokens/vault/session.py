"""Being known to Vault: logs in, renews the token before its end, and logs in again when it ended all the same."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

import hvac
import requests
from hvac import exceptions as hvac_errors

from shared import logs
from zoom_connector.tokens.vault.link import AT_THE_END, Link, insist
from zoom_connector.tokens.vault.troubles import VaultTrouble, denied, explain, login_refused, says, token_ended

log = logs.get(__name__)

RENEWED_AFTER = 2 / 3
"""Of a token's life."""
AT_ITS_LAST = 1 / 2
"""A renewal that gives less than this part of a life meets the end beyond which no renewal reaches."""
AGAIN_SECONDS = 5.0
FRESH_SECONDS = 10.0
"""A second token in a row that is refused so soon is not at its end: a policy says no to it."""
AT_ITS_END = "invalid token"
"""How newer Vaults tell a token that is over from one that may not. Older ones say the same of both."""
REFUSED_SECONDS = (60.0, 1200.0)
"""How long a wrong secret is not tried again. Five in 15 minutes lock the role for others, too."""
QUIET_SECONDS = 2.0
"""After a call that hung, those who can wait are told so at once instead of hanging, too."""

Clock = Callable[[], float]
_Told = tuple[float, VaultTrouble]
"""Until when something is not tried again, and what is said instead."""
Found = TypeVar("Found")


@dataclass(frozen=True)
class AppRole:
    """What a process logs in with."""

    role_id: str
    secret_id: str = field(repr=False)


@dataclass(frozen=True)
class GivenToken:
    """A token that an operator has made."""

    token: str = field(repr=False)


@dataclass
class _Login:
    client: hvac.Client
    began: float
    lasts: float
    """Seconds; 0 is for ever."""
    renewable: bool
    instead: bool = False
    """It was asked for because the one before it was refused."""
    ends_at: float = float("inf")
    renew_at: float = float("inf")

    def live_on(self, now: float, seconds: float) -> None:
        if seconds > 0:
            self.ends_at = now + seconds
            self.renew_at = now + seconds * RENEWED_AFTER


class Session:
    """Any number of threads may call. Made after any fork."""

    def __init__(self, link: Link, credentials: AppRole | GivenToken, *, clock: Clock = time.monotonic) -> None:
        self._link = link
        self._credentials = credentials
        self._clock = clock
        self._lock = threading.Lock()
        self._login: _Login | None = None
        self._refusals = 0
        self._refusal: _Told | None = None
        self._hung: _Told | None = None

    def call(self, doing: str, ask: Callable[[hvac.Client], Found], *, patient: bool = True) -> Found:
        """Ask Vault something with a token that is good. `doing` is what a policy would have to allow.

        Raises `VaultTrouble`; what hvac raises for 400 and 404 is the asker's to understand, and comes as it is.
        """
        if not patient:
            self._repeat(self._hung)
        try:
            login = self._current()
            try:
                found = insist(lambda: ask(login.client))
            except hvac_errors.Forbidden as denial:
                found = self._again(login, denial, doing, ask)
        except (hvac_errors.InvalidRequest, hvac_errors.InvalidPath):
            self._hung = None
            raise
        except VaultTrouble:
            raise
        except Exception as error:
            raise self._trouble(error) from error
        self._hung = None
        return found

    def keep(self) -> float:
        """Do what is due for the token; give in how many seconds something is due again."""
        try:
            login = self._current()
            if login.renew_at <= self._clock():
                login = self._renewed(login)
        except VaultTrouble:
            raise
        except Exception as error:
            raise self._trouble(error) from error
        return max(login.renew_at - self._clock(), 0.0)

    def close(self) -> None:
        """End a token that is our own, so that nobody can use it any more."""
        with self._lock:
            login, self._login = self._login, None
        if login is not None and isinstance(self._credentials, AppRole):
            with suppress(Exception):
                self._link.client(login.client.token, timeouts=AT_THE_END).auth.token.revoke_self()
        self._link.close()

    def _trouble(self, error: Exception) -> VaultTrouble:
        trouble = explain(error)
        if isinstance(error, requests.Timeout):
            self._hung = self._clock() + QUIET_SECONDS, trouble
        return trouble

    def _repeat(self, told: _Told | None) -> None:
        """Raise anew what was raised shortly ago, instead of asking for it."""
        if told is not None and self._clock() < told[0]:
            raise type(told[1])(*told[1].args)

    def _current(self) -> _Login:
        with self._lock:
            if self._login is None or self._login.ends_at <= self._clock():
                self._login = self._log_in()
            return self._login

    def _again(
        self, refused: _Login, denial: hvac_errors.Forbidden, doing: str, ask: Callable[[hvac.Client], Found]
    ) -> Found:
        """Ask with another token in the place of a refused one. Raises `VaultDenied` when that does not help."""
        with self._lock:
            if self._login is refused:
                if AT_ITS_END not in says(denial) and (self._is_young(refused) or _is_known(refused)):
                    raise denied(doing)
                self._login = None
                self._login = self._log_in()
                self._login.instead = True
                log.info("vault_token_replaced")
            login = self._login or self._log_in()
        try:
            return insist(lambda: ask(login.client))
        except hvac_errors.Forbidden:
            raise denied(doing) from None

    def _is_young(self, login: _Login) -> bool:
        # A policy may keep a token even from looking itself up; then this alone prevents a login for each call.
        return login.instead and self._clock() - login.began < FRESH_SECONDS

    def _log_in(self) -> _Login:
        self._repeat(self._hung)
        if isinstance(self._credentials, AppRole):
            self._repeat(self._refusal)
            return self._with_role(self._credentials)
        client = self._link.client(self._credentials.token)
        try:
            about = insist(client.auth.token.lookup_self)["data"]
        except hvac_errors.Forbidden:
            raise token_ended() from None
        return self._begun(client, about["ttl"], renewable=about["renewable"])

    def _with_role(self, role: AppRole) -> _Login:
        client = self._link.client()
        try:
            given = insist(lambda: client.auth.approle.login(role.role_id, role.secret_id, use_token=False))["auth"]
        except (hvac_errors.InvalidRequest, hvac_errors.Forbidden, hvac_errors.InvalidPath) as error:
            trouble = login_refused(error)
            wait = AGAIN_SECONDS
            if isinstance(error, hvac_errors.InvalidRequest):
                wait = REFUSED_SECONDS[min(self._refusals, len(REFUSED_SECONDS) - 1)]
                self._refusals += 1
            self._refusal = self._clock() + wait, trouble
            raise trouble from None
        self._refusals, self._refusal = 0, None
        return self._begun(
            self._link.client(given["client_token"]), given["lease_duration"], renewable=given["renewable"]
        )

    def _begun(self, client: hvac.Client, seconds: float, *, renewable: bool) -> _Login:
        now = self._clock()
        login = _Login(client, now, seconds, renewable)
        login.live_on(now, seconds)
        return login

    def _renewed(self, login: _Login) -> _Login:
        """Let the token live longer; at its last, or where it can't, get another one if there is a way to."""
        with self._lock:
            if self._login is not login:
                return self._login or login
            login.renew_at = self._clock() + AGAIN_SECONDS
            seconds = _renew(login) if login.renewable else 0.0
            if isinstance(self._credentials, AppRole) and seconds < login.lasts * AT_ITS_LAST:
                self._login = self._log_in()
                return self._login
            if seconds:
                login.live_on(self._clock(), seconds)
            else:
                login.renew_at = float("inf")
                log.warning("vault_token_ends", seconds_left=round(login.ends_at - self._clock()))
            return login


def _is_known(login: _Login) -> bool:
    try:
        insist(login.client.auth.token.lookup_self)
    except hvac_errors.Forbidden:
        return False
    return True


def _renew(login: _Login) -> float:
    """Give for how many seconds more it is good; 0 when it can't be renewed."""
    try:
        return float(insist(login.client.auth.token.renew_self)["auth"]["lease_duration"])
    except (hvac_errors.Forbidden, hvac_errors.InvalidRequest):
        return 0.0
