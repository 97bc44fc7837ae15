"""The token store in HashiCorp Vault: KV version 2, one path per host, written with check-and-set."""

import weakref
from datetime import datetime

from zoom_connector.tokens import Stored, Tokens, TokensUnreadableError
from zoom_connector.tokens.vault.keeper import Keeper, Presence, Unsaved
from zoom_connector.tokens.vault.link import Link
from zoom_connector.tokens.vault.places import Document, Places
from zoom_connector.tokens.vault.session import AppRole, GivenToken, Session
from zoom_connector.tokens.vault.troubles import VaultTrouble

__all__ = ["AppRole", "GivenToken", "Link", "VaultTokenStore"]


class VaultTokenStore:
    """Made after any fork; threads may share it. Its `VaultTrouble`s are `TokenStoreUnavailableError`s."""

    def __init__(self, link: Link, credentials: AppRole | GivenToken, *, mount: str) -> None:
        session = Session(link, credentials)
        self._presence = Presence()
        self._places = Places(session, mount)
        self._unsaved = Unsaved(self._places)
        self._keeper = Keeper(session, self._unsaved, self._presence, self._places.check)
        # Also when the process ends without closing anything.
        weakref.finalize(self, self._keeper.stop)

    def read(self, host_id: str) -> Stored | None:
        """Give a host's tokens, or None when there are none."""
        try:
            self._unsaved.offer(host_id)
            found = self._places.look(host_id)
        except VaultTrouble as trouble:
            self._lost(trouble)
            raise
        if found is None or found.document is None:
            return None
        return Stored(_to_tokens(found.document), found.version)

    def write(self, host_id: str, tokens: Tokens, *, expected: int) -> int:
        """Store tokens over version `expected` and give the new version."""
        document = _to_document(tokens)
        try:
            version = self._places.put(host_id, document, over=expected)
        except VaultTrouble as trouble:
            if expected:
                self._unsaved.keep(host_id, document, over=expected)
                # It may know of the trouble already and rest until it looks again, far longer than it does with these.
                self._keeper.wake()
            self._lost(trouble)
            raise
        self._unsaved.drop(host_id)
        return version

    def destroy(self, host_id: str) -> None:
        """Erase every version and the metadata."""
        try:
            self._places.erase(host_id)
        except VaultTrouble as trouble:
            self._lost(trouble)
            raise
        self._unsaved.drop(host_id)

    def ping(self) -> None:
        """Raise `VaultTrouble` when tokens could not be read, written and erased now."""
        try:
            self._places.check()
        except VaultTrouble as trouble:
            self._lost(trouble)
            raise
        self._presence.found()

    def close(self) -> None:
        """Let go of the connections and of our own token."""
        self._keeper.stop()

    def _lost(self, trouble: VaultTrouble) -> None:
        if self._presence.lost(trouble):
            # It looks from time to time whether the trouble is over, and says so.
            self._keeper.wake()


def _to_document(tokens: Tokens) -> Document:
    return {
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "expires_at": tokens.expires_at.isoformat(),
        "refreshed_at": tokens.refreshed_at.isoformat(),
    }


def _to_tokens(document: Document) -> Tokens:
    try:
        return Tokens(
            access_token=document["access_token"],
            refresh_token=document["refresh_token"],
            expires_at=datetime.fromisoformat(document["expires_at"]),
            refreshed_at=datetime.fromisoformat(document["refreshed_at"]),
        )
    except (KeyError, TypeError, ValueError):
        raise TokensUnreadableError("What lies in Vault for a host is not what the connector keeps there") from None
