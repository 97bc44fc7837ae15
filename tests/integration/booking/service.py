"""The booking service as the gateway sees it: real sockets, a real database, a clock that tests can turn."""

import random
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from booking import bootstrap
from booking.handlers import HANDLERS
from booking.settings import Settings
from booking.worker import Worker
from shared import signing
from shared.database import Database
from shared.events import Event
from shared.events.envelope import Received, unwrap
from shared.outbox import OUTBOX

KEY = "service-key-of-the-tests-0123456789abcdef"
PUBLIC_URL = "https://book.example.com"
SUNDAY = datetime(2026, 12, 6, 12, 0, tzinfo=UTC)
MONDAY = "2026-12-07"
CLIENT = {"name": "Ada Lovelace", "email": "ada@example.com", "timezone": "Europe/London"}
Json = dict[str, Any]


@dataclass
class Clock:
    """A clock that stands still until it is turned."""

    now: datetime = SUNDAY

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Service:
    """One running booking service."""

    url: str
    database: Database
    clock: Clock
    data: Path
    session: requests.Session = field(default_factory=requests.Session)

    def call(self, method: str, path: str, *, host: str | None = None, **options: Any) -> requests.Response:
        subject = host or signing.ANONYMOUS
        token = signing.sign(KEY, audience="booking", subject=subject, now=self.clock())
        headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
        return self.session.request(method, self.url + path, headers=headers, timeout=30, **options)

    def get(self, path: str, **options: Any) -> Any:
        answer = self.call("GET", path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def sign_up(self, handle: str | None = None, **more: str) -> Json:
        handle = handle or f"host-{secrets.token_hex(6)}"
        wanted = {"name": "Grace", "email": f"{handle}@example.com", "handle": handle, "timezone": "Europe/Berlin"}
        answer = self.call("PUT", f"/hosts/{secrets.token_hex(16)}", json=wanted | more)
        assert answer.status_code == 201, answer.text
        found: Json = answer.json()
        return found

    def offer(self, host: Json, **values: Any) -> Json:
        wanted = {"slug": f"type-{secrets.token_hex(4)}", "title": "Lesson", "duration": 60, **values}
        answer = self.call("POST", "/me/session-types", host=host["id"], json=wanted)
        assert answer.status_code == 201, answer.text
        found: Json = answer.json()
        return found

    def slots(
        self, host: Json, slug: str = "intro", first: str = MONDAY, last: str = MONDAY, **more: str
    ) -> list[Json]:
        query = {"from": first, "to": last, **more}
        found: list[Json] = self.get(f"/hosts/{host['handle']}/session-types/{slug}/slots", params=query)["slots"]
        return found

    def try_to_book(self, host: Json, start: str, slug: str = "intro", **more: Any) -> requests.Response:
        headers = more.pop("headers", {})
        wanted = {"start": start, "client": CLIENT, "notes": "", "answers": {}} | more
        path = f"/hosts/{host['handle']}/session-types/{slug}/bookings"
        return self.call("POST", path, json=wanted, headers=headers)

    def book(self, host: Json, start: str, slug: str = "intro", **more: Any) -> Json:
        answer = self.try_to_book(host, start, slug, **more)
        assert answer.status_code == 201, answer.text
        found: Json = answer.json()
        return found

    def change(self, booking: Json, what: str, **body: Any) -> requests.Response:
        return self.call("POST", f"/bookings/{booking['reference']}/{what}", json=body)

    def outbox(self, about: str = "booking.") -> list[Received]:
        """Give what waits to be sent of events whose type begins like this."""
        query = OUTBOX.select().where(OUTBOX.c.type.startswith(about)).order_by(OUTBOX.c.seq)
        with self.database.read() as tx:
            return [unwrap(row.body) for row in tx.execute(query)]

    def hear(self, event: Event) -> None:
        with self.database.write() as tx:
            HANDLERS[type(event)](event, tx, self.clock())

    def timeline(self, host: Json, booking: Json) -> list[Json]:
        found: list[Json] = self.get(f"/me/bookings/{booking['id']}", host=host["id"])["timeline"]
        return found

    def settings(self) -> Settings:
        return Settings(database_url=self.database.url, public_url=PUBLIC_URL, service_key=KEY, data=self.data)

    def worker(self) -> Worker:
        return bootstrap.worker(self.settings(), clock=self.clock, chance=random.Random(1))
