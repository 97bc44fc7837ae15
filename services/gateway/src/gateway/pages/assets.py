"""Addresses of styles, scripts and logos that change with their content, so that browsers may keep them for good."""

import gzip
import hashlib
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask, Response, request

KEEP = "public, max-age=31536000, immutable"
OK = 200
PACKED = frozenset({"text/css", "text/javascript", "application/javascript", "image/svg+xml"})
"""What is worth packing. Of the pages only those without a secret are (`pack`): packed together with what a stranger
made a visitor send, a token's letters could be guessed from the length."""


def install(app: Flask) -> None:
    """Let browsers keep what was asked for by its content."""

    @app.after_request
    def keep(response: Response) -> Response:
        if request.endpoint == "static" and request.args.get("v"):
            response.headers["Cache-Control"] = KEEP
        if request.endpoint == "static" and response.mimetype in PACKED:
            response.direct_passthrough = False
            pack(response, _packed)
        return response


def pack(response: Response, how: Callable[[bytes], bytes] = gzip.compress) -> Response:
    """Pack an answer that holds no secret, for whoever can unpack it."""
    response.vary.add("Accept-Encoding")
    if response.status_code == OK and request.accept_encodings["gzip"]:
        response.data = how(response.get_data())
        response.headers["Content-Encoding"] = "gzip"
    return response


@cache
def address(name: str) -> str:
    """Give the address of a file in `static`."""
    content = (resources.files("gateway") / "static" / name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


@cache
def _packed(content: bytes) -> bytes:
    return gzip.compress(content)


def logo(host: dict[str, Any]) -> str | None:
    """Give the address of a host's logo, or None without one."""
    version = host.get("logo")
    if not version or not host.get("handle"):
        return None
    return f"/api/v1/hosts/{quote(host['handle'], safe='')}/logo?{urlencode({'v': str(version)})}"
