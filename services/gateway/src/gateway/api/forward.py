"""Forwards a public call inward and its answer outward, both untouched: JSON, raw bytes, and long answers in pieces."""

from collections.abc import Callable

from flask import Flask, Response, request

from gateway.api.callers import require_key, require_no_body
from gateway.api.routes import HOST, NOTHING, PREFIX, RAW, ROUTES, Route
from gateway.parts import parts
from gateway.upstream import Answer, path
from shared.web.app import read_json_object

SENT_ON = ("Idempotency-Key", "If-None-Match")
GIVEN_BACK = ("Content-Type", "Content-Disposition", "Cache-Control", "ETag", "Retry-After", "Allow")


def install(app: Flask) -> None:
    """Make one view for each line of the table that is not composed."""
    for route in ROUTES:
        if route.composed:
            continue
        app.add_url_rule(
            PREFIX + route.path,
            endpoint=f"api.forward {route.method} {route.path}",
            view_func=_view(route),
            methods=[route.method],
        )


def _view(route: Route) -> Callable[..., Response]:
    def forward(**segments: str) -> Response:
        host = require_key() if route.who == HOST else None
        return given_back(_send(route, segments, host))

    return forward


def _send(route: Route, segments: dict[str, str], host: str | None) -> Answer:
    headers = {name: request.headers[name] for name in SENT_ON if name in request.headers}
    body = _body(route)
    if body is not None:
        headers["Content-Type"] = request.headers.get("Content-Type", "") if route.takes == RAW else "application/json"
    return (
        parts()
        .service(route.service)
        .send(
            request.method if request.method != "HEAD" else "GET",
            inner_path(route.path, segments),
            host=host,
            query=request.query_string.decode("latin-1"),
            body=body,
            headers=headers,
            stream=route.streamed,
        )
    )


def _body(route: Route) -> bytes | None:
    if route.takes == NOTHING:
        require_no_body()
        return None
    if route.method == "GET":
        return None
    if route.takes != RAW:
        read_json_object(required=False)
    return request.get_data() or None


def inner_path(pattern: str, segments: dict[str, str]) -> str:
    """Put the public path's segments into the inner one, each quoted again."""
    return path(*(segments[part[1:-1]] if part.startswith("<") else part for part in pattern.strip("/").split("/")))


def given_back(answer: Answer) -> Response:
    """Make our answer out of an inner one."""
    response = Response(iter(answer.rest) if answer.rest else answer.body, answer.status)
    if answer.rest:
        response.call_on_close(answer.rest.close)
    response.headers.remove("Content-Type")
    for name in GIVEN_BACK:
        if name in answer.headers:
            response.headers[name] = answer.headers[name]
    return response
