"""Removes a connection without a trace: the tokens first, then everything else that Zoom told us about the host."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from shared import logs, outbox
from shared.clock import Clock
from shared.database import Database
from shared.events import ZoomDisconnected
from zoom_connector.connections.access import SOURCE
from zoom_connector.connections.revoking import Revoking
from zoom_connector.connections.sharing import leftovers
from zoom_connector.refusals import Refused
from zoom_connector.storage import connections, consents, meetings, privacy, removals, token_locks
from zoom_connector.storage.token_locks import TokenLock
from zoom_connector.tokens import TokenStore, TokenStoreUnavailableError
from zoom_connector.zoom.oauth import OAuth
from zoom_connector.zoom.transport import Budget

log = logs.get(__name__)

TOKENS = ("access token", "refresh token")
OTHERS = ("Zoom user id", "Zoom account id", "account e-mail", "granted permissions")
UNDER_WAY = ("refresh lock", "connections under way")
REVOKE_SECONDS = 6.0
READ_SECONDS = 3.0
"""With the wait for the lock it stays below the ten seconds that the gateway waits."""
LOCK_LASTS = timedelta(seconds=30)
LOCK_PATIENCE_SECONDS = 1.0
SURELY_OVER = timedelta(minutes=5)
"""After the end of a state, for a browser that came back in its last second."""


@dataclass(frozen=True)
class Removal:
    """Removes connections, for whatever cause."""

    database: Database
    tokens: TokenStore
    oauth: OAuth
    clock: Clock

    def disconnect(self, host_id: str) -> Row[Any]:
        """Revoke and erase; give the receipt. Zoom's silence delays the erasing by seconds only. Raises `Refused`."""
        return self._ended_by_us(host_id, announce=True)

    def leave(self, host_id: str) -> None:
        """Revoke and erase because the host has left us; nobody is there to be told. Raises `Refused`."""
        self._ended_by_us(host_id, announce=False)

    def forget(self, host_id: str) -> None:
        """Delete every other row about a host who has left, the meetings' with their clients' names among them."""
        with self.database.write() as tx:
            removals.forget_host(tx, host_id)
        privacy.scrub(self.database)
        log.info("host_forgotten", host_id=host_id)

    def deauthorized(self, host_id: str, *, confirmation: Mapping[str, Any] | None) -> None:
        """Erase because the host removed the app in Zoom; a `confirmation` is posted later, as work of its own."""
        with self._kept_still(host_id) as (row, lock):
            self._erase(row, lock, cause="deauthorized", revoked=True, confirmation=confirmation)

    def sweep(self) -> int:
        """Destroy tokens of hosts whose connecting was cut off between the store and the database; give how many."""
        now = self.clock()
        with self.database.read() as tx:
            hosts = consents.abandoned(tx, before=now - SURELY_OVER)
            locks = token_locks.something_stale(tx, now - SURELY_OVER)
        if locks:
            with self.database.write() as tx:
                token_locks.forget_stale(tx, now - SURELY_OVER)
        return sum(self._sweep(host_id, now) for host_id in hosts)

    def _sweep(self, host_id: str, now: datetime) -> bool:
        lock = TokenLock(self.database, host_id)
        if not lock.take(now, LOCK_LASTS):
            return False
        try:
            with self.database.read() as tx:
                used = connections.in_use(tx, host_id)
            if not used:
                self.tokens.destroy(host_id)
            with self.database.write() as tx:
                consents.forget(tx, host_id, before=now - SURELY_OVER)
        finally:
            lock.release()
        return True

    def _ended_by_us(self, host_id: str, *, announce: bool) -> Row[Any]:
        try:
            with self._kept_still(host_id) as (row, lock):
                revoked = self._revoke(row)
                return self._erase(
                    row, lock, cause="disconnected", revoked=revoked, confirmation=None, announce=announce
                )
        except TokenStoreUnavailableError as error:
            log.warning("token_store_unavailable", host_id=host_id)
            raise Refused(
                "unavailable", "token_store_unavailable", "The tokens can't be erased just now. Please try again soon."
            ) from error

    @contextmanager
    def _kept_still(self, host_id: str) -> Iterator[tuple[Row[Any], TokenLock]]:
        """Keep renewals away. Not waited for long: a removal must not depend on a renewal that hangs."""
        row = self._row(host_id)
        lock = TokenLock(self.database, connections.place_of(row))
        if not lock.wait(self.clock, LOCK_LASTS, patience=LOCK_PATIENCE_SECONDS):
            lock.take(self.clock(), LOCK_LASTS, by_force=True)
        try:
            again = self._row(host_id)
            if connections.place_of(again) != connections.place_of(row):
                raise _changed()
            yield again, lock
        finally:
            lock.release()

    def _row(self, host_id: str) -> Row[Any]:
        with self.database.read() as tx:
            row = connections.get(tx, host_id)
        if row is None or row.status == connections.DISCONNECTED:
            raise Refused("conflict", "not_connected", "Zoom is not connected.")
        return row

    def _revoke(self, row: Row[Any]) -> bool:
        """Ask Zoom to end the consent; say whether it is ended. Not while another host stands on it, too."""
        with self.database.read() as tx:
            shared = connections.others_of_user(tx, row)
        if shared:
            return False
        try:
            stored = self.tokens.read(connections.place_of(row))
        except TokenStoreUnavailableError:
            # What can't be read can't be revoked, but it may still be possible to erase it.
            log.warning("token_store_unavailable", host_id=row.id)
            return False
        if stored is None:
            return False
        budget = Budget(REVOKE_SECONDS, read_seconds=READ_SECONDS)
        return Revoking(self.oauth, self.clock, stored.tokens, budget).end(row.id)

    def _erase(
        self,
        row: Row[Any],
        lock: TokenLock,
        *,
        cause: str,
        revoked: bool,
        confirmation: Mapping[str, Any] | None,
        announce: bool = True,
    ) -> Row[Any]:
        host_id, place = row.id, connections.place_of(row)
        with self.database.read() as tx:
            shared = connections.in_use(tx, place, but=host_id)
            unused = [each for each in sorted(leftovers(row)) if not connections.in_use(tx, each, but=host_id)]
        for each in unused:
            self.tokens.destroy(each)
        now = self.clock()
        with self.database.write() as tx:
            if not lock.held(tx):
                # Somebody has connected anew over our head: theirs is the later word.
                raise _changed()
            connections.erase(tx, host_id)
            receipt = removals.add_receipt(
                tx,
                host_id=host_id,
                at=now,
                cause=cause,
                erased=erased(tokens=not shared),
                revoked=revoked,
                confirmation=confirmation,
            )
            meetings.wake_host(tx, now, host_id)
            if announce:
                outbox.add(tx, ZoomDisconnected(host_id=host_id, cause=cause), source=SOURCE, now=now)
        privacy.scrub(self.database)
        log.info("zoom_disconnected", host_id=host_id, cause=cause, revoked=revoked)
        return receipt


def erased(*, tokens: bool, consents: bool = True) -> list[str]:
    """Name what is erased; tokens are not while another host has connected the same Zoom user and uses them."""
    return [
        *(TOKENS if tokens else ()),
        *OTHERS,
        *(UNDER_WAY if consents else ()),
    ]


def _changed() -> Refused:
    return Refused("conflict", "connection_changed", "The connection was just changed. Please look again.")
