"""How the gateway says that something went wrong: a problem to programs, a page to people."""

import re
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, g, render_template, request
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException

from gateway.accounts import Refused
from gateway.upstream import RETRY_AFTER, RefusedUpstreamError, UpstreamUnavailableError
from shared import logs
from shared.web import problem
from shared.web.problems import CODE_OF_STATUS, STATUS_OF_KIND, Problem, from_validation

log = logs.get(__name__)

FOR_PROGRAMS = re.compile(r"^/(api(?!/docs)|webhooks|livez|readyz|metrics)(/|$)")

TITLES = {
    400: "That did not work",
    401: "Please sign in",
    403: "Not allowed",
    404: "Page not found",
    405: "That is not possible here",
    413: "That was too much at once",
    422: "Something is not as it should be",
    429: "Too many tries",
    503: "A moment, please",
}
SENTENCES = {
    404: "There is nothing at this address. It may have been mistyped, or what was here is gone.",
    405: "This address does not take that kind of request.",
    413: "What was sent is larger than we take.",
    503: "A part of Punctual is not answering right now. Nothing was lost. Please try again in a moment.",
    500: "Something went wrong on our side. Please try again; if it stays, tell whoever runs this site.",
}


def install(app: Flask) -> None:
    """Turn every exception into an answer."""
    app.register_error_handler(Problem, _from_problem)
    app.register_error_handler(Refused, _from_refusal)
    app.register_error_handler(RefusedUpstreamError, _from_upstream)
    app.register_error_handler(UpstreamUnavailableError, _from_silence)
    app.register_error_handler(ValidationError, from_validation)
    app.register_error_handler(HTTPException, _from_http)
    app.register_error_handler(OperationalError, _from_database)
    app.register_error_handler(PoolTimeoutError, _from_database)
    app.register_error_handler(Exception, _from_surprise)


def answer(
    status: int,
    code: str,
    detail: str,
    *,
    extra: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """Say it in the form that whoever asked can read."""
    if FOR_PROGRAMS.match(request.path):
        return problem(status, code, detail, extra=extra, headers=headers)
    title = TITLES.get(status, "Something went wrong")
    page = render_template("error.html", title=title, status=status, detail=detail, request_id=g.get("request_id"))
    response = Response(page, status, content_type="text/html; charset=utf-8")
    response.headers.update(headers or {})
    return response


def _from_problem(error: Problem) -> Response:
    return answer(error.status, error.code, error.detail, extra=error.extra, headers=error.headers)


def _from_refusal(error: Refused) -> Response:
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
    extra = {"errors": error.errors} if error.errors else {}
    return answer(STATUS_OF_KIND[error.kind], error.code, error.detail, extra=extra, headers=headers)


def _from_upstream(error: RefusedUpstreamError) -> Response:
    known = {"type", "title", "status", "detail", "code", "request_id"}
    extra = {name: value for name, value in error.problem.items() if name not in known}
    detail = error.detail or SENTENCES.get(error.status, SENTENCES[500])
    return answer(error.status, error.code or CODE_OF_STATUS.get(error.status, "error"), detail, extra=extra)


def _from_silence(_error: UpstreamUnavailableError) -> Response:
    return answer(503, "upstream_unavailable", SENTENCES[503], headers={"Retry-After": str(RETRY_AFTER)})


def _from_database(error: Exception) -> Response:
    log.error("database_unavailable", error=logs.where(error))
    return answer(503, "unavailable", SENTENCES[503], headers={"Retry-After": str(RETRY_AFTER)})


def _from_http(error: HTTPException) -> Response:
    status = error.code or 500
    if error.response is not None or status < HTTPStatus.BAD_REQUEST:
        # A redirect that the router itself asks for.
        return Response(error.get_body(), status, error.get_headers())
    headers = {}
    methods = getattr(error, "valid_methods", None)
    if methods:
        headers["Allow"] = ", ".join(sorted(methods))
    limited = getattr(error, "retry_after", None)
    if limited:
        headers["Retry-After"] = str(limited)
    detail = SENTENCES.get(status) or error.description or SENTENCES[500]
    return answer(status, CODE_OF_STATUS.get(status, "error"), detail, headers=headers)


def _from_surprise(error: Exception) -> Response:
    route = request.url_rule.rule if request.url_rule else None
    log.error("request_failed", route=route, error=logs.where(error))
    return answer(500, "internal_error", SENTENCES[500])
