"""The dashboard's availability: the week and its exceptions, edited in one form that needs no script."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from gateway.accounts import first_steps
from gateway.pages import availability_form, forms, months, session_type_times, session_types, visitors
from gateway.pages.availability_form import Hours
from gateway.pages.blueprint import pages
from gateway.pages.forms import Errors
from gateway.parts import parts
from gateway.storage import Account
from gateway.upstream import RefusedUpstreamError, UpstreamUnavailableError

WHERE = "/me/availability"


@pages.get("/dashboard/availability")
def availability() -> ResponseReturnValue:
    """Show when the host can be booked, and a week of it as a client sees it."""
    account = visitors.require_account()
    found: dict[str, Any] = parts().booking.ask("GET", WHERE, host=account.id)
    return _page(availability_form.from_api(found), Errors(), 200, preview=_preview(account))


@pages.post("/dashboard/availability")
def availability_sent() -> ResponseReturnValue:
    """Save the hours, or change the form by a row and show it again."""
    account = visitors.require_account()
    hours = availability_form.from_request(request.form)
    action = request.form.get("action", "save")
    if action != "save":
        return _page(availability_form.changed(hours, action), Errors(), 200, unsaved=True)
    hours = availability_form.with_what_is_new(hours)
    body, errors = availability_form.body(hours)
    if errors:
        return _page(hours, errors, 422, unsaved=True)
    try:
        parts().booking.ask("PUT", WHERE, host=account.id, json_body=body)
    except RefusedUpstreamError as refused:
        errors = forms.from_upstream(refused, rename=lambda name: availability_form.field_name(name, body))
        return _page(hours, errors, refused.status, unsaved=True)
    parts().first_steps.taken(account.id, first_steps.HOURS)
    flash("Saved. Your page offers these hours from now on.")
    return redirect(url_for("pages.availability"), 303)


def _preview(account: Account) -> dict[str, Any] | None:
    # The form must be there even when its preview can't be.
    try:
        kinds = [kind for kind in session_types.all_of(account) if kind["active"]]
        wanted = request.args.get("type")
        kind = next((one for one in kinds if one["id"] == wanted), kinds[0] if kinds else None)
        if kind is None:
            return {"kinds": [], "kind": None, "week": None}
        first = months.read_date(request.args.get("week"))
        return {"kinds": kinds, "kind": kind, "week": session_type_times.week_of(account, kind["id"], first)}
    except (RefusedUpstreamError, UpstreamUnavailableError):
        return None


def _page(
    hours: Hours, errors: Errors, status: int, *, preview: dict[str, Any] | None = None, unsaved: bool = False
) -> ResponseReturnValue:
    page = render_template(
        "dashboard/availability.html",
        hours=hours,
        errors=errors,
        labels=availability_form.labels(hours),
        weekdays=availability_form.WEEKDAYS,
        preview=preview,
        unsaved=unsaved,
    )
    return page, status
