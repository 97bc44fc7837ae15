"""Makes the Flask app of an inner service: only our gateway may call it, and every error is a problem."""

import json
import re
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Response, g, jsonify, request
from flask_openapi3 import Info, OpenAPI

from shared import logs, metrics, signing
from shared.clock import Clock
from shared.readiness import NotReadyError
from shared.web import problems
from shared.web.problems import Problem

log = logs.get(__name__)

BODY_LIMIT = 64 * 1024
OPEN_PATHS = ("/livez", "/readyz", "/metrics", "/openapi/openapi.json")
_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")

Check = Callable[[], object]
"""Raises when what it looks at does not work; what it gives, if anything, is shown as its state."""


def app(
    name: str,
    *,
    title: str,
    service_key: str,
    clock: Clock,
    checks: Mapping[str, Check],
    refused: type[Exception],
    raw_paths: Mapping[str, int] | None = None,
    figures: Callable[[], None] | None = None,
) -> OpenAPI:
    """Make the app of the service `name`, which is also the audience of the tokens that it takes.

    `checks` are what readiness asks. `raw_paths` take bytes that are not JSON, each with its own limit in bytes.
    `figures` brings the metrics up to date before they are shown. In a request, `g.host_id` is the acting host's id,
    or None for an anonymous caller.
    """
    made = OpenAPI(
        name,
        info=Info(title=title, version="1"),
        validation_error_callback=problems.from_validation,
        validation_error_status=422,
        static_folder=None,
    )
    made.json.sort_keys = False  # type: ignore[attr-defined]
    common(made, checks=checks, raw_paths=raw_paths or {}, figures=figures, public=False)

    @made.before_request
    def authenticate() -> None:
        if request.path in OPEN_PATHS:
            return
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        try:
            subject = signing.verify(service_key, token if scheme == "Bearer" else "", audience=name, now=clock())
        except signing.BadTokenError as error:
            raise Problem(401, "unauthorized", "A token signed by the gateway is needed.") from error
        g.host_id = None if subject == signing.ANONYMOUS else subject

    made.before_request(lambda: _check_json(raw_paths or {}))
    problems.install(made, refused)
    return made


def common(
    made: Flask,
    *,
    checks: Mapping[str, Check],
    raw_paths: Mapping[str, int],
    figures: Callable[[], None] | None = None,
    public: bool = True,
) -> None:
    """Give any of our apps, the gateway's too, request ids, body limits, health and metrics.

    A readiness that is not `public` says in a sentence what fails, and may name the address of a server.
    """

    @made.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _REQUEST_ID.match(given) else secrets.token_hex(12)
        g.began = time.perf_counter()
        logs.follow(request.headers.get("traceparent"))
        request.max_content_length = raw_paths.get(request.path, BODY_LIMIT)

    @made.after_request
    def finish(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.get("request_id", "")
        route = request.url_rule.rule if request.url_rule else "unknown"
        took = time.perf_counter() - g.get("began", time.perf_counter())
        metrics.REQUESTS.labels(request.method, route, response.status_code).observe(took)
        return response

    @made.get("/livez")
    def live() -> dict[str, str]:
        return {"status": "alive"}

    @made.get("/readyz")
    def ready() -> tuple[Response, int]:
        states = {name: _state(check, public=public) for name, check in checks.items()}
        good = all(state.startswith("ok") for state in states.values())
        return jsonify(status="ready" if good else "not_ready", checks=states), 200 if good else 503

    @made.get("/metrics")
    def measured() -> Response:
        if figures is not None:
            figures()
        return Response(metrics.generate_latest(), content_type=metrics.CONTENT_TYPE_LATEST)


def require_host() -> str:
    """Give the acting host's id. Raises a 401 when nobody is signed in."""
    host_id = g.get("host_id")
    if host_id is None:
        raise Problem(401, "unauthorized", "This is only for a signed-in host.")
    return str(host_id)


def _state(check: Check, *, public: bool) -> str:
    try:
        found = check()
    except Exception as error:  # noqa: BLE001 - a check says what fails by raising whatever it raises
        log.warning("not_ready", error=logs.where(error))
        told = isinstance(error, NotReadyError) and (error.public or not public)
        sentence = f": {error}" if told else ""
        return f"failed: {type(error).__name__}{sentence}"
    return f"ok: {found}" if found else "ok"


def _check_json(raw_paths: Mapping[str, int]) -> None:
    if request.method not in ("POST", "PUT", "PATCH", "DELETE") or request.path in raw_paths:
        return
    read_json_object(required=False)


def read_json_object(*, required: bool) -> dict[str, Any]:
    """Give the request's JSON object. Raises 415, 400 or 422 problems that say what it is instead."""
    raw = request.get_data()
    if not raw and not required:
        return {}
    if request.mimetype != "application/json" and not request.mimetype.endswith("+json"):
        raise Problem(415, "not_json", "The body must be JSON, sent as application/json.")
    try:
        document = json.loads(raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Problem(400, "bad_request", "The body is not valid JSON.") from error
    if not isinstance(document, dict):
        raise _unfit("must be a JSON object")
    try:
        # Half a surrogate pair can be escaped in JSON, and no database, page or mail can hold it.
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise _unfit("holds characters that are not valid Unicode") from error
    return document


def _unfit(message: str) -> Problem:
    errors = [{"field": "body", "message": message}]
    return Problem(422, "validation_failed", f"The body {message}.", extra={"errors": errors})


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
