"""The host's list of bookings: filtered, searched, a page at a time, and as a file for a spreadsheet."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import render_template, request
from flask.typing import ResponseReturnValue

from gateway.api.forward import given_back
from gateway.pages import desk_words, forms, months, overview, session_types, visitors
from gateway.pages.blueprint import pages
from gateway.pages.forms import Errors
from gateway.parts import parts
from gateway.upstream import RefusedUpstreamError

PAGE = 25
FILTERS = ("q", "status", "session_type", "video_state", "from", "to", "order")
NEWEST_FIRST = "desc"


@pages.get("/dashboard/bookings")
def bookings() -> ResponseReturnValue:
    """List bookings, filtered, a page at a time; unasked, those that are to come."""
    account = visitors.require_account()
    me: dict[str, Any] = parts().booking.ask("GET", "/me", host=account.id)
    today = parts().clock().astimezone(ZoneInfo(me["timezone"])).date()
    filters, errors = _filters()
    if not request.args:
        filters["from"] = today.isoformat()
    kept = {name: value for name, value in filters.items() if value}
    asked = {"limit": str(PAGE), **kept, **{name: request.args[name] for name in ("cursor",) if request.args.get(name)}}
    found: dict[str, Any] = {"items": [], "next_cursor": None}
    try:
        found = parts().booking.ask("GET", "/me/bookings", host=account.id, query=urlencode(asked))
    except RefusedUpstreamError as refused:
        errors = forms.from_upstream(refused)
    views = _views(today)
    here = next((name for name, wanted in views.items() if wanted == kept), None)
    return render_template(
        "dashboard/bookings.html",
        days=_in_their_order(found["items"], me["timezone"]),
        kinds=session_types.all_of(account),
        states=desk_words.STATES,
        filters=filters,
        views=[(_address(wanted), name, name == here) for name, wanted in views.items()],
        here=here,
        more=_address({**kept, "cursor": found["next_cursor"]}) if found["next_cursor"] else None,
        file=_address(kept, "/dashboard/bookings.csv"),
        beginning=_address(kept) if request.args.get("cursor") else None,
        zone=me["timezone"],
        today=today,
        errors=errors,
    )


@pages.get("/dashboard/bookings.csv")
def bookings_csv() -> ResponseReturnValue:
    """Give the same bookings as a file."""
    account = visitors.require_account()
    filters, _ = _filters()
    query = urlencode({name: value for name, value in filters.items() if value})
    answer = parts().booking.send("GET", "/me/bookings.csv", host=account.id, query=query, stream=True)
    if not answer.ok:
        raise RefusedUpstreamError(answer)
    given = given_back(answer)
    given.headers["Cache-Control"] = "no-store"
    return given


def _views(today: date) -> dict[str, dict[str, str]]:
    yesterday = today - timedelta(days=1)
    return {
        "Upcoming": {"from": today.isoformat()},
        "Past": {"to": yesterday.isoformat(), "order": NEWEST_FIRST},
        "Canceled": {"status": "canceled"},
        "All": {},
    }


def _address(wanted: dict[str, str], base: str = "/dashboard/bookings") -> str:
    # An address without a query means those that are to come.
    return f"{base}?{urlencode(wanted or {'q': ''})}"


def _in_their_order(found: list[dict[str, Any]], zone: str) -> overview.Days:
    days = overview.by_day(found, zone)
    if request.args.get("order") != NEWEST_FIRST:
        return days
    return [(day, items[::-1]) for day, items in reversed(days)]


def _filters() -> tuple[dict[str, str], Errors]:
    filters = {name: request.args.get(name, "").strip() for name in FILTERS}
    errors = Errors()
    for name in ("from", "to"):
        if filters[name] and not months.read_date(filters[name]):
            errors.add(name, "Write a date")
            filters[name] = ""
    return filters, errors
