"""What Punctual talks to and does not own: a Zoom and a mailbox, asked and broken by the tests."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from sandbox import bootstrap
from sandbox.settings import Settings

PUBLIC_URL = "http://127.0.0.1:9"
CREDENTIALS = {
    "ZOOM_CLIENT_ID": "sandbox-client",
    "ZOOM_CLIENT_SECRET": "sandbox-secret",
    "ZOOM_WEBHOOK_SECRET": "sandbox-webhook-secret",
}
CREATE = "POST /v2/users/me/meetings"


def _now() -> datetime:
    return datetime.now(UTC)


class Outside:
    """A running sandbox. It tells nobody of its changes: webhooks are other tests' matter."""

    def __init__(self, folder: Path, clock: Callable[[], datetime] = _now) -> None:
        given: dict[str, Any] = {name.lower(): value for name, value in CREDENTIALS.items()}
        self._running = bootstrap.start(Settings(data=folder, public_url=PUBLIC_URL, **given), clock=clock)
        self.url = self._running.url
        self.smtp_url = f"smtp://127.0.0.1:{self._running.smtp_port}"
        self._session = requests.Session()
        self.fault(fault="webhooks", off=True)

    def stop(self) -> None:
        """End it."""
        self._session.close()
        self._running.stop()

    def fault(self, **fault: Any) -> None:
        """Break something."""
        answer = self._session.post(f"{self.url}/sandbox/faults", json=fault, timeout=30)
        assert answer.ok, answer.text

    def mend(self) -> None:
        """Let everything work again."""
        assert self._session.delete(f"{self.url}/sandbox/faults", timeout=30).ok
        self.fault(fault="webhooks", off=True)

    def meetings(self) -> list[dict[str, Any]]:
        """List what is there and what was, in the order of making."""
        return self._items("meetings?deleted=1")

    def mail(self) -> list[dict[str, Any]]:
        """List every mail that was taken."""
        return self._items("mail")

    def calls(self, operation: str) -> list[dict[str, Any]]:
        """List the calls of one kind, with what was answered."""
        return self._items(f"requests?operation={operation}")

    def allow(self, address: str, email: str) -> dict[str, str]:
        """Answer the consent page; give what comes back in the browser's address."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        data = query | {"decision": "allow", "email": email}
        answer = requests.post(f"{self.url}/oauth/authorize", data=data, allow_redirects=False, timeout=30)
        assert answer.status_code == 302, answer.text
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}

    def _items(self, what: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self._session.get(f"{self.url}/sandbox/{what}", timeout=60).json()["items"]
        return items
