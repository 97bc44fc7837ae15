"""Errors as `application/problem+json` (RFC 9457); the one place where kinds of refusal become statuses."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, g, request
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException

from shared import logs

log = logs.get(__name__)

STATUS_OF_KIND = {
    "invalid": 422,
    "unauthorized": 401,
    "denied": 403,
    "not_found": 404,
    "conflict": 409,
    "limited": 429,
    "unavailable": 503,
}
CODE_OF_STATUS = {
    400: "bad_request",
    401: "unauthorized",
    403: "denied",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "not_json",
    422: "validation_failed",
    429: "rate_limited",
    503: "unavailable",
}
RETRY_AFTER_SECONDS = 2


class Problem(Exception):
    """An answer that is an error, raised by the HTTP side itself."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    extra: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Make the answer. `extra` are further members, such as `errors` or `nearest`."""
    body = {
        "type": f"urn:punctual:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": g.get("request_id"),
        **(extra or {}),
    }
    response = Response(json.dumps(body), status, content_type="application/problem+json")
    for name, value in (headers or {}).items():
        response.headers[name] = value
    return response


def install(app: Flask, refused: type[Exception]) -> None:
    """Turn every exception of `app` into a problem; `refused` is the service's own exception for refusals."""
    app.register_error_handler(Problem, _from_problem)
    app.register_error_handler(refused, _from_refusal)
    app.register_error_handler(ValidationError, from_validation)
    app.register_error_handler(HTTPException, _from_http)
    app.register_error_handler(OperationalError, _from_database)
    app.register_error_handler(PoolTimeoutError, _from_database)
    app.register_error_handler(Exception, _from_surprise)


def from_validation(error: ValidationError) -> Response:
    """Name each field that doesn't fit and why, without repeating what was sent."""
    if request.method in ("POST", "PUT", "PATCH") and not request.get_data():
        return problem(400, "bad_request", "The request has no body; a JSON object is expected.")
    return problem(422, "validation_failed", "Some fields are not as they should be.", extra={"errors": _fields(error)})


def _fields(error: ValidationError) -> Sequence[dict[str, str]]:
    return [
        {
            "field": ".".join(str(part) for part in e["loc"]) or "body",
            "message": _printable(e["msg"].removeprefix("Value error, ")),
        }
        for e in error.errors(include_input=False, include_url=False, include_context=False)
    ]


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _from_problem(error: Problem) -> Response:
    return problem(error.status, error.code, error.detail, extra=error.extra, headers=error.headers)


def _from_refusal(error: Any) -> Response:
    extra = dict(getattr(error, "extra", None) or {})
    errors = getattr(error, "errors", None)
    if errors:
        extra["errors"] = errors
    return problem(STATUS_OF_KIND[error.kind], error.code, error.detail, extra=extra)


def _from_http(error: HTTPException) -> Response:
    status = error.code or 500
    if isinstance(error.response, Response):
        return error.response
    headers = {"Allow": ", ".join(sorted(error.valid_methods))} if getattr(error, "valid_methods", None) else {}  # type: ignore[attr-defined]
    return problem(status, CODE_OF_STATUS.get(status, "error"), error.description or "", headers=headers)


def _from_database(error: Exception) -> Response:
    log.error("database_unavailable", error=logs.where(error))
    return problem(
        503,
        "unavailable",
        "The service is busy or its database does not answer. Nothing was changed; please try again.",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def _from_surprise(error: Exception) -> Response:
    log.error("request_failed", path=request.url_rule.rule if request.url_rule else None, error=logs.where(error))
    return problem(500, "internal_error", "Something went wrong on our side.")
