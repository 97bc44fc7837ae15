"""Takes a webhook at the door: checks it, answers Zoom's question, or stores it. No work is done here."""

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from shared import logs
from shared.clock import Clock
from shared.database import Database
from zoom_connector.refusals import Refused
from zoom_connector.storage import removals
from zoom_connector.webhooks import contents
from zoom_connector.webhooks.signature import encrypted, genuine

log = logs.get(__name__)

REMEMBERED = timedelta(days=7)
"""Zoom sends an event again for an hour and a half; this is far beyond."""


@dataclass(frozen=True)
class Receiving:
    """The door for Zoom's events."""

    database: Database
    secret: str = field(repr=False)
    clock: Clock

    def receive(self, body: bytes, *, timestamp: str | None, signature: str | None) -> dict[str, Any] | None:
        """Store a genuine event, once; give what Zoom wants as an answer, if anything.

        Raises `Refused` when it is not genuine or no event, and then stores nothing.
        """
        now = self.clock()
        if not genuine(self.secret, timestamp=timestamp, signature=signature, body=body, now=now):
            raise Refused("unauthorized", "bad_signature", "This is not signed by Zoom, or too long ago.")
        notice = contents.read(body)
        if notice is None:
            raise Refused("invalid", "not_an_event", "This is not an event of Zoom's.")
        if notice.event == contents.VALIDATION:
            return self._validated(notice)
        with self.database.write() as tx:
            new = removals.add_webhook(
                tx,
                body_hash=hashlib.sha256(body).hexdigest(),
                event=notice.event,
                document=contents.kept(notice),
                due=notice.event in contents.ACTED_ON,
                now=now,
            )
        log.info("webhook_stored", zoom_event=notice.event, new=new)
        return None

    def forget(self) -> int:
        """Delete events that can't come again; give how many."""
        before = self.clock() - REMEMBERED
        with self.database.read() as tx:
            if not removals.old_webhooks(tx, before):
                return 0
        with self.database.write() as tx:
            return removals.forget_webhooks(tx, before)

    def _validated(self, notice: contents.Notice) -> dict[str, Any]:
        plain = notice.payload.get("plainToken")
        if not isinstance(plain, str) or not plain:
            raise Refused("invalid", "not_an_event", "A validation needs its plainToken.")
        return {"plainToken": plain, "encryptedToken": encrypted(self.secret, plain)}
