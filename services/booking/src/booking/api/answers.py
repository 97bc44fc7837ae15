"""How views leave the house, and what the views of requests are made with."""

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

from flask import Response, current_app
from pydantic import BaseModel

from booking.api.views import Views
from booking.handlers.desk import Desk

CALENDAR = "text/calendar; charset=utf-8; method=PUBLISH"
CSV = "text/csv; charset=utf-8"
Documented = dict[str | int | HTTPStatus, type[BaseModel] | dict[Any, Any] | None]
CALENDAR_RESPONSES: Documented = {
    200: {"description": "iCalendar", "content": {"text/calendar": {"schema": {"type": "string"}}}}
}
CSV_RESPONSES: Documented = {
    200: {"description": "One line for each", "content": {"text/csv": {"schema": {"type": "string"}}}}
}
EXTENSION = "booking"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the functions behind the addresses work with."""

    desk: Desk
    views: Views


def parts() -> Parts:
    """Give the parts of the app that is answering."""
    return cast("Parts", current_app.extensions[EXTENSION])


def shown(view: BaseModel, status: int = 200) -> Response:
    """Answer with a view."""
    return Response(view.model_dump_json(), status, mimetype="application/json")


def written(content: bytes) -> Response:
    """Answer with JSON that is written already."""
    return Response(content, mimetype="application/json")


def calendar(content: bytes, *, download: bool) -> Response:
    """Answer with a calendar, to be kept or to be read by a calendar program."""
    response = Response(content, content_type=CALENDAR)
    response.headers["Cache-Control"] = "private, no-cache"
    if download:
        response.headers["Content-Disposition"] = 'attachment; filename="booking.ics"'
    return response


def table(rows: Iterable[str], name: str) -> Response:
    """Answer with CSV, line by line."""
    response = Response(rows, content_type=CSV)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
