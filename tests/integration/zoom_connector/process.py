"""Real processes of the connector, with real sockets and signals."""

import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from integration.zoom_connector.bench import environ
from shared import signing
from shared.testing import eventually, free_port


def start(command: str, folder: Path, zoom_url: str, **changed: str) -> subprocess.Popen[bytes]:
    """Start `python -m zoom_connector COMMAND` with its log in the folder."""
    given = {**environ(folder, zoom_url, **changed), "PATH": os.environ["PATH"]}
    with (folder / f"{command}.log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", "zoom_connector", command], env=given, stdout=log, stderr=log)


def migrate(folder: Path, zoom_url: str) -> None:
    """Make the tables."""
    assert start("migrate", folder, zoom_url).wait(timeout=30) == 0


def stop(process: subprocess.Popen[bytes]) -> None:
    """End it as `make run` does."""
    process.terminate()
    process.wait(timeout=15)


@dataclass
class Api:
    """The HTTP side of a running connector, called as the gateway calls it."""

    url: str
    key: str

    def call(self, method: str, path: str, *, host: str = "h1", **more: Any) -> requests.Response:
        token = signing.sign(self.key, audience="zoom-connector", subject=host, now=datetime.now(UTC))
        headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}
        return requests.request(method, self.url + path, headers=headers, timeout=15, allow_redirects=False, **more)


def serve(folder: Path, zoom_url: str, **changed: str) -> tuple[subprocess.Popen[bytes], Api]:
    """Migrate, start the HTTP side, and wait until it is ready."""
    migrate(folder, zoom_url)
    port = free_port()
    process = start("api", folder, zoom_url, PORT=str(port), **changed)
    api = Api(f"http://127.0.0.1:{port}", environ(folder, zoom_url)["SERVICE_KEY"])
    eventually(lambda: _ready(api), timeout=20)
    return process, api


def _ready(api: Api) -> bool:
    try:
        return requests.get(f"{api.url}/readyz", timeout=2).ok
    except requests.ConnectionError:
        return False
