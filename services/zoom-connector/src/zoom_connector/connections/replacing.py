"""Gives back the Zoom account that a host had connected before another one: its consent ended, a receipt kept."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from shared.clock import Clock
from shared.database import Database
from zoom_connector.connections import removal
from zoom_connector.connections.revoking import Revoking
from zoom_connector.storage import connections, privacy, removals
from zoom_connector.tokens import Tokens, TokenStore, TokensUnreadableError
from zoom_connector.zoom.oauth import OAuth
from zoom_connector.zoom.transport import Budget


@dataclass(frozen=True)
class Former:
    """The connection with another Zoom user that a new one takes the place of."""

    row: Row[Any]
    tokens: Tokens | None = field(repr=False)


@dataclass(frozen=True)
class Replacing:
    """Looks before a connection is replaced, and clears up after it."""

    database: Database
    tokens: TokenStore
    oauth: OAuth
    clock: Clock

    def former(self, host_id: str, user_id: str) -> Former | None:
        """Read the connection that is about to be replaced, if it is another Zoom user's."""
        with self.database.read() as tx:
            row = connections.get(tx, host_id)
        if row is None or row.zoom_user_id in {None, user_id}:
            return None
        try:
            stored = self.tokens.read(connections.place_of(row))
        except TokensUnreadableError:
            return Former(row, None)
        return Former(row, stored.tokens if stored else None)

    def end(self, former: Former, budget: Budget) -> None:
        """End its consent, unless another host stands on it, too, and keep a receipt of what was erased."""
        with self.database.read() as tx:
            shared = connections.others_of_user(tx, former.row)
        revoked = False
        if former.tokens is not None and not shared:
            revoked = Revoking(self.oauth, self.clock, former.tokens, budget).end(former.row.id)
        with self.database.write() as tx:
            removals.add_receipt(
                tx,
                host_id=former.row.id,
                at=self.clock(),
                cause="disconnected",
                erased=removal.erased(tokens=not shared, consents=False),
                revoked=revoked,
                confirmation=None,
            )
        privacy.scrub(self.database)
