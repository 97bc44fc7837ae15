"""A connector with its real database, tokens and parts, before a real sandbox. Both live by one clock."""

import atexit
import hashlib
import hmac
import json
import random
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from sqlalchemy import select

from sandbox import bootstrap as sandbox_bootstrap
from sandbox.settings import Settings as SandboxSettings
from shared import inbox, migrations
from shared.events import (
    BookingCanceled,
    BookingCreated,
    BookingFacts,
    BookingRescheduled,
    ClientFacts,
    Event,
    HostFacts,
    LocationFacts,
    SessionTypeFacts,
)
from shared.events.envelope import unwrap, wrap
from shared.outbox import OUTBOX
from zoom_connector import bootstrap, settings
from zoom_connector.reconcile import Crash, Reconcile, no_crash
from zoom_connector.storage.tables import CONNECTIONS, MEETINGS, SEATS, WEBHOOKS

PUBLIC_URL = "http://127.0.0.1:9"
CLIENT_ID, CLIENT_SECRET, WEBHOOK_SECRET = "sandbox-client", "sandbox-secret", "sandbox-webhook-secret"
CREATE, LIST, CHANGE = "POST /v2/users/me/meetings", "GET /v2/users/me/meetings", "PATCH /v2/meetings/{id}"
DELETE, TOKEN = "DELETE /v2/meetings/{id}", "POST /oauth/token"
READ_SECONDS = 1.0
"""How long a test waits for an answer that does not come; a real connector waits ten seconds."""
ZOOM = LocationFacts(kind="video", provider="zoom")


@dataclass
class Clock:
    """The machine's clock, turned ahead by so much."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def turn(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


@dataclass
class Zoom:
    """The sandbox, as a test sees it."""

    url: str

    def fault(self, fault: str, **more: Any) -> None:
        self._done(requests.post(f"{self.url}/sandbox/faults", json={"fault": fault, **more}, timeout=5))

    def mend(self) -> None:
        self._done(requests.delete(f"{self.url}/sandbox/faults", timeout=5))

    def meetings(self) -> list[dict[str, Any]]:
        return self._items("meetings")

    def calls(self, operation: str) -> int:
        """Count the calls of one kind, those that failed included."""
        return sum(call["operation"] == operation for call in self._items("requests"))

    def compliance(self) -> list[dict[str, Any]]:
        return self._items("compliance")

    def users(self) -> list[dict[str, Any]]:
        return self._items("users")

    def webhooks(self) -> list[dict[str, Any]]:
        return self._items("webhooks")

    def move(self, meeting_id: int, start: datetime) -> None:
        """Move a meeting as its host does in Zoom's own portal."""
        self.change(meeting_id, start=start.isoformat())

    def delete(self, meeting_id: int) -> None:
        """Delete a meeting as its host does in Zoom's own portal."""
        self.act(meeting_id, "delete")

    def change(self, meeting_id: int, **change: Any) -> None:
        """Change a meeting as its host does in Zoom's own portal."""
        self._done(requests.patch(f"{self.url}/sandbox/meetings/{meeting_id}", json=change, timeout=5))

    def act(self, meeting_id: int, deed: str) -> None:
        """Do something else to a meeting as its host: recover, start, end."""
        self._done(requests.post(f"{self.url}/sandbox/meetings/{meeting_id}/{deed}", timeout=5))

    def sent(self, operation: str) -> list[dict[str, Any]]:
        """Give the bodies of the calls of one kind."""
        return [call["body"] for call in self._items("requests") if call["operation"] == operation]

    def deauthorize(self, **wish: Any) -> None:
        self._done(requests.post(f"{self.url}/sandbox/deauthorize", json=wish, timeout=5))

    def allow(self, address: str, email: str, decision: str = "allow") -> dict[str, str]:
        """Answer the consent page; give what comes back to us in the browser's address."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        answer = requests.post(
            f"{self.url}/oauth/authorize",
            data=query | {"decision": decision, "email": email},
            allow_redirects=False,
            timeout=5,
        )
        assert answer.status_code == 302, answer.text
        assert answer.headers["Location"].startswith(f"{PUBLIC_URL}/oauth/zoom/callback?")
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}

    def _items(self, what: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = requests.get(f"{self.url}/sandbox/{what}", timeout=5).json()["items"]
        return items

    def _done(self, answer: requests.Response) -> None:
        assert answer.ok, answer.text


def environ(folder: Path, zoom_url: str, **changed: str) -> dict[str, str]:
    """Give the environment of a connector before this sandbox."""
    return {
        "DATA": str(folder),
        "PUBLIC_URL": PUBLIC_URL,
        "SERVICE_KEY": "k" * 32,
        "ZOOM_CLIENT_ID": CLIENT_ID,
        "ZOOM_CLIENT_SECRET": CLIENT_SECRET,
        "ZOOM_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "ZOOM_OAUTH_URL": zoom_url,
        "ZOOM_API_URL": f"{zoom_url}/v2",
        # Tests turn the clock and have no time to keep to Zoom's limit; the one about it sets it.
        "ZOOM_CALLS_PER_SECOND": "1000",
        **changed,
    }


def start_sandbox(folder: Path, clock: Callable[[], datetime]) -> sandbox_bootstrap.Running:
    """Start a Zoom of our own on any free port."""
    return sandbox_bootstrap.start(
        SandboxSettings(
            data=folder,
            public_url=PUBLIC_URL,
            zoom_client_id=CLIENT_ID,
            zoom_client_secret=CLIENT_SECRET,
            zoom_webhook_secret=WEBHOOK_SECRET,
        ),
        clock=clock,
    )


def signed(body: bytes, at: float, secret: str | None = None) -> dict[str, str]:
    """Give the headers of a webhook that was signed at that moment, with our secret or another."""
    timestamp = str(int(at))
    digest = hmac.new((secret or WEBHOOK_SECRET).encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256)
    return {"x-zm-request-timestamp": timestamp, "x-zm-signature": "v0=" + digest.hexdigest()}


def everything(folder: Path) -> bytes:
    """Give all that lies in the files of a folder."""
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@cache
def _migrated() -> Path:
    """Give a database with all tables, made once: each test has its own copy."""
    file = Path(tempfile.mkdtemp(prefix="zoom-connector-")) / "migrated.sqlite3"
    migrations.migrate(f"sqlite:///{file}", "zoom_connector")
    atexit.register(shutil.rmtree, file.parent)
    return file


@dataclass
class Bench:
    """The connector's parts, stepped by hand. A second bench on the same folder is a second process's view."""

    folder: Path
    zoom: Zoom
    clock: Clock
    changed: dict[str, str] = field(default_factory=dict)
    overheard: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.settings = settings.load(environ(self.folder, self.zoom.url, **self.changed))
        if not self._file.exists():
            shutil.copy(_migrated(), self._file)
        self.worker = bootstrap.worker(self.settings, clock=self.clock, chance=random.Random(7))
        self.parts = bootstrap.build(self.settings, clock=self.clock)
        self.worker.reconcile.accounts = replace(self.parts.access, read_seconds=READ_SECONDS)
        self.worker.looking.accounts = self.worker.reconcile.accounts

    @property
    def _file(self) -> Path:
        return self.folder / "zoom-connector.sqlite3"

    def close(self) -> None:
        self.worker.database.close()
        self.worker.bus.close()
        self.parts.close()

    def connect(self, host_id: str = "h1", email: str = "zoe@zoom.example") -> None:
        back = self.zoom.allow(self.parts.connecting.begin(host_id), email)
        self.parts.connecting.complete(host_id, state=back["state"], code=back["code"], error=None)

    def hear(self, *events: Event) -> None:
        """Take events off the bus and handle them."""
        inbox.receive(
            self.parts.database, [wrap(event, source="test", now=self.clock()) for event in events], self.clock()
        )
        while self.worker.inbox.step():
            pass

    def work(self) -> None:
        """Reconcile until nothing is due."""
        while self.worker.reconcile.step():
            pass

    def rest(self, *, seconds: float = 300) -> None:
        """Turn the clock on until everything has come to rest, or for so long."""
        self.work()
        for _ in range(int(seconds)):
            if not self.waits():
                return
            self.clock.turn(1)
            self.work()
        raise AssertionError(f"not at rest: {[dict(row._mapping) for row in self.rows()]}")

    def overhear(self) -> int:
        """Take in the webhooks that the sandbox would have sent; give how many. A test hears each once."""
        heard = 0
        for told in self.zoom.webhooks():
            if told["id"] not in self.overheard:
                self.overheard.add(told["id"])
                self._receive(told["body"])
                heard += 1
        while self.worker.webhooks.step():
            pass
        return heard

    def told(self, event: str, meeting: dict[str, Any]) -> None:
        """Take in a webhook about a meeting, signed by Zoom."""
        self._receive({"event": event, "event_ts": self.clock().timestamp() * 1000, "payload": {"object": meeting}})
        while self.worker.webhooks.step():
            pass

    def _receive(self, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        headers = signed(body, self.clock().timestamp())
        self.parts.receiving.receive(
            body, timestamp=headers["x-zm-request-timestamp"], signature=headers["x-zm-signature"]
        )

    def waits(self) -> bool:
        return any(row.next_attempt_at is not None for row in self.rows())

    def reconciler(self, crash: Crash = no_crash) -> Reconcile:
        made = bootstrap.reconcile(self.parts, crash=crash, chance=random.Random(7))
        made.accounts = replace(self.parts.access, read_seconds=READ_SECONDS)
        return made

    def rows(self) -> list[Any]:
        with self.parts.database.read() as tx:
            return list(tx.execute(select(MEETINGS).order_by(MEETINGS.c.id)))

    def row(self, booking_id: str = "b1") -> Any:
        return next(row for row in self.rows() if row.id == booking_id)

    def seat(self, booking_id: str = "b1") -> Any:
        with self.parts.database.read() as tx:
            return tx.execute(select(SEATS).where(SEATS.c.id == booking_id)).one()

    def connection(self, host_id: str = "h1") -> Any:
        with self.parts.database.read() as tx:
            return tx.execute(select(CONNECTIONS).where(CONNECTIONS.c.id == host_id)).one()

    def webhooks(self) -> list[Any]:
        with self.parts.database.read() as tx:
            return list(tx.execute(select(WEBHOOKS)))

    def announced(self) -> list[Event]:
        """List the events that wait in the outbox, oldest first."""
        with self.parts.database.read() as tx:
            return [unwrap(body).event for body in tx.execute(select(OUTBOX.c.body).order_by(OUTBOX.c.seq)).scalars()]

    def said(self) -> list[str]:
        return [event.type for event in self.announced()]


@dataclass
class Bookings:
    """Example bookings; times are whole hours from now by the given clock."""

    clock: Clock

    def facts(self, booking_id: str = "b1", version: int = 1, *, hours: float = 48, **changed: Any) -> BookingFacts:
        start = self.clock().replace(minute=0, second=0, microsecond=0) + timedelta(hours=hours)
        known: dict[str, Any] = {
            "id": booking_id,
            "reference": f"reference-of-{booking_id}",
            "version": version,
            "status": "confirmed",
            "start": start,
            "end": start + timedelta(minutes=30),
            "session_type": SessionTypeFacts(id="s1", slug="intro", title="Introduction", duration=30),
            "host": HostFacts(
                id="h1", name="Ada Lovelace", email="ada@example.com", handle="ada", timezone="Europe/London"
            ),
            "client": ClientFacts(name="Jörg Müller", email="joerg@example.net", timezone="Europe/Berlin"),
            "location": ZOOM,
            "created_at": self.clock(),
        }
        return BookingFacts(**{**known, **changed})

    def created(
        self, booking_id: str = "b1", *, host_id: str = "h1", hours: float = 48, **changed: Any
    ) -> BookingCreated:
        host = HostFacts(id=host_id, name="Ada", email="ada@example.com", handle="ada", timezone="Europe/London")
        return BookingCreated(booking=self.facts(booking_id, hours=hours, **{"host": host, **changed}))

    def moved(
        self, booking_id: str = "b1", version: int = 2, *, hours: float = 72, **changed: Any
    ) -> BookingRescheduled:
        booking = self.facts(booking_id, version, hours=hours, **changed)
        return BookingRescheduled(booking=booking, previous_start=booking.start, previous_end=booking.end)

    def canceled(self, booking_id: str = "b1", version: int = 2, **changed: Any) -> BookingCanceled:
        canceled = {"status": "canceled", "canceled_by": "client", **changed}
        return BookingCanceled(booking=self.facts(booking_id, version, **canceled))
