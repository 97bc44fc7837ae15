"""Calls inward: signed, bounded in time, and honest about a service that doesn't answer. Nothing is decided here."""

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests
from flask import g, has_request_context
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError
from werkzeug.exceptions import NotFound

from shared import logs, signing
from shared.clock import Clock
from shared.readiness import NotReadyError

log = logs.get(__name__)

CONNECT_SECONDS = 1.0
READ_SECONDS = 10.0
READY_SECONDS = 3.0
RETRY_AFTER = 2
PIECE = 32 * 1024
"""Bytes of a streamed body that are held at once."""
REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
SERVER_ERRORS = 500
BAD_REQUESTS = 400
UNSIGNED = 401
WITHOUT_A_REASON = ("internal_error", "unavailable")
"""Codes of failures that are nobody's decision; any other one says something that people should read."""


class UpstreamUnavailableError(Exception):
    """An inner service did not answer. The caller may try again after `RETRY_AFTER` seconds."""


class ServiceNotReadyError(NotReadyError):
    """An inner service is not ready for work. The text names the service and what fails there, and no address."""

    public = True


@dataclass(frozen=True)
class Answer:
    """What an inner service said."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    rest: "Rest | None" = None
    """What comes after `body`, when it was asked for as a stream; whoever has it closes it."""

    @property
    def ok(self) -> bool:
        """Whether it did what it was asked."""
        return self.status < BAD_REQUESTS

    def json(self) -> Any:
        """Read the body. Raises `UpstreamUnavailableError` when it is no JSON: then it is not our service's."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise UpstreamUnavailableError("unreadable body") from error


class RefusedUpstreamError(Exception):
    """An inner service refused; its problem document says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status}")
        self.answer = answer
        self.status = answer.status
        problem = _object(answer)
        self.code = str(problem.get("code", ""))
        self.detail = str(problem.get("detail", ""))
        self.problem = problem
        self.errors: list[dict[str, str]] = [error for error in problem.get("errors") or [] if isinstance(error, dict)]


class Rest:
    """A body that is passed on as it comes."""

    def __init__(self, got: requests.Response) -> None:
        self._got = got

    def __iter__(self) -> Iterator[bytes]:
        """Give the pieces; where the service breaks off, an error ends them, so that no part passes for the whole."""
        return iter(self._got.iter_content(PIECE))

    def close(self) -> None:
        """Give the connection back."""
        self._got.close()


class Upstream:
    """One inner service. Each thread keeps its own pool of connections."""

    def __init__(self, name: str, url: str, *, key: str, clock: Clock) -> None:
        self.name = name
        self._url = url.rstrip("/")
        self._key = key
        self._clock = clock
        self._local = threading.local()

    def send(
        self,
        method: str,
        path: str,
        *,
        host: str | None = None,
        query: str = "",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        read_seconds: float = READ_SECONDS,
        stream: bool = False,
    ) -> Answer:
        """Ask the service on behalf of a host, or of nobody in particular; `path` is already quoted.

        A call that provably didn't reach the service, or that may be repeated, is sent once more. With `stream` the
        body of a good answer is left in `rest`. Raises `UpstreamUnavailableError`.
        """
        wanted = {"method": method, "url": f"{self._url}{path}" + (f"?{query}" if query else ""), "data": body}
        sent = {**(headers or {}), **self._signature(host)}
        timeout = (CONNECT_SECONDS, read_seconds)
        try:
            answer = self._once_or_twice({**wanted, "headers": sent, "timeout": timeout, "stream": stream})
        except requests.RequestException as error:
            log.warning("upstream_unavailable", upstream=self.name, error=type(error).__name__)
            raise UpstreamUnavailableError(self.name) from error
        if answer.status == UNSIGNED and _object(answer).get("code") == "unauthorized":
            # Our own key is wrong. Passing the 401 on would send people looking at theirs.
            log.error("upstream_refused_our_token", upstream=self.name)
            raise UpstreamUnavailableError(self.name)
        return answer

    def require_ready(self) -> None:
        """Raise `ServiceNotReadyError` when the service is not ready for work."""
        try:
            answer = self.send("GET", "/readyz", read_seconds=READY_SECONDS)
        except UpstreamUnavailableError as error:
            raise ServiceNotReadyError(f"{self.name} does not answer; see whether it runs, and its log") from error
        if not answer.ok:
            checks: dict[str, Any] = _object(answer).get("checks") or {}
            failing = " and ".join(name for name, state in checks.items() if not str(state).startswith("ok"))
            raise ServiceNotReadyError(f"{self.name} answers and is not ready ({failing or 'it does not say why'})")

    def ask(
        self,
        method: str,
        path: str,
        *,
        host: str | None = None,
        query: str = "",
        json_body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send and read JSON. Raises `RefusedUpstreamError` or `UpstreamUnavailableError`."""
        sent = dict(headers or {})
        body = None
        if json_body is not None:
            body = json.dumps(json_body).encode()
            sent["Content-Type"] = "application/json"
        answer = self.send(method, path, host=host, query=query, body=body, headers=sent)
        if answer.status >= SERVER_ERRORS and _object(answer).get("code") in (None, *WITHOUT_A_REASON):
            raise UpstreamUnavailableError(self.name)
        if not answer.ok:
            raise RefusedUpstreamError(answer)
        return answer.json() if answer.body else None

    def _signature(self, host: str | None) -> dict[str, str]:
        token = signing.sign(self._key, audience=self.name, subject=host or signing.ANONYMOUS, now=self._clock())
        signed = {"Authorization": f"Bearer {token}", "traceparent": logs.traceparent()}
        if has_request_context() and "request_id" in g:
            signed["X-Request-Id"] = g.request_id
        return signed

    def _once_or_twice(self, wanted: dict[str, Any]) -> Answer:
        try:
            return self._once(wanted)
        except requests.ConnectionError as error:
            # A kept-alive connection may have been closed the moment it was used again, or the service restarted.
            repeatable = wanted["method"] in REPEATABLE or "Idempotency-Key" in wanted["headers"]
            if not (repeatable or _never_sent(error)):
                raise
            return self._once(wanted)

    def _once(self, wanted: dict[str, Any]) -> Answer:
        got = self._session().request(**wanted, allow_redirects=False)
        if wanted["stream"] and got.ok:
            return Answer(got.status_code, got.headers, b"", Rest(got))
        return Answer(got.status_code, got.headers, got.content)

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            # A proxy or a .netrc of the machine must not come between us; the latter would even replace our token.
            session.trust_env = False
            session.mount("http://", HTTPAdapter(pool_connections=4, pool_maxsize=4))
            self._local.session = session
        return session


def path(*segments: str) -> str:
    """Join segments to a path, each quoted so that it stays one segment. Raises `NotFound` for `.` and `..`."""
    if not {".", ".."}.isdisjoint(segments):
        # No quoting protects these: whatever builds the request line resolves them, and the call lands elsewhere.
        raise NotFound
    return "".join(f"/{quote(segment, safe='')}" for segment in segments)


def _never_sent(error: requests.ConnectionError) -> bool:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError)


def _object(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
