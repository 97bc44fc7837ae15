"""What a run does until a person can use it: wait for every service, make the demo host, say where everything is."""

import http.client
import json
import os
import secrets
import time
import zoneinfo
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deploy.local.keep import Keep
from deploy.local.processes import Process
from deploy.local.settings import GATEWAY, SANDBOX, Settings
from deploy.local.terminal import complain, say

PATIENCE_SECONDS = 30
NOT_YET = (OSError, http.client.HTTPException)
DEMO = {"name": "Demo Host", "email": "demo@example.com", "handle": "demo"}


def start_up(settings: Settings, keep: Keep, processes: list[Process]) -> Iterator[None]:
    """Do a short step at a time, so that the processes are watched meanwhile."""
    begun = time.monotonic()
    for process in processes:
        if process.port is None:
            continue
        patient = True
        while (answer := readiness(settings.url(process.port))) != "ready":
            if patient and time.monotonic() - begun > PATIENCE_SECONDS:
                complain(f"still waiting for {process.name}: {answer}")
                patient = False
            yield
    say(f"ready {settings.public_url}")
    yield
    say("\n".join(addresses(settings, keep)))


def readiness(url: str) -> str:
    """Ask a process whether it can work; anything but "ready" is its reason why not."""
    try:
        status, body = call(url, "GET", "/readyz", timeout=2)
    except NOT_YET as error:
        return f"{url} does not answer ({error})"
    return (
        "ready" if status == http.HTTPStatus.OK else f"{url}/readyz answers {status}: {body.decode(errors='replace')}"
    )


def addresses(settings: Settings, keep: Keep) -> list[str]:
    """Say where everything is."""
    url, sandbox = settings.public_url, settings.url(SANDBOX)
    meetings = "mailbox only, meetings are made in the real Zoom" if settings.real_zoom else "stands in for Zoom"
    mail = "mail goes to SMTP_URL instead" if "SMTP_URL" in settings.given else "every mail that was sent"
    return [
        f"  dashboard     {url}/dashboard",
        f"  sign in with  {demo_host(settings, keep)}",
        f"  booking page  {url}/{DEMO['handle']}",
        f"  sandbox       {sandbox}/ ({meetings})",
        f"  mailbox       {sandbox}/mail ({mail})",
        f"  logs          {keep.logs}",
    ]


def demo_host(settings: Settings, keep: Keep) -> str:
    """Make the demo host unless it is there, and give its sign-in."""
    password = keep.secret("demo-host-password", lambda: secrets.token_urlsafe(12))
    gateway = settings.url(GATEWAY)
    try:
        status, answer = call(gateway, "GET", f"/api/v1/hosts/{DEMO['handle']}")
        if status == http.HTTPStatus.NOT_FOUND:
            host = DEMO | {"password": password, "timezone": local_zone()}
            status, answer = call(gateway, "POST", "/api/v1/hosts", host)
    except NOT_YET as error:
        status, answer = 0, str(error).encode()
    if status not in {http.HTTPStatus.OK, http.HTTPStatus.CREATED, http.HTTPStatus.CONFLICT}:
        reason = answer.decode(errors="replace")[:300]
        return f"an account of your own: the demo host could not be made ({status} {reason})"
    return f"{DEMO['email']} and the password {password}"


def call(url: str, method: str, path: str, body: Any = None, timeout: float = 15) -> tuple[int, bytes]:
    """Make one HTTP call on this machine, past any proxy that the environment names."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=timeout)
    try:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def local_zone() -> str:
    """Give the IANA name of this machine's time zone, or UTC when it does not say."""
    names = [os.environ.get("TZ", "").lstrip(":")]
    with suppress(OSError):
        names.append(str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2])
    known = zoneinfo.available_timezones()
    return next((name for name in names if name in known and "/" in name), "UTC")
