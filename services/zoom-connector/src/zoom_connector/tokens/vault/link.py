"""Makes hvac clients for one address: bounded in time, never redirected, over connections that all threads share."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import hvac
import requests
from requests.adapters import HTTPAdapter

CONNECT_SECONDS = 2.0
READ_SECONDS = 4.0
"""Vault answers in milliseconds. Somebody may be waiting before a browser, and the gateway waits ten seconds."""
AT_THE_END = (0.5, 1.0)
"""For the last call of a process that is told to end."""
POOL = 16

Found = TypeVar("Found")


class Link:
    """The way to one Vault."""

    def __init__(
        self, url: str, *, namespace: str = "", ca_file: Path | None = None, read_seconds: float = READ_SECONDS
    ) -> None:
        self._url = url
        self._namespace = namespace or None
        self._timeouts = (CONNECT_SECONDS, read_seconds)
        self._session = requests.Session()
        self._session.verify = str(ca_file) if ca_file else True
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=0, pool_maxsize=POOL))

    def client(self, token: str = "", *, timeouts: tuple[float, float] | None = None) -> hvac.Client:
        """Make a client that speaks with this token; an empty one is none, and none is looked for elsewhere."""
        return hvac.Client(
            url=self._url,
            token=token,
            namespace=self._namespace,
            session=self._session,
            timeout=timeouts or self._timeouts,
            # A redirect would carry the token to wherever it leads.
            allow_redirects=False,
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()


def insist(ask: Callable[[], Found]) -> Found:
    """Ask, and once more at once when the connection broke: one that was kept open may have ended unnoticed.

    All that we ask may arrive twice: a write names the version that it is made over.
    """
    try:
        return ask()
    except (requests.Timeout, requests.exceptions.SSLError):
        raise
    except requests.ConnectionError:
        return ask()
