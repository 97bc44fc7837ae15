"""The dashboard's session types: the list, one form that makes and changes them, and how it will look to a client."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from gateway.accounts import first_steps
from gateway.pages import availability_form, forms, session_type_form, visitors
from gateway.pages.availability_form import Hours
from gateway.pages.blueprint import pages
from gateway.pages.forms import Errors
from gateway.parts import parts
from gateway.storage import Account
from gateway.upstream import RefusedUpstreamError, path

NO_TYPE = "You have no such session type. It may have been deleted."
MOST = 200


@pages.get("/dashboard/session-types")
def session_types() -> ResponseReturnValue:
    """List what can be booked."""
    account = visitors.require_account()
    me: dict[str, Any] = parts().booking.ask("GET", "/me", host=account.id)
    return render_template(
        "dashboard/session_types.html",
        kinds=all_of(account),
        handle=me["handle"],
        address=f"{parts().settings.public_url}/{me['handle']}",
    )


@pages.get("/dashboard/session-types/new")
def session_type_new() -> ResponseReturnValue:
    """Show an empty form."""
    account = visitors.require_account()
    me: dict[str, Any] = parts().booking.ask("GET", "/me", host=account.id)
    return _form(session_type_form.blank(me), session_type_form.hours_of(None), Errors(), None, 200)


@pages.post("/dashboard/session-types/new")
def session_type_made() -> ResponseReturnValue:
    """Make a session type."""
    return _sent(visitors.require_account(), None)


@pages.post("/dashboard/session-types/preview")
def session_type_preview() -> ResponseReturnValue:
    """Draw what clients would see, for the script that keeps the preview fresh."""
    visitors.require_account()
    return render_template("dashboard/_session_type_preview.html", typed=session_type_form.from_request(request.form))


@pages.get("/dashboard/session-types/<type_id>")
def session_type(type_id: str) -> ResponseReturnValue:
    """Show one to change."""
    kind = one_of(visitors.require_account(), type_id)
    return _form(session_type_form.from_kind(kind), session_type_form.hours_of(kind), Errors(), kind, 200)


@pages.post("/dashboard/session-types/<type_id>")
def session_type_changed(type_id: str) -> ResponseReturnValue:
    """Change one."""
    account = visitors.require_account()
    return _sent(account, one_of(account, type_id))


@pages.get("/dashboard/session-types/<type_id>/delete")
def session_type_delete(type_id: str) -> ResponseReturnValue:
    """Ask whether to delete it."""
    kind = one_of(visitors.require_account(), type_id)
    return render_template("dashboard/session_type_delete.html", kind=kind)


@pages.post("/dashboard/session-types/<type_id>/delete")
def session_type_deleted(type_id: str) -> ResponseReturnValue:
    """Delete it; its bookings stay."""
    account = visitors.require_account()
    try:
        parts().booking.ask("DELETE", path("me", "session-types", type_id), host=account.id)
    except RefusedUpstreamError as refused:
        raise NotFound(NO_TYPE) from refused
    flash("Deleted. What was booked stays booked.")
    return redirect(url_for("pages.session_types"), 303)


def all_of(account: Account) -> list[dict[str, Any]]:
    """Ask for the host's session types."""
    found: dict[str, Any] = parts().booking.ask("GET", "/me/session-types", host=account.id, query=f"limit={MOST}")
    items: list[dict[str, Any]] = found["items"]
    return items


def one_of(account: Account, type_id: str) -> dict[str, Any]:
    """Ask for one session type. Raises `NotFound`."""
    try:
        found: dict[str, Any] = parts().booking.ask("GET", path("me", "session-types", type_id), host=account.id)
    except RefusedUpstreamError as refused:
        raise NotFound(NO_TYPE) from refused
    return found


def _sent(account: Account, kind: dict[str, Any] | None) -> ResponseReturnValue:
    typed = session_type_form.from_request(request.form)
    hours = availability_form.from_request(request.form)
    action = request.form.get("action", "save")
    if action == "add-question":
        return _form(session_type_form.with_a_question_more(typed), hours, Errors(), kind, 200)
    if action != "save":
        return _form(typed, availability_form.changed(hours, action), Errors(), kind, 200)
    hours = availability_form.with_what_is_new(hours)
    body, errors = session_type_form.body(typed, hours)
    if errors:
        return _form(typed, hours, errors, kind, 422)
    method, where = ("PATCH", path("me", "session-types", kind["id"])) if kind else ("POST", "/me/session-types")
    try:
        parts().booking.ask(method, where, host=account.id, json_body=body)
    except RefusedUpstreamError as refused:
        errors = forms.from_upstream(
            refused,
            rename=lambda name: session_type_form.field_name(name, body),
            field_of_code=session_type_form.FIELD_OF_CODE,
        )
        return _form(typed, hours, errors, kind, refused.status)
    parts().first_steps.taken(account.id, first_steps.SESSION_TYPE)
    flash("Saved. What was booked before stays as it is.")
    return redirect(url_for("pages.session_types"), 303)


def _form(
    typed: dict[str, Any], hours: Hours, errors: Errors, kind: dict[str, Any] | None, status: int
) -> ResponseReturnValue:
    page = render_template(
        "dashboard/session_type.html",
        typed=typed,
        hours=hours,
        errors=errors,
        labels=session_type_form.labels(hours),
        kind=kind,
        weekdays=availability_form.WEEKDAYS,
        reminders=session_type_form.reminder_choices(typed),
        units=session_type_form.UNITS,
    )
    return page, status
