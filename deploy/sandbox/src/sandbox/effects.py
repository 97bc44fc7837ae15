"""What a fault does to an answer: in place of it, or to it after the work is done."""

import json
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from flask import Response, request
from werkzeug.serving import WSGIRequestHandler

from sandbox import faults
from sandbox.context import here, zulu

HTML = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr>nginx</body></html>\r\n"
XML = "<?xml version='1.0'?><result><errorCode>{0}</errorCode><errorMessage>Error</errorMessage></result>"

# The host that a redirect leads to; calls that come there are answered.
ELSEWHERE = "localhost"

Spoiling = faults.Status | faults.Hang | faults.Reset | faults.Unreadable | faults.TokenLost
Replacing = Spoiling | faults.Redirect | faults.RateLimit


def instead(fault: Replacing) -> Response:
    """Answer in Zoom's place; nothing was done."""
    if isinstance(fault, faults.Redirect):
        return redirected(fault)
    if isinstance(fault, faults.RateLimit):
        return refused(fault, here().clock())
    if isinstance(fault, faults.Unreadable):
        return Response('{"id": 8734', 200, content_type="application/json")
    return spoiled(fault, Response())


def spoiled(fault: Spoiling, answer: Response) -> Response:
    """Send this in place of the answer to work that is done."""
    match fault:
        case faults.Status():
            return with_status(fault)
        case faults.Hang():
            here().stopping.wait(fault.seconds)
            return cut(reset=False)
        case faults.Unreadable():
            half = answer.get_data()[: len(answer.get_data()) // 2]
            # A 204 can't have a body.
            status = answer.status_code if half else 200
            return Response(half or b"<html", status, content_type="application/json")
        case faults.Reset() | faults.TokenLost():
            return cut(reset=True)


def with_status(fault: faults.Status) -> Response:
    """Answer with a status and a body of the form that was asked for."""
    if isinstance(fault.body, dict):
        return Response(json.dumps(fault.body), fault.status, fault.headers, content_type="application/json")
    text, kind = {
        "json": (json.dumps({"code": fault.status, "message": "Service is not available."}), "application/json"),
        "html": (HTML.format(f"{fault.status} Error"), "text/html"),
        "xml": (XML.format(fault.status), "application/xml"),
        "empty": ("", "text/plain"),
    }[fault.body]
    return Response(text, fault.status, fault.headers, content_type=kind)


def redirected(fault: faults.Redirect) -> Response:
    """Send the call to another name of this machine, so that clients see another host."""
    base = fault.to or f"http://{ELSEWHERE}:{here().settings.port}"
    return Response("", 307, headers={"Location": base.rstrip("/") + request.full_path.rstrip("?")})


PER_SECOND = "You have reached the maximum per-second rate limit for this API. Try again later."
PER_DAY = (
    "You have reached the maximum daily rate limit for this API. Refer to the response header for details about"
    " when you can make another request."
)
USER_DAILY = (
    "You have exceeded the daily rate limit ({0}) of Meeting Create/Update API requests permitted for this"
    " particular user. You may resume these requests at GMT 00:00:00."
)


def refused(fault: faults.RateLimit, now: datetime, limit: int | None = None) -> Response:
    """Answer 429 as Zoom does for each kind of limit; without a wish, in the form that was observed."""
    midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
    until = now + timedelta(seconds=1) if fault.kind == "per_second" else midnight
    form = fault.retry_after or {"per_second": "none", "daily": "iso", "user_daily": "none"}[fault.kind]
    headers = {
        "per_second": {"X-RateLimit-Type": "QPS", "X-RateLimit-Limit": str(limit or 4), "X-RateLimit-Remaining": "0"},
        "daily": {
            "X-RateLimit-Type": "Daily-limit",
            "X-RateLimit-Limit": str(limit or 6000),
            "X-RateLimit-Remaining": "0",
        },
        "user_daily": {"X-RateLimit-Category": "Light", "X-RateLimit-Limit": "6000", "X-RateLimit-Remaining": "5893"},
    }[fault.kind]
    if form != "none":
        headers["Retry-After"] = {
            "seconds": str(max(1, int((until - now).total_seconds()))),
            "date": format_datetime(until.astimezone(UTC), usegmt=True),
            "iso": zulu(until.timestamp()),
        }[form]
    message = {"per_second": PER_SECOND, "daily": PER_DAY, "user_daily": USER_DAILY.format(limit or 100)}[fault.kind]
    body = json.dumps({"code": fault.code, "message": message})
    return Response(body, 300 if fault.code == 300 else 429, headers, content_type="application/json")  # noqa: PLR2004 - the historic status


def cut(*, reset: bool) -> Response:
    """Close the connection without an answer."""
    environ = request.environ

    def nothing() -> Iterator[bytes]:
        environ["sandbox.reset"] = reset
        raise ConnectionResetError
        yield b""

    return Response(nothing())


class Connection(WSGIRequestHandler):
    """Werkzeug's handler, quiet, and able to end a connection with a reset."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the sandbox keeps its own log of calls, without tokens."""

    def connection_dropped(self, error: BaseException, environ: dict[str, object] | None = None) -> None:
        """End as the fault asks: with a FIN, or with a reset that throws away what the client still waits for."""
        del error
        self.close_connection = True
        if not (environ or {}).get("sandbox.reset"):
            return
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
