"""The dashboard's session types: the list, and one form that makes and changes them."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from gateway.pages import forms, session_type_form, visitors
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
    found: dict[str, Any] = parts().booking.ask("GET", "/me/session-types", host=account.id, query=f"limit={MOST}")
    return render_template(
        "dashboard/session_types.html",
        kinds=found["items"],
        address=f"{parts().settings.public_url}/{me['handle']}",
    )


@pages.get("/dashboard/session-types/new")
def session_type_new() -> ResponseReturnValue:
    """Show an empty form."""
    account = visitors.require_account()
    me: dict[str, Any] = parts().booking.ask("GET", "/me", host=account.id)
    return _form(session_type_form.blank(me), Errors(), None, 200)


@pages.post("/dashboard/session-types/new")
def session_type_made() -> ResponseReturnValue:
    """Make a session type."""
    return _sent(visitors.require_account(), None)


@pages.get("/dashboard/session-types/<type_id>")
def session_type(type_id: str) -> ResponseReturnValue:
    """Show one to change."""
    kind = _kind(visitors.require_account(), type_id)
    return _form(session_type_form.from_kind(kind), Errors(), kind, 200)


@pages.post("/dashboard/session-types/<type_id>")
def session_type_changed(type_id: str) -> ResponseReturnValue:
    """Change one."""
    account = visitors.require_account()
    return _sent(account, _kind(account, type_id))


@pages.get("/dashboard/session-types/<type_id>/delete")
def session_type_delete(type_id: str) -> ResponseReturnValue:
    """Ask whether to delete it."""
    kind = _kind(visitors.require_account(), type_id)
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


def _sent(account: Account, kind: dict[str, Any] | None) -> ResponseReturnValue:
    typed = session_type_form.from_request(request.form)
    if request.form.get("action") == "add-question":
        return _form(session_type_form.with_a_question_more(typed), Errors(), kind, 200)
    body, errors = session_type_form.body(typed)
    if errors:
        return _form(typed, errors, kind, 422)
    method, where = ("PATCH", path("me", "session-types", kind["id"])) if kind else ("POST", "/me/session-types")
    try:
        parts().booking.ask(method, where, host=account.id, json_body=body)
    except RefusedUpstreamError as refused:
        errors = forms.from_upstream(
            refused, rename=session_type_form.field_name, field_of_code=session_type_form.FIELD_OF_CODE
        )
        return _form(typed, errors, kind, refused.status)
    flash("Saved.")
    return redirect(url_for("pages.session_types"), 303)


def _form(typed: dict[str, Any], errors: Errors, kind: dict[str, Any] | None, status: int) -> ResponseReturnValue:
    return render_template("dashboard/session_type.html", typed=typed, errors=errors, kind=kind), status


def _kind(account: Account, type_id: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = parts().booking.ask("GET", path("me", "session-types", type_id), host=account.id)
    except RefusedUpstreamError as refused:
        raise NotFound(NO_TYPE) from refused
    return found
