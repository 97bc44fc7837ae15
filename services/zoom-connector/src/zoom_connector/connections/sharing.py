"""Puts a fresh consent in the place of what was there, for all hosts who connected the same Zoom user.

Zoom keeps one consent for each user: a newer one ends the tokens of an earlier, whichever host it was for. So hosts who
connected the same user share one place of tokens, and whoever of them consents anew renews it for all.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from shared import logs, outbox
from shared.clock import Clock
from shared.database import Database
from shared.events import ZoomConnected
from zoom_connector.connections.access import GRANT_ENDED, IDLE, SOURCE
from zoom_connector.storage import connections, meetings
from zoom_connector.storage.token_locks import TokenLock
from zoom_connector.tokens import (
    TokenConflictError,
    Tokens,
    TokenStore,
    TokenStoreUnavailableError,
    TokensUnreadableError,
)
from zoom_connector.zoom.account import Person

log = logs.get(__name__)

LOCK_LASTS = timedelta(seconds=30)
TURN_SECONDS = 3.0
STORE_TRIES = 5


class OvertakenError(Exception):
    """Somebody else has changed the connection in the meantime: theirs is the later word."""


@dataclass(frozen=True)
class Consent:
    """What a host came back from Zoom with: whose it is, since when, and whether Zoom still takes it."""

    host_id: str
    person: Person
    tokens: Tokens = field(repr=False)
    scopes: frozenset[str]
    began: datetime
    alive: Callable[[], bool]


@dataclass(frozen=True)
class _Scene:
    """Whom a consent is about, as the database has it: the host, and others connected with the same Zoom user."""

    before: Row[Any] | None
    others: Sequence[Row[Any]]
    connected: frozenset[str]
    """The hosts who are connected with this user just now: by an earlier consent, or by a later one than ours."""


@dataclass(frozen=True)
class Sharing:
    """Keeps consents, one at a time for each host and each Zoom user."""

    database: Database
    tokens: TokenStore
    clock: Clock

    def keep(self, consent: Consent) -> Row[Any] | None:
        """Make the connection; give the host's row as it was. Raises `OvertakenError` or `TokenStoreUnavailableError`.

        When this host has connected the same user anew meanwhile, nothing is left to do.
        """
        host_id = consent.host_id
        with self._turn(f"consent of host {host_id}"), self._turn(f"consent of user {shared_place(consent.person)}"):
            scene = self._scene(consent)
            if scene.connected and not consent.alive():
                if host_id in scene.connected:
                    return None
                raise OvertakenError
            self._replace(consent, scene)
        return scene.before

    def _replace(self, consent: Consent, scene: _Scene) -> None:
        place = shared_place(consent.person) if scene.others else consent.host_id
        old = {connections.place_of(row) for row in (scene.before, *scene.others) if row is not None}
        with self._locks({place, consent.host_id, *old}) as locks:
            self._write(place, consent.tokens)
            with self.database.write() as tx:
                kept = all(lock.held(tx) for lock in locks)
                if kept:
                    self._connect(tx, consent, place, scene.others)
            if not kept:
                self._take_back(consent.host_id, place)
                raise OvertakenError
        self.clear(old | leftovers(scene.before))

    def _scene(self, consent: Consent) -> _Scene:
        with self.database.read() as tx:
            before = connections.get(tx, consent.host_id)
            same = connections.of_zoom_user(tx, consent.person.user_id, consent.person.account_id)
        connected = frozenset(row.id for row in same if row.status == connections.CONNECTED)
        others = [
            row
            for row in same
            if row.id != consent.host_id and (row.id in connected or _ended_by_this(row, consent.began))
        ]
        return _Scene(before, others, connected)

    def _connect(self, tx: Connection, consent: Consent, place: str, others: Sequence[Row[Any]]) -> None:
        host_id, now = consent.host_id, self.clock()
        connections.connected(
            tx,
            host_id,
            user_id=consent.person.user_id,
            account_id=consent.person.account_id,
            email=consent.person.email,
            scopes=consent.scopes,
            now=now,
            refresh_at=now + IDLE,
            place=None if place == host_id else place,
        )
        for other in others:
            connections.moved(tx, other.id, place=place, scopes=consent.scopes, now=now, refresh_at=now + IDLE)
        revived = [other.id for other in others if other.status != connections.CONNECTED]
        for each in (host_id, *revived):
            meetings.wake_host(tx, now, each)
            outbox.add(tx, ZoomConnected(host_id=each), source=SOURCE, now=now)

    def _write(self, place: str, tokens: Tokens) -> None:
        """Put the new tokens in the place of whatever is there: Zoom has ended the old ones."""
        for _ in range(STORE_TRIES):
            try:
                self.tokens.write(place, tokens, expected=self._version(place))
            except TokenConflictError:
                continue
            return
        raise TokenStoreUnavailableError("others write all the time")

    def _version(self, place: str) -> int:
        try:
            stored = self.tokens.read(place)
        except TokensUnreadableError:
            # Sealed with a key that is lost: of no use to anybody, and in the way of the new ones.
            self.tokens.destroy(place)
            return 0
        return stored.version if stored else 0

    def _take_back(self, host_id: str, place: str) -> None:
        """Erase what was just written, if the connection was removed over our head."""
        with self.database.read() as tx:
            wanted = connections.in_use(tx, place)
        if not wanted:
            log.warning("tokens_taken_back", host_id=host_id)
            self.tokens.destroy(place)

    def clear(self, places: set[str]) -> None:
        """Erase what lies at places that nobody uses any more."""
        with self.database.read() as tx:
            unused = [place for place in sorted(places) if not connections.in_use(tx, place)]
        for place in unused:
            try:
                self.tokens.destroy(place)
            except TokenStoreUnavailableError:
                # Tokens that Zoom has ended, and erased with the connection at the latest.
                log.warning("old_tokens_left")

    @contextmanager
    def _turn(self, what: str) -> Iterator[None]:
        """Wait for others who are at the same; they hold it for moments, or were killed."""
        lock = TokenLock(self.database, hashlib.sha256(what.encode()).hexdigest())
        if not lock.wait(self.clock, LOCK_LASTS, patience=TURN_SECONDS):
            raise OvertakenError
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def _locks(self, places: set[str]) -> Iterator[list[TokenLock]]:
        """Keep renewals away. By force: the consent has ended what they renew, and they notice at their write."""
        locks = [TokenLock(self.database, place) for place in sorted(places)]
        with ExitStack() as stack:
            for lock in locks:
                lock.take(self.clock(), LOCK_LASTS, by_force=True)
                stack.callback(lock.release)
            yield locks


def shared_place(person: Person) -> str:
    """Name the place for hosts who share a Zoom user. It does not say who that is."""
    return "zoom-" + hashlib.sha256(f"{person.account_id}/{person.user_id}".encode()).hexdigest()[:40]


def leftovers(row: Row[Any] | None) -> set[str]:
    """Name every place where tokens of this connection may lie, also after somebody was killed half-way."""
    if row is None:
        return set()
    places = {row.id, connections.place_of(row)}
    if row.zoom_user_id is not None:
        places.add(shared_place(Person(row.zoom_user_id, row.zoom_account_id, "")))
    return places


def _ended_by_this(row: Row[Any], began: datetime) -> bool:
    """Say whether a worker found the row's tokens ended since this consent began: by it, not by the host."""
    ended = row.status == connections.NEEDS_RECONNECT and row.reason == GRANT_ENDED
    return ended and row.last_failure_at is not None and row.last_failure_at >= began
