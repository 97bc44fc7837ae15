"""Looks at a connection because somebody wants to know now: asks Zoom who we are, and looks after every meeting."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from shared import logs
from shared.clock import Clock
from shared.database import Database
from zoom_connector.connections.access import Access
from zoom_connector.reconcile.port import BusyError, NotConnectedError
from zoom_connector.refusals import Refused
from zoom_connector.storage import connections
from zoom_connector.tokens import TokenStoreUnavailableError
from zoom_connector.zoom.account import Person
from zoom_connector.zoom.errors import (
    ClientInvalidError,
    LimitedError,
    ScopesMissingError,
    TokenRejectedError,
    ZoomError,
)

log = logs.get(__name__)

BUDGET_SECONDS = 8.0
READ_SECONDS = 4.0
"""Somebody sits before a browser and waits for it, and the gateway waits ten seconds at most."""

NO_ANSWER = "Zoom does not answer as it should."
TROUBLES: dict[type[Exception], str] = {
    LimitedError: "Zoom takes only so many calls, and no more just now.",
    TokenRejectedError: "Zoom does not take a freshly renewed token.",
    ScopesMissingError: "Zoom does not allow us to read whose account it is (user:read:user).",
    ClientInvalidError: "Zoom does not know this installation's credentials. Its operator has to correct them.",
    TokenStoreUnavailableError: "The store of Zoom tokens can't be used just now.",
}
"""What went wrong, in words for the host."""

LookAfter = Callable[[Connection, str, datetime], object]
"""Makes a host's meetings to come due to be compared with Zoom's."""


@dataclass(frozen=True)
class Checking:
    """Checks one connection at a time, in the request that asks for it."""

    database: Database
    access: Access
    look_after: LookAfter
    clock: Clock

    def check(self, host_id: str) -> None:
        """Find out how the connection is, keep that, and have the meetings looked after. Raises `Refused`."""
        self._require(host_id)
        person, trouble = self._ask(host_id)
        now = self.clock()
        with self.database.write() as tx:
            if person is not None:
                connections.renamed(tx, host_id, user_id=person.user_id, email=person.email)
                connections.succeeded(tx, host_id, now)
                connections.unpark_outage(tx, host_id)
            elif trouble is not None:
                connections.failed(tx, host_id, now, trouble)
            self.look_after(tx, host_id, now)
        log.info("connection_checked", host_id=host_id, good=trouble is None)

    def _require(self, host_id: str) -> None:
        with self.database.read() as tx:
            row = connections.get(tx, host_id)
        if row is None or row.status == connections.DISCONNECTED:
            raise Refused("conflict", "not_connected", "Zoom is not connected.")

    def _ask(self, host_id: str) -> tuple[Person | None, str | None]:
        """Give who we are, or what is wrong in a sentence for the host."""
        try:
            return self._opened(host_id), None
        except NotConnectedError as error:
            return None, error.reason
        except BusyError:
            # Somebody else is renewing the tokens, and will have the answer.
            return None, None
        except (ZoomError, TokenStoreUnavailableError) as error:
            return None, next((words for kind, words in TROUBLES.items() if isinstance(error, kind)), NO_ANSWER)

    def _opened(self, host_id: str) -> Person:
        quick = replace(self.access, budget_seconds=BUDGET_SECONDS, read_seconds=READ_SECONDS)
        return quick(host_id).me()
