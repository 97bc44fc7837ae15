"""A running Punctual and the people who use it, for the tests that go through the door."""

import os
import queue
import secrets
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from support.browsing import Browser

ROOT = Path(__file__).resolve().parents[2]
OFFSETS = (0, 1, 2, 3, 10, 11)
PASSWORD = "correct horse battery"


def free_base_port() -> int:
    """Give a port such that the ports that `make run` derives from it are free, too."""
    for _ in range(200):
        base = secrets.randbelow(12_000) + 20_000  # below the ports that the system hands out by itself
        try:
            for offset in OFFSETS:
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", base + offset))
        except OSError:
            continue
        return base
    raise AssertionError("no free ports")


@dataclass
class System:
    """`make run` in a folder of its own. `lines` is what it printed."""

    data: Path
    port: int = field(default_factory=free_base_port)
    environment: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> str:
        return f"{self.url}/api/v1"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.port + 10}"

    def start(self, timeout: float = 120) -> "System":
        """Start it and wait for its ready line."""
        environment = {
            **os.environ,
            "PORT": str(self.port),
            "DATA": str(self.data),
            "CONFIRMATION_WAIT": "4",
            **self.environment,
        }
        self.process = subprocess.Popen(
            ["make", "--no-print-directory", "run"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        came: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, args=(self.process, came), daemon=True).start()
        deadline = time.monotonic() + timeout
        while True:
            line = came.get(timeout=max(0.1, deadline - time.monotonic()))
            if line is None:
                raise AssertionError("make run ended:\n" + "".join(self.lines[-40:]))
            if line.strip() == f"ready {self.url}":
                return self

    def _read(self, process: subprocess.Popen[str], came: "queue.Queue[str | None]") -> None:
        for line in process.stdout or ():
            self.lines.append(line)
            came.put(line)
        came.put(None)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop it as an operator does and give make's exit code: make dies of the signal itself, after its child."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=20)

    def meetings(self) -> list[dict[str, Any]]:
        """List what Zoom has, canceled ones not counted."""
        return list(requests.get(f"{self.sandbox_url}/sandbox/meetings", timeout=10).json()["items"])

    def mail(self, to: str | None = None) -> list[dict[str, Any]]:
        """List what the mailbox has for one address, oldest first."""
        query = {"to": to} if to else {}
        return list(requests.get(f"{self.sandbox_url}/sandbox/mail", params=query, timeout=10).json()["items"])

    def fault(self, **fault: Any) -> None:
        """Break something in Zoom or at the mail server."""
        answer = requests.post(f"{self.sandbox_url}/sandbox/faults", json=fault, timeout=10)
        assert answer.ok, answer.text

    def mend(self) -> None:
        """Let everything work again."""
        assert requests.delete(f"{self.sandbox_url}/sandbox/faults", timeout=10).ok

    def host(self, *, connected: bool = False, **fields: Any) -> "Host":
        """Sign up a new host."""
        word = secrets.token_hex(4)
        body = {
            "name": f"Hanna {word}",
            "email": f"hanna.{word}@example.com",
            "password": PASSWORD,
            "handle": f"hanna-{word}",
            "timezone": "Europe/Berlin",
            **fields,
        }
        answer = requests.post(f"{self.api}/hosts", json=body, timeout=20)
        assert answer.status_code == 201, answer.text
        host = Host(self, body["email"], body["handle"], answer.json()["api_key"])
        if connected:
            host.connect_zoom()
        return host


@dataclass
class Host:
    """A host who uses the API and, where it takes one, a browser."""

    system: System
    email: str
    handle: str
    api_key: str
    browser: Browser = field(default_factory=Browser)

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """Call the API as this host."""
        headers = {"Authorization": f"Bearer {self.api_key}", **options.pop("headers", {})}
        return requests.request(method, self.system.api + path, headers=headers, timeout=20, **options)

    def sign_in(self) -> Browser:
        """Sign in on the page."""
        self.browser.get(f"{self.system.url}/signin").submit("Sign in", email=self.email, password=PASSWORD)
        assert "/signin" not in self.browser.url, self.browser.text
        return self.browser

    def connect_zoom(self) -> None:
        """Go to Zoom's consent page, allow, and come back."""
        self.sign_in()
        started = self.call("POST", "/me/connections/zoom")
        assert started.status_code == 201, started.text
        self.browser.get(started.json()["authorize_url"]).submit("Allow")
        assert self.browser.url.startswith(self.system.url), self.browser.url
        assert self.call("GET", "/me/connections/zoom").json()["status"] == "connected", self.browser.text

    def slots(self, slug: str = "intro", *, days: int = 14, timezone: str = "Europe/Berlin") -> list[dict[str, Any]]:
        """List what a client may book in the next days."""
        today = datetime.now(UTC).date()
        query = {"from": str(today), "to": str(today + timedelta(days=days)), "timezone": timezone}
        path = f"{self.system.api}/hosts/{self.handle}/session-types/{slug}/slots"
        answer = requests.get(path, params=query, timeout=20)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["slots"])

    def book(self, start: str | None = None, *, slug: str = "intro", **options: Any) -> requests.Response:
        """Book as a client who has just come."""
        word = secrets.token_hex(4)
        body = {
            "start": start or self.slots(slug)[0]["start"],
            "client": {"name": f"Carl {word}", "email": f"carl.{word}@example.org", "timezone": "America/New_York"},
            "notes": "See you",
            **options.pop("body", {}),
        }
        path = f"{self.system.api}/hosts/{self.handle}/session-types/{slug}/bookings"
        return requests.post(path, json=body, timeout=20, **options)


def booking(system: System, reference: str) -> dict[str, Any]:
    """Read a booking as its client does."""
    answer = requests.get(f"{system.api}/bookings/{reference}", timeout=20)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def children(pid: int) -> Iterator[int]:
    """Give the process and all that it started, directly or not."""
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found = task.read_text().split()
        except OSError:  # That thread has just ended, and started nothing that is left.
            continue
        for child in found:
            yield int(child)
            yield from children(int(child))
