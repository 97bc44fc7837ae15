"""The port to where hosts' tokens are kept: nowhere else, versioned, written with check-and-set."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from shared.readiness import NotReadyError


class TokenConflictError(Exception):
    """Somebody else has written or destroyed the tokens since they were read. Read again."""


class TokenStoreUnavailableError(NotReadyError):
    """The store can't be used now: away, sealed, or not ours to open. No token is lost by it."""


class TokensUnreadableError(TokenStoreUnavailableError):
    """What lies there can't be read by anybody, now or later: it may be destroyed to make room."""


@dataclass(frozen=True)
class Tokens:
    """One host's tokens. `expires_at` is the access token's end in UTC, `refreshed_at` when they were given."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime
    refreshed_at: datetime


@dataclass(frozen=True)
class Stored:
    """Tokens as they lie in the store, with the version to name when writing over them."""

    tokens: Tokens
    version: int


class TokenStore(Protocol):
    """One place per host. Every call may raise `TokenStoreUnavailableError`."""

    def read(self, host_id: str) -> Stored | None:
        """Give a host's tokens, or None when there are none."""

    def write(self, host_id: str, tokens: Tokens, *, expected: int) -> int:
        """Store tokens over version `expected` (0: there must be none) and give the new version.

        Raises `TokenConflictError` when the store holds another version.
        """

    def destroy(self, host_id: str) -> None:
        """Erase every version and all that is known about them. Destroying nothing is no error."""

    def ping(self) -> None:
        """Raise `TokenStoreUnavailableError` when tokens could not be read now."""

    def close(self) -> None:
        """Let go of connections and files."""
