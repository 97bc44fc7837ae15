"""The host's bookings: the list, and one of them with its timeline and mails."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from gateway import composition
from gateway.pages import confirmation, forms, months, visitors
from gateway.pages.blueprint import pages
from gateway.pages.forms import Errors
from gateway.parts import parts
from gateway.upstream import RefusedUpstreamError, path

NO_BOOKING = "You have no booking at this address."
PAGE = 25


@pages.get("/dashboard/bookings")
def bookings() -> ResponseReturnValue:
    """List bookings, filtered, a page at a time."""
    account = visitors.require_account()
    me: dict[str, Any] = parts().booking.ask("GET", "/me", host=account.id)
    filters = {name: request.args.get(name, "").strip() for name in ("from", "to", "status", "q")}
    asked = {"limit": str(PAGE), **_query(filters, me["timezone"])}
    if request.args.get("cursor"):
        asked["cursor"] = request.args["cursor"]
    errors = Errors()
    found: dict[str, Any] = {"items": [], "next_cursor": None}
    try:
        found = parts().booking.ask("GET", "/me/bookings", host=account.id, query=urlencode(asked))
    except RefusedUpstreamError as refused:
        errors = forms.from_upstream(refused)
    more = urlencode({**{k: v for k, v in filters.items() if v}, "cursor": found["next_cursor"] or ""})
    return render_template(
        "dashboard/bookings.html",
        found=found["items"],
        filters=filters,
        filtered=any(filters.values()),
        more=more if found["next_cursor"] else None,
        paged=bool(request.args.get("cursor")),
        zone=me["timezone"],
        errors=errors,
    )


def _query(filters: dict[str, str], zone: str) -> dict[str, str]:
    there = ZoneInfo(zone)
    asked = {name: filters[name] for name in ("status", "q") if filters[name]}
    first, last = months.read_date(filters["from"]), months.read_date(filters["to"])
    if first:
        asked["from"] = datetime(first.year, first.month, first.day, tzinfo=there).isoformat()
    if last:
        following = last + timedelta(days=1)
        asked["to"] = datetime(following.year, following.month, following.day, tzinfo=there).isoformat()
    return asked


@pages.get("/dashboard/bookings/<booking_id>")
def booking(booking_id: str) -> ResponseReturnValue:
    """Show one booking with everything that happened to it."""
    account = visitors.require_account()
    try:
        found = composition.booking_with_deliveries(parts(), account.id, booking_id)
    except RefusedUpstreamError as refused:
        raise NotFound(NO_BOOKING) from refused
    return render_template(
        "dashboard/booking.html",
        booking=found,
        zone=found["host"]["timezone"],
        link=confirmation.joinable(found),
        waits=_waits(found),
    )


def _waits(found: dict[str, Any]) -> bool:
    unsent = any(mail["state"] != "sent" for mail in found["deliveries"]) or not found["deliveries_known"]
    return unsent or found["video"]["state"] in {"pending", "delayed", "unavailable", "failed"}


@pages.post("/dashboard/bookings/<booking_id>/retry")
def booking_retry(booking_id: str) -> ResponseReturnValue:
    """Try the meeting and the unsent mails again now."""
    account = visitors.require_account()
    try:
        composition.retry(parts(), account.id, booking_id)
    except RefusedUpstreamError as refused:
        raise NotFound(NO_BOOKING) from refused
    flash("It is being tried again now.")
    return redirect(url_for("pages.booking", booking_id=booking_id), 303)


@pages.get("/dashboard/bookings/<booking_id>/cancel")
def booking_cancel(booking_id: str) -> ResponseReturnValue:
    """Ask whether to cancel."""
    account = visitors.require_account()
    return render_template("cancel.html", reason="", errors=Errors(), **_for_host(account.id, booking_id))


@pages.post("/dashboard/bookings/<booking_id>/cancel")
def booking_cancel_sent(booking_id: str) -> ResponseReturnValue:
    """Cancel the booking."""
    account = visitors.require_account()
    reason = request.form.get("reason", "")
    try:
        where = path("me", "bookings", booking_id, "cancel")
        parts().booking.ask("POST", where, host=account.id, json_body={"reason": reason})
    except RefusedUpstreamError as refused:
        errors = forms.from_upstream(refused)
        shown = _for_host(account.id, booking_id)
        return render_template("cancel.html", reason=reason, errors=errors, **shown), refused.status
    flash("The session is canceled. Both of you are told by mail.")
    return redirect(url_for("pages.booking", booking_id=booking_id), 303)


@pages.get("/dashboard/bookings/<booking_id>/reschedule")
def booking_reschedule(booking_id: str) -> ResponseReturnValue:
    """Show the free times to move to or, once one is chosen, ask whether to move."""
    account = visitors.require_account()
    base = url_for("pages.booking_reschedule", booking_id=booking_id)
    return confirmation.reschedule_page(_for_host(account.id, booking_id), base, Errors(), None)


@pages.post("/dashboard/bookings/<booking_id>/reschedule")
def booking_reschedule_sent(booking_id: str) -> ResponseReturnValue:
    """Move the booking."""
    account = visitors.require_account()
    body = {"start": request.form.get("start", "")}
    try:
        parts().booking.ask("POST", path("me", "bookings", booking_id, "reschedule"), host=account.id, json_body=body)
    except RefusedUpstreamError as refused:
        errors = forms.from_upstream(refused)
        shown = _for_host(account.id, booking_id)
        base = url_for("pages.booking_reschedule", booking_id=booking_id)
        return confirmation.reschedule_page(shown, base, errors, refused.problem.get("nearest")), refused.status
    flash("The session is moved. Both of you are told by mail.")
    return redirect(url_for("pages.booking", booking_id=booking_id), 303)


def _for_host(host_id: str, booking_id: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = parts().booking.ask("GET", path("me", "bookings", booking_id), host=host_id)
    except RefusedUpstreamError as refused:
        raise NotFound(NO_BOOKING) from refused
    return {
        "booking": found,
        "zone": found["host"]["timezone"],
        "back": url_for("pages.booking", booking_id=booking_id),
        "slots": path("me", "bookings", booking_id, "slots"),
        "host_id": host_id,
        "layout": "_dashboard.html",
        "color": "",
    }
