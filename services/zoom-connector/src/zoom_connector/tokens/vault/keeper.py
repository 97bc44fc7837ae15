"""What goes on beside the calls: the token is renewed, and tokens that Vault could not take are offered again."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from shared import logs
from zoom_connector.tokens import TokenConflictError
from zoom_connector.tokens.vault.places import Document, Places
from zoom_connector.tokens.vault.session import Session
from zoom_connector.tokens.vault.troubles import VaultTrouble

log = logs.get(__name__)

OFFERED_EVERY = 0.25
"""Seconds. Soon after Vault is back, before another process has tried its luck with the tokens that these replace."""
LOOKED_AFTER = 5.0
LONGEST_REST = 60.0


class Presence:
    """Says when Vault can't be used, and when it can again: one line for each change."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._said: str | None = None

    def lost(self, trouble: VaultTrouble) -> bool:
        """Note why it can't be used; say whether that is news."""
        kind = type(trouble).__name__
        with self._lock:
            if self._said == kind:
                return False
            self._said = kind
        log.error("vault_unusable", trouble=kind, reason=str(trouble))
        return True

    def found(self) -> None:
        """Note that it can."""
        with self._lock:
            if self._said != "":
                self._said = ""
                log.info("vault_usable")

    @property
    def is_lost(self) -> bool:
        """Say whether trouble was said last."""
        return bool(self._said)


@dataclass(frozen=True)
class _Offer:
    document: Document = field(repr=False)
    over: int


class Unsaved:
    """New tokens that Vault could not take, over those that Zoom has ended by giving them: they exist nowhere else."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._lock = threading.Lock()
        self._offers: dict[str, _Offer] = {}

    def __len__(self) -> int:
        return len(self._offers)

    def keep(self, host_id: str, document: Document, *, over: int) -> None:
        """Hold them until Vault takes them."""
        with self._lock:
            known = host_id in self._offers
            self._offers[host_id] = _Offer(document, over)
        if not known:
            log.warning("tokens_unsaved", host_id=host_id)

    def drop(self, host_id: str) -> None:
        """Forget them: there are newer ones, or there are to be none."""
        self._offers.pop(host_id, None)

    def offer(self, host_id: str) -> None:
        """Write them if there are any. Raises `VaultTrouble`. Two threads may do it: one writes, one finds it done."""
        offer = self._offers.get(host_id)
        if offer is None:
            return
        if self._still_wanted(host_id, offer) and self._written(host_id, offer):
            log.info("tokens_saved", host_id=host_id)
        else:
            # Somebody has connected anew or has disconnected since.
            log.info("tokens_outdated", host_id=host_id)
        with self._lock:
            if self._offers.get(host_id) is offer:
                del self._offers[host_id]

    def _still_wanted(self, host_id: str, offer: _Offer) -> bool:
        """Look first: versions begin anew after a disconnect, so that the one to write over may be another's."""
        found = self._places.look(host_id)
        return found is not None and found.document is not None and not _is_newer(found.document, offer.document)

    def _written(self, host_id: str, offer: _Offer) -> bool:
        try:
            self._places.put(host_id, offer.document, over=offer.over)
        except TokenConflictError:
            return False
        return True

    def offer_all(self) -> None:
        """Write what there is. Raises the first `VaultTrouble`."""
        for host_id in list(self._offers):
            self.offer(host_id)


def _is_newer(found: Document, offered: Document) -> bool:
    return datetime.fromisoformat(found["refreshed_at"]) > datetime.fromisoformat(offered["refreshed_at"])


class Keeper:
    """A thread that ends with `stop`, or with the process."""

    def __init__(self, session: Session, unsaved: Unsaved, presence: Presence, check: Callable[[], None]) -> None:
        self._session = session
        self._unsaved = unsaved
        self._presence = presence
        self._check = check
        self._stopped = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="vault", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look now whether there is something to do."""
        self._wake.set()

    def stop(self) -> None:
        """End it; what is unsaved is offered a last time, and the token given back."""
        if self._stopped:
            return
        self._stopped = True
        self._wake.set()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout=1)
        try:
            self._unsaved.offer_all()
        except VaultTrouble:
            log.error("tokens_lost", count=len(self._unsaved))
        self._session.close()

    def _run(self) -> None:
        # The first look is at the start, so that what is set up wrongly is said before it is felt.
        rest, first = 0.0, True
        while True:
            self._wake.wait(rest)
            self._wake.clear()
            if self._stopped:
                return
            rest, first = self._step(first=first), False

    def _step(self, *, first: bool) -> float:
        """Do what is due; give how many seconds nothing will be."""
        try:
            due = self._session.keep()
            self._unsaved.offer_all()
            if first or self._presence.is_lost:
                self._check()
                self._presence.found()
        except VaultTrouble as trouble:
            self._presence.lost(trouble)
            due = LOOKED_AFTER
        except Exception as error:  # noqa: BLE001 - without this thread the token would end
            log.error("vault_keeper_failed", error=logs.where(error))
            due = LOOKED_AFTER
        if self._unsaved:
            return OFFERED_EVERY
        return min(due, LONGEST_REST)
