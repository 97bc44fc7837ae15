"""The dashboard's settings of the account itself: password, e-mail address, signed-in browsers, and leaving."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from gateway.accounts import Departure, EmailChange, PasswordChange, Refused
from gateway.pages import forms, profile, visitors
from gateway.pages.blueprint import pages
from gateway.pages.forms import Errors
from gateway.parts import parts
from gateway.storage import Account

MOST_BROWSERS = 50
STATUS_OF_KIND = {"unauthorized": 422, "limited": 429, "conflict": 409}
"""A wrong password in a form is an error of that form: the browser stays signed in."""


@pages.get("/dashboard/settings/account")
def own_account() -> ResponseReturnValue:
    """Show the account."""
    return _page(visitors.require_account(), Errors(), {}), 200


@pages.post("/dashboard/settings/password")
def password_changed() -> ResponseReturnValue:
    """Replace the password; every other browser is signed out."""
    account = visitors.require_account()
    typed = {"password": request.form.get("password", ""), "new_password": request.form.get("new_password", "")}
    try:
        keep = request.cookies.get(visitors.cookie())
        parts().new_passwords.change(account.id, PasswordChange.model_validate(typed), keep=keep)
    except (ValidationError, Refused) as error:
        return _again(account, error, "password", {"bad_credentials": "password"})
    flash("The password is changed. Every other browser is signed out, and you get a mail about it.")
    return redirect(url_for("pages.own_account"), 303)


@pages.post("/dashboard/settings/email")
def email_change_asked() -> ResponseReturnValue:
    """Send a mail to the new address; until its link is opened nothing changes."""
    account = visitors.require_account()
    typed = {"email": request.form.get("email", ""), "password": request.form.get("password", "")}
    try:
        parts().email_changes.ask(account.id, EmailChange.model_validate(typed))
    except (ValidationError, Refused) as error:
        places = {"bad_credentials": "password", "email_taken": "email", "email_unchanged": "email"}
        return _again(account, error, "email", places, {"email": typed["email"]})
    flash("Look into the new mailbox: the link in our mail makes the change. Until then nothing changes.")
    return redirect(url_for("pages.own_account"), 303)


@pages.post("/dashboard/settings/browsers/<sign_in_id>/revoke")
def browser_signed_out(sign_in_id: str) -> ResponseReturnValue:
    """Sign one browser out."""
    account = visitors.require_account()
    try:
        parts().sign_ins.revoke(account.id, sign_in_id)
        flash("This browser is signed out.")
    except Refused as refused:
        flash(refused.detail)
    return redirect(url_for("pages.own_account"), 303)


@pages.post("/dashboard/settings/signout")
def sign_out_everywhere() -> ResponseReturnValue:
    """Sign every browser of this host out."""
    account = visitors.require_account()
    parts().sign_ins.end_all(account.id)
    return visitors.leave(Response(status=303, headers={"Location": "/signin"}))


@pages.get("/dashboard/settings/leave")
def leaving() -> ResponseReturnValue:
    """Say what deleting the account means, and ask for the password."""
    visitors.require_account()
    return render_template("dashboard/leave.html", errors=Errors())


@pages.post("/dashboard/settings/leave")
def left() -> ResponseReturnValue:
    """Delete the account."""
    account = visitors.require_account()
    try:
        parts().departures.leave(account.id, Departure.model_validate({"password": request.form.get("password", "")}))
    except (ValidationError, Refused) as error:
        errors = _errors(error, {"bad_credentials": "password"})
        return render_template("dashboard/leave.html", errors=errors), _status(error)
    flash("Your account is deleted. Future sessions are canceled, and everybody who booked is told by mail.")
    return visitors.leave(Response(status=303, headers={"Location": "/"}))


def _again(
    account: Account,
    error: ValidationError | Refused,
    which: str,
    places: dict[str, str],
    typed: dict[str, str] | None = None,
) -> ResponseReturnValue:
    found = _errors(error, places)
    # Two forms on one page both have a password: the field is named for its form.
    errors = Errors({f"{which}-{name}": words for name, words in found.fields.items()}, found.general)
    return _page(account, errors, typed or {}), _status(error)


def _errors(error: ValidationError | Refused, places: dict[str, str]) -> Errors:
    return forms.from_pydantic(error) if isinstance(error, ValidationError) else forms.from_refusal(error, places)


def _status(error: ValidationError | Refused) -> int:
    return 422 if isinstance(error, ValidationError) else STATUS_OF_KIND.get(error.kind, 422)


def _page(account: Account, errors: Errors, typed: dict[str, str]) -> str:
    token = request.cookies.get(visitors.cookie())
    browsers, more = parts().sign_ins.page(account.id, limit=MOST_BROWSERS, cursor=None, token=token)
    return render_template(
        "dashboard/account.html",
        errors=errors,
        typed=typed,
        browsers=browsers,
        more=bool(more),
        awaited=parts().email_changes.waiting(account.id),
        zone=profile.me_of(account.id)["timezone"],
    )
