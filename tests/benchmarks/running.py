"""`make run` under measurement: started on ports and data of its own, looked at, called, and stopped."""

import http.client
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from shared import signing

ROOT = Path(__file__).resolve().parents[2]
PORTS = (0, 1, 2, 3, 10, 11)
BOOKING, SANDBOX = 1, 10
APIS = (1, 2, 3)
KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TZ", "PYTHON")
"""What of our own environment the system sees: above all no Zoom, mail server or database of somebody's."""
PATIENCE = 120
PASSWORD = "correct horse battery"


@dataclass
class Host:
    """A host who was signed up for a measurement."""

    id: str
    handle: str
    email: str
    api_key: str

    def path(self, rest: str, slug: str = "intro") -> str:
        """Give the path of the session type's slots or bookings, the same at the gateway and inside."""
        return f"/hosts/{self.handle}/session-types/{slug}/{rest}"


@dataclass
class Punctual:
    """One running system. Databases that `environment` does not name are files under `data`."""

    data: Path
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)

    def url(self, offset: int = 0) -> str:
        """Give the address of one of its processes."""
        return f"http://127.0.0.1:{self.port + offset}"

    def database_url(self, service: str) -> str:
        """Give the database of a service, `zoom-connector` for example."""
        named = self.environment.get(f"{service.upper().replace('-', '_')}_DATABASE_URL")
        return named or f"sqlite:///{self.data / service}.sqlite3"

    def secret(self, name: str) -> str:
        """Read a secret that the run made for itself."""
        return (self.data / "secrets" / name).read_text(encoding="utf-8").strip()

    def client(self, offset: int = 0) -> "Client":
        """Give a client with a connection of its own, to the gateway or straight to the booking service."""
        if offset == 0:
            return Client(self.port, "/api/v1", {})
        token = signing.sign(
            self.secret("service-key"), audience="booking", subject=signing.ANONYMOUS, now=datetime.now(UTC)
        )
        return Client(self.port + offset, "", {"Authorization": f"Bearer {token}"})

    def host(self) -> Host:
        """Sign up a host."""
        word = secrets.token_hex(4)
        body = {
            "name": f"Hanna {word}",
            "email": f"hanna.{word}@example.com",
            "password": PASSWORD,
            "handle": f"hanna-{word}",
            "timezone": "Europe/Berlin",
        }
        made = self.client().call("POST", "/hosts", body)
        return Host(made["host"]["id"], made["host"]["handle"], body["email"], made["api_key"])

    def as_host(self, host: Host, method: str, path: str, body: Any = None) -> Any:
        """Make a call with the host's key."""
        return Client(self.port, "/api/v1", {"Authorization": f"Bearer {host.api_key}"}).call(method, path, body)

    def change_offer(self, host: Host, **changes: Any) -> None:
        """Change the session type that every host starts with."""
        [found] = self.as_host(host, "GET", "/me/session-types")["items"]
        self.as_host(host, "PATCH", f"/me/session-types/{found['id']}", changes)

    def connect_zoom(self, host: Host) -> None:
        """Sign in as a browser does, allow it at the sandbox's Zoom, and come back."""
        with requests.Session() as browser:
            page = browser.get(f"{self.url()}/signin", timeout=10).text
            [token] = re.findall(r'name="csrf_token" value="([^"]+)"', page)
            form = {"csrf_token": token, "email": host.email, "password": PASSWORD}
            browser.post(f"{self.url()}/signin", data=form, timeout=10)
            asked = urlsplit(self.as_host(host, "POST", "/me/connections/zoom")["authorize_url"])
            form = dict(parse_qsl(asked.query)) | {"decision": "allow", "email": host.email}
            browser.post(f"{self.url(SANDBOX)}{asked.path}", data=form, timeout=10)
        if self.as_host(host, "GET", "/me/connections/zoom")["status"] != "connected":
            raise RuntimeError("the host could not connect to the sandbox's Zoom")

    def wait_for_rest(self) -> None:
        """Wait until no event is on its way, so that one measurement does not pay for the one before."""
        calm, deadline = 0, time.monotonic() + PATIENCE
        while calm < 3 and time.monotonic() < deadline:
            calm = calm + 1 if self._events() == 0 else 0
            time.sleep(0.2)

    def _events(self) -> float:
        total = 0.0
        for offset in APIS:
            text = requests.get(f"{self.url(offset)}/metrics", timeout=10).text
            found = re.findall(r'^(?:outbox_events|inbox_events\{state="waiting"\}) (\S+)$', text, re.MULTILINE)
            total += sum(map(float, found))
        return total


class Client:
    """One person's program on one kept connection, as light as Python has it."""

    def __init__(self, port: int, prefix: str, headers: Mapping[str, str]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._prefix = prefix
        self._headers = {"Content-Type": "application/json", **headers}

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call and read the JSON answer. Raises `RuntimeError` for any refusal."""
        sent = None if body is None else json.dumps(body)
        self._connection.request(method, self._prefix + path, sent, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            raise RuntimeError(f"{method} {path} was answered {answer.status}: {content.decode(errors='replace')}")
        return json.loads(content)


@contextmanager
def running(folder: Path, environment: Mapping[str, str]) -> Iterator[tuple[Punctual, int, float]]:
    """Start a system; give it with the id of its `make` and the seconds to its ready line, and stop it."""
    punctual = Punctual(folder / "data", _free_base_port(), environment)
    told = {name: os.environ[name] for name in KEPT if name in os.environ} | dict(environment)
    output = folder / "output"
    begun = time.perf_counter()
    with output.open("w") as out:
        process = subprocess.Popen(
            ["make", "--no-print-directory", "run"],
            cwd=ROOT,
            env=told | {"PORT": str(punctual.port), "DATA": str(punctual.data)},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_ready(process, output, f"ready {punctual.url()}")
        yield punctual, process.pid, time.perf_counter() - begun
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _wait_ready(process: "subprocess.Popen[bytes]", output: Path, line: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while line not in output.read_text(encoding="utf-8").splitlines():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("make run did not get ready:\n" + output.read_text(encoding="utf-8")[-4000:])
        time.sleep(0.01)


def _free_base_port() -> int:
    for _ in range(200):
        base = secrets.randbelow(12_000) + 20_000
        try:
            for offset in PORTS:
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", base + offset))
        except OSError:
            continue
        return base
    raise RuntimeError("no free ports")
