"""A sandbox with the app's side of it: a callback address, a place where events arrive, a clock that can be moved."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from sandbox import bootstrap
from sandbox.settings import Settings
from shared.testing import eventually

CLIENT = ("the-client", "the-secret")
WEBHOOK_SECRET = "a secret token"
FUTURE = "2031-05-04T10:00:00Z"


class Clock:
    """The machine's time, moved."""

    def __init__(self) -> None:
        self.moved = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.moved

    def move(self, **by: float) -> None:
        self.moved += timedelta(**by)


@dataclass
class Hook:
    """One event as it arrived."""

    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def event(self) -> str:
        return str(self.json["event"])


@dataclass
class Receiver:
    """The app's webhook endpoint; answers 200 unless `answers` says something else for the next ones."""

    url: str = ""
    hooks: list[Hook] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    body: bytes = b""

    def events(self, name: str) -> list[Hook]:
        return [hook for hook in self.hooks if hook.event == name]

    def wait(self, name: str, count: int = 1) -> list[Hook]:
        return eventually(lambda: found if len(found := self.events(name)) >= count else None)


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Listen on a free port."""
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.hooks.append(Hook(body, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(made.answers.pop(0) if made.answers else 200)
            self.send_header("Content-Length", str(len(made.body)))
            self.end_headers()
            self.wfile.write(made.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


def settings(data: Path, public_url: str) -> Settings:
    return Settings(
        data=data,
        public_url=public_url,
        zoom_client_id=CLIENT[0],
        zoom_client_secret=CLIENT[1],
        zoom_webhook_secret=WEBHOOK_SECRET,
    )


@dataclass
class World:
    """A running sandbox and what the tests say to it."""

    running: bootstrap.Running
    clock: Clock
    app: Receiver

    @property
    def url(self) -> str:
        return self.running.url

    @property
    def callback(self) -> str:
        return f"{self.app.url}/oauth/zoom/callback"

    def ask(self, **other: str) -> dict[str, str]:
        """Give the parameters of an authorize request."""
        return {
            "response_type": "code",
            "client_id": CLIENT[0],
            "redirect_uri": self.callback,
            "state": "st ate",
        } | other

    def decide(self, browser: requests.Session | None = None, **form: str) -> requests.Response:
        """Press a button of the consent page."""
        asked = self.ask() | {"decision": "allow"} | form
        return (browser or requests.Session()).post(f"{self.url}/oauth/authorize", data=asked, allow_redirects=False)

    def code(self, browser: requests.Session | None = None, **form: str) -> str:
        return parse_qs(urlsplit(self.decide(browser, **form).headers["Location"]).query)["code"][0]

    def token(self, auth: tuple[str, str] | None = CLIENT, **form: str) -> requests.Response:
        return requests.post(f"{self.url}/oauth/token", data=form, auth=auth, timeout=10)

    def exchange(self, code: str, **form: str) -> requests.Response:
        asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.callback} | form
        return self.token(CLIENT, **asked)

    def refresh(self, token: str) -> requests.Response:
        return self.token(grant_type="refresh_token", refresh_token=token)

    def tokens(self, email: str = "host@zoom.example") -> dict[str, Any]:
        """Consent as this Zoom user and exchange the code."""
        return dict(self.exchange(self.code(email=email)).json())

    def zoom(self, email: str = "host@zoom.example") -> "Api":
        """Consent as this Zoom user; gives what the app can then do."""
        return Api(self.url, self.tokens(email)["access_token"])

    def fault(self, **fault: Any) -> requests.Response:
        answer = requests.post(f"{self.url}/sandbox/faults", json=fault, timeout=10)
        assert answer.status_code in {200, 201}, answer.text
        return answer

    def items(self, what: str, **query: Any) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.url}/sandbox/{what}", params=query, timeout=10)
        return list(answer.json()["items"])


@dataclass
class Api:
    """REST calls with one access token."""

    url: str
    token: str

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"} | more.pop("headers", {})
        more = {"allow_redirects": False} | more
        patience = more.pop("timeout", 10)
        return requests.request(method, f"{self.url}/v2{path}", headers=headers, timeout=patience, **more)

    def create(self, **body: Any) -> requests.Response:
        return self.call("POST", "/users/me/meetings", json={"topic": "Talk", "start_time": FUTURE} | body)

    def made(self, **body: Any) -> dict[str, Any]:
        answer = self.create(**body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def read(self, meeting: dict[str, Any]) -> dict[str, Any]:
        return dict(self.call("GET", f"/meetings/{meeting['id']}").json())

    def list(self, **query: Any) -> dict[str, Any]:
        return dict(self.call("GET", "/users/me/meetings", params=query).json())
