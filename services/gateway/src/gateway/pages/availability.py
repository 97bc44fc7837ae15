"""The dashboard's availability: the week and its exceptions, edited in one form that needs no script."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from gateway.pages import availability_form, forms, visitors
from gateway.pages.availability_form import Hours
from gateway.pages.blueprint import pages
from gateway.pages.forms import Errors
from gateway.parts import parts
from gateway.upstream import RefusedUpstreamError

WHERE = "/me/availability"


@pages.get("/dashboard/availability")
def availability() -> ResponseReturnValue:
    """Show when the host can be booked."""
    account = visitors.require_account()
    found: dict[str, Any] = parts().booking.ask("GET", WHERE, host=account.id)
    return _page(availability_form.from_api(found), Errors(), 200)


@pages.post("/dashboard/availability")
def availability_sent() -> ResponseReturnValue:
    """Save the hours, or change the form by a row and show it again."""
    account = visitors.require_account()
    hours = availability_form.from_request(request.form)
    action = request.form.get("action", "save")
    if action != "save":
        return _page(availability_form.changed(hours, action), Errors(), 200)
    hours = availability_form.with_the_new_date(hours)
    body, errors = availability_form.body(hours)
    if errors:
        return _page(hours, errors, 422)
    try:
        parts().booking.ask("PUT", WHERE, host=account.id, json_body=body)
    except RefusedUpstreamError as refused:
        errors = forms.from_upstream(refused, rename=lambda name: availability_form.field_name(name, body))
        return _page(hours, errors, refused.status)
    flash("Saved. Your page offers these hours from now on.")
    return redirect(url_for("pages.availability"), 303)


def _page(hours: Hours, errors: Errors, status: int) -> ResponseReturnValue:
    page = render_template(
        "dashboard/availability.html", hours=hours, errors=errors, weekdays=availability_form.WEEKDAYS
    )
    return page, status
