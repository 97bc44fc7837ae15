"""Whether a connection stands: asked with its tokens as they are, when an event does not tell which consent ended."""

from dataclasses import dataclass

from shared import logs
from shared.clock import Clock
from shared.database import Database
from zoom_connector.storage import connections
from zoom_connector.tokens import TokenStore, TokenStoreUnavailableError
from zoom_connector.zoom.account import ZoomAccount
from zoom_connector.zoom.errors import ZoomError
from zoom_connector.zoom.transport import Budget, Transport

log = logs.get(__name__)

SECONDS = 5.0


@dataclass(frozen=True)
class Standing:
    """Asks Zoom. Silence is no yes: an erasing must not depend on a Zoom that is down."""

    database: Database
    tokens: TokenStore
    transport: Transport
    api_url: str
    clock: Clock

    def __call__(self, host_id: str) -> bool:
        """Say whether Zoom takes the host's access token just now. Nothing is renewed for it."""
        with self.database.read() as tx:
            row = connections.get(tx, host_id)
        if row is None or row.status != connections.CONNECTED:
            return False
        try:
            stored = self.tokens.read(connections.place_of(row))
            if stored is None:
                return False
            token = stored.tokens.access_token
            budget = Budget(SECONDS, read_seconds=SECONDS)
            ZoomAccount(self.transport, self.api_url, lambda _rejected: token, self.clock, budget).me()
        except (ZoomError, TokenStoreUnavailableError) as error:
            log.info("connection_does_not_stand", host_id=host_id, error=type(error).__name__)
            return False
        return True
