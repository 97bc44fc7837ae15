"""The host at work in Zoom itself, and what Zoom tells of it: late, twice, in any order or not at all."""

import random
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from shared.clock import Clock
from shared.database import Database
from support.simulation.parts import Killed, SimulatedZoom
from zoom_connector.reconcile import Looking
from zoom_connector.storage import hosts, seats
from zoom_connector.storage.tables import CONNECTIONS, MEETINGS
from zoom_connector.webhooks import changes


@dataclass
class HostInZoom:
    """Acts on the meetings that the connector knows. `touched` are the keys of those where nobody else has the say."""

    database: Database
    zoom: SimulatedZoom
    clock: Clock
    chance: random.Random
    host_id: str
    touched: set[str] = field(default_factory=set)
    tells: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.looking = Looking(self.database, self.zoom, self.clock, self.chance, pause=lambda _seconds: None)

    def move(self, which: int, start: datetime) -> None:
        """Move a meeting in Zoom's portal."""
        for key, meeting_id in self._one(which):
            self.touched.add(key)
            self.zoom.move_as_host(meeting_id, start)
            self._tell("meeting.updated", {"id": meeting_id, "start_time": start.strftime("%Y-%m-%dT%H:%M:%SZ")})

    def delete(self, which: int) -> None:
        """Delete a meeting in Zoom's portal."""
        for key, meeting_id in self._one(which):
            self.touched.add(key)
            self.zoom.delete_as_host(meeting_id)
            self._tell("meeting.deleted", {"id": str(meeting_id)})

    def hear(self, index: int, *, again: bool) -> None:
        """Take in one webhook, not necessarily the oldest; `again` leaves it to come another time."""
        if not self.tells:
            return
        event, said = self.tells[index % len(self.tells)]
        if not again:
            self.tells.pop(index % len(self.tells))
        with suppress(changes.InHandError), self.database.write() as tx:
            changes.hear(tx, event, said, self.clock())

    def retry(self, booking_id: str) -> None:
        """Press the button that puts it back."""
        with self.database.write() as tx:
            seats.retry(tx, self.clock(), host_id=self.host_id, booking_id=booking_id)

    def accept(self, booking_id: str) -> None:
        """Press the button that lets a deletion stand."""
        with self.database.write() as tx:
            seats.accept(tx, self.clock(), host_id=self.host_id, booking_id=booking_id)

    def grant(self, scopes: frozenset[str]) -> None:
        """Connect with these permissions; none named means all."""
        with self.database.write() as tx:
            tx.execute(update(CONNECTIONS).values(scopes=" ".join(sorted(scopes))))

    def look(self) -> None:
        """Let the connector look after all of it, as it does at night."""
        with self.database.write() as tx:
            hosts.order_look(tx, self.host_id, self.clock())
        with suppress(Killed):
            self.looking.step()

    def _one(self, which: int) -> list[tuple[str, int]]:
        with self.database.read() as tx:
            rows = tx.execute(
                select(MEETINGS.c.id, MEETINGS.c.zoom_id)
                .where(MEETINGS.c.zoom_id.is_not(None), MEETINGS.c.live, MEETINGS.c.intent_at.is_(None))
                .order_by(MEETINGS.c.id)
            ).all()
        there = [(row.id, row.zoom_id) for row in rows if row.zoom_id in self.zoom.meetings]
        return [there[which % len(there)]] if there else []

    def _tell(self, event: str, said: dict[str, Any]) -> None:
        stamp = (self.zoom.clock() + timedelta(milliseconds=1)).timestamp() * 1000
        self.tells.append((event, said | {"event_ts": stamp}))
