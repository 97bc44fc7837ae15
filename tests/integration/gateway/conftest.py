"""One gateway for this folder's tests, on a real socket, with the inner services played by `inner`."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import create_engine
from werkzeug.serving import make_server

from gateway import bootstrap
from gateway.parts import Parts
from gateway.settings import Settings
from integration.gateway import inner as inner_services
from integration.gateway.inner import Inner
from shared import migrations
from shared.database import Database
from shared.testing import free_port
from support.browsing import Browser

PASSWORD = "correct horse battery"


@dataclass
class Host:
    """Somebody with an account."""

    id: str
    email: str
    handle: str
    api_key: str


@dataclass
class Gateway:
    """A running gateway."""

    url: str
    inner: Inner
    app: Flask
    database: Database

    @property
    def api(self) -> str:
        return f"{self.url}/api/v1"

    @property
    def parts(self) -> Parts:
        found: Parts = self.app.extensions["gateway"]
        return found

    @contextmanager
    def away(self, *services: str) -> Iterator[None]:
        """Let services not answer at all: their sockets are closed."""
        upstreams = {name: self.parts.service(name) for name in services}
        before = {name: upstream._url for name, upstream in upstreams.items()}
        for upstream in upstreams.values():
            upstream._url = f"http://127.0.0.1:{free_port()}"
        yield
        for name, upstream in upstreams.items():
            upstream._url = before[name]

    @contextmanager
    def without_database(self) -> Iterator[None]:
        """Let our own database be away: its file is somewhere else."""
        database = self.parts.sign_ins._database
        engine = database.engine
        database.engine = create_engine("sqlite:////nowhere/at/all.sqlite3")
        yield
        database.engine = engine

    def call(self, method: str, path: str, *, key: str | None = None, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return requests.request(
            method, self.api + path, headers=headers | options.pop("headers", {}), timeout=20, **options
        )

    def sign_up(self, **fields: Any) -> requests.Response:
        word = secrets.token_hex(4)
        body = {
            "name": "Hanna Host",
            "email": f"Hanna.{word}@example.com",
            "password": PASSWORD,
            "handle": f"hanna-{word}",
            "timezone": "Europe/Berlin",
        }
        return self.call("POST", "/hosts", json=body | fields)

    def host(self) -> Host:
        answer = self.sign_up()
        assert answer.status_code == 201, answer.text
        made = answer.json()
        host = made["host"]
        return Host(host["id"], host["email"], host["handle"], made["api_key"])

    def book(self, host: Host, **fields: Any) -> dict[str, Any]:
        """Let a booking be there."""
        return inner_services.booking(self.inner, self.inner.hosts[host.id], **fields)

    def browser(self, host: Host) -> Browser:
        browser = Browser()
        browser.get(f"{self.url}/signin").submit("Sign in", email=host.email, password=PASSWORD)
        return browser


@pytest.fixture(scope="session")
def _gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    inner = Inner()
    stops = [inner_services.serve(inner, name) for name in ("booking", "zoom-connector", "notifier")]
    data = Path(tmp_path_factory.mktemp("gateway"))
    settings = Settings(
        database_url=f"sqlite:///{data}/gateway.sqlite3",
        public_url="http://gateway.test",
        service_key=inner_services.KEY,
        secret_key="cookie-key-of-the-tests-0123456789abcdef",
        booking_url=inner.urls["booking"],
        zoom_connector_url=inner.urls["zoom-connector"],
        notifier_url=inner.urls["notifier"],
        zoom_oauth_url=inner.urls["zoom-connector"],
    )
    migrations.migrate(settings.database_url, "gateway")
    # Hundreds of sign-ins: the real cost of a hash is for those who guess.
    app = bootstrap.app(settings, hasher=PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Gateway(f"http://127.0.0.1:{server.server_port}", inner, app, Database(settings.database_url))
    for stop in (server.shutdown, *stops):
        stop()


@pytest.fixture
def gateway(_gateway: Gateway) -> Gateway:
    """Give the gateway, with inner services that behave."""
    _gateway.inner.forget()
    return _gateway


@pytest.fixture(scope="session")
def _somebody(_gateway: Gateway) -> Host:
    # Made before the test's own `gateway`: what the last test told the services to say still stands.
    _gateway.inner.forget()
    return _gateway.host()


@pytest.fixture
def host(gateway: Gateway, _somebody: Host) -> Host:
    """Give a host who is signed up; the same one for all tests that change nothing about it."""
    gateway.inner.calls.clear()
    return _somebody


@pytest.fixture(scope="session")
def _signed_in() -> dict[str, Browser]:
    return {}


@pytest.fixture
def browser(gateway: Gateway, host: Host, _signed_in: dict[str, Browser]) -> Browser:
    """Give a signed-in browser; signing in costs time on purpose, so the tests share one."""
    if "browser" not in _signed_in:
        _signed_in["browser"] = gateway.browser(host)
    gateway.inner.calls.clear()
    gateway.inner.bookings.clear()
    return _signed_in["browser"]
