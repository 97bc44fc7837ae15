"""Addresses of style sheet and scripts that change with their content, so that browsers may keep them for good."""

import hashlib
from functools import cache
from importlib import resources

from flask import Flask, Response, request

KEEP = "public, max-age=31536000, immutable"


def install(app: Flask) -> None:
    """Let browsers keep what was asked for by its content."""

    @app.after_request
    def keep(response: Response) -> Response:
        if request.endpoint == "static" and request.args.get("v"):
            response.headers["Cache-Control"] = KEEP
        return response


@cache
def address(name: str) -> str:
    """Give the address of a file in `static`."""
    content = (resources.files("gateway") / "static" / name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"
