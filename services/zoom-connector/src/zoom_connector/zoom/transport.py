"""One HTTP call to Zoom: bounded in time, never redirected, never repeated by the library behind our back."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NameResolutionError, NewConnectionError, ProxyError

from shared import logs
from zoom_connector.zoom.errors import NotSentError, UnsureError

log = logs.get(__name__)

CONNECT_SECONDS = 3.05
READ_SECONDS = 10.0
LONGEST_BODY = 4 * 1024 * 1024
NEVER_SENT = (NewConnectionError, NameResolutionError, ConnectTimeoutError, ProxyError)

Sign = Callable[[requests.PreparedRequest], requests.PreparedRequest]


class Budget:
    """How long a series of calls may take all in all. A process that stood still finds its budget spent."""

    def __init__(self, seconds: float, *, read_seconds: float = READ_SECONDS) -> None:
        self._end = time.monotonic() + seconds
        self._read = read_seconds

    def timeouts(self) -> tuple[float, float]:
        """Give the time-outs for the next call. Raises `NotSentError` when there is no time left for one."""
        left = self._end - time.monotonic()
        if left < 1:
            raise NotSentError("no time left")
        return min(CONNECT_SECONDS, left), min(self._read, left)

    def spent(self) -> bool:
        """Say whether nothing is left."""
        return time.monotonic() >= self._end


@dataclass(frozen=True)
class Answer:
    """What came back. `document` is None when the body is not one JSON object; it never goes to a log."""

    status: int
    headers: Mapping[str, str]
    document: dict[str, Any] | None = field(repr=False)
    empty: bool = False

    @property
    def good(self) -> bool:
        """Say whether the status is a success."""
        return self.status // 100 == 2  # noqa: PLR2004 - 2xx

    @property
    def clear(self) -> bool:
        """Say whether the body is nothing or JSON. Half a body may come from somebody who did nothing."""
        return self.empty or self.document is not None

    def word(self, name: str) -> str:
        """Give a text field of the document, or nothing."""
        value = (self.document or {}).get(name)
        return value if isinstance(value, str) else ""

    @property
    def code(self) -> int | None:
        """Give Zoom's own error number, if the document has one."""
        value = (self.document or {}).get("code")
        return value if isinstance(value, int) and not isinstance(value, bool) else None


class Transport:
    """Sends requests to Zoom with connections of its own. Made after a fork; threads may share it."""

    def __init__(self) -> None:
        self._session = requests.Session()
        # Zoom's Retry-After is an ISO instant, at which urllib3's own Retry raises; and a create must not be repeated.
        adapter = HTTPAdapter(max_retries=0, pool_maxsize=16)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def send(
        self,
        method: str,
        url: str,
        *,
        budget: Budget,
        sign: Sign,
        params: Mapping[str, str] | None = None,
        document: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request and read its answer whole, whatever its status.

        Raises `NotSentError` when it surely never arrived and `UnsureError` when the answer is lost.
        """
        began = time.monotonic()
        try:
            response = self._session.request(
                method,
                url,
                params=params,
                json=document,
                data=form,
                # As a callable: a .netrc on the machine would replace a plain header.
                auth=sign,
                timeout=budget.timeouts(),
                # requests drops the Authorization on another host and turns a redirected POST into a GET.
                allow_redirects=False,
                stream=True,
            )
            with response:
                body = _read(response, budget)
        except requests.RequestException as error:
            sent = not _never_sent(error)
            log.warning("zoom_unanswered", method=method, sent=sent, error=type(error).__name__)
            if sent:
                raise UnsureError("the answer is lost") from error
            raise NotSentError("Zoom can't be reached") from error
        answer = Answer(response.status_code, response.headers, _parse(body), empty=not body)
        log.info(
            "zoom_answered",
            method=method,
            status=answer.status,
            code=answer.code,
            tracking_id=response.headers.get("x-zm-trackingid", "")[:80],
            milliseconds=round((time.monotonic() - began) * 1000),
        )
        return answer


def _read(response: requests.Response, budget: Budget) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(64 * 1024):
        body += chunk
        if len(body) > LONGEST_BODY or budget.spent():
            raise requests.exceptions.ContentDecodingError("too long")
    return bytes(body)


def _parse(body: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _never_sent(error: requests.RequestException) -> bool:
    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.InvalidURL):
        return True
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    if isinstance(error, requests.exceptions.SSLError):
        # A certificate is refused in the handshake; any other TLS failure may come after the request.
        return "CERTIFICATE_VERIFY_FAILED" in str(reason)
    return isinstance(reason, NEVER_SENT)
