"""A forgotten password and a new e-mail address: asking for the mail, and the pages that its link leads to."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from gateway.accounts import Refused, Reset, ResetWish
from gateway.pages import forms
from gateway.pages.blueprint import pages
from gateway.pages.forms import Errors
from gateway.parts import parts
from shared.web.problems import STATUS_OF_KIND


@pages.get("/forgot-password")
def forgot_password() -> ResponseReturnValue:
    """Ask for the address that the link goes to."""
    return render_template("forgot_password.html", email=request.args.get("email", ""), errors=Errors(), sent=False)


@pages.post("/forgot-password")
def forgot_password_sent() -> ResponseReturnValue:
    """Have the link mailed; say the same whether or not somebody has this address."""
    email = request.form.get("email", "")
    try:
        parts().new_passwords.wish(ResetWish.model_validate({"email": email}))
    except ValidationError as error:
        errors = forms.from_pydantic(error)
        return render_template("forgot_password.html", email=email, errors=errors, sent=False), 422
    return render_template("forgot_password.html", email=email, errors=Errors(), sent=True)


@pages.get("/reset-password/<token>")
def reset_password(token: str) -> ResponseReturnValue:
    """Ask for the new password, if the link still works."""
    if parts().new_passwords.is_open(token):
        return _private(render_template("reset_password.html", errors=Errors()))
    return _spent("This link does not work any more")


@pages.post("/reset-password/<token>")
def reset_password_sent(token: str) -> ResponseReturnValue:
    """Replace the password and lead to the sign-in."""
    typed = {"token": token, "password": request.form.get("password", "")}
    try:
        parts().new_passwords.reset(Reset.model_validate(typed))
    except ValidationError as error:
        return _private(render_template("reset_password.html", errors=forms.from_pydantic(error)), 422)
    except Refused as refused:
        return _spent("This link does not work any more", refused)
    flash("Your password is changed. All browsers are signed out; sign in with the new one.")
    return redirect(url_for("pages.sign_in"), 303)


@pages.get("/confirm-email/<token>")
def confirm_email(token: str) -> ResponseReturnValue:
    """Ask whether the new address is right: by a button, since programs that look for viruses follow links, too."""
    email = parts().email_changes.address(token)
    if email is None:
        return _spent("This link does not work any more", again="/dashboard/settings")
    return _private(render_template("confirm_email.html", email=email))


@pages.post("/confirm-email/<token>")
def confirm_email_sent(token: str) -> ResponseReturnValue:
    """Give the account its new address."""
    try:
        email = parts().email_changes.confirm(token)
    except Refused as refused:
        return _spent("Your address is not changed", refused, again="/dashboard/settings")
    flash(f"Your e-mail address is now {email}.")
    return redirect(url_for("pages.profile"), 303)


def _spent(title: str, refused: Refused | None = None, *, again: str = "/forgot-password") -> Response:
    status = STATUS_OF_KIND[refused.kind] if refused else 404
    detail = refused.detail if refused else "It was used already, was replaced by a newer one, or is too old."
    return _private(render_template("spent_link.html", title=title, detail=detail, again=again), status)


def _private(page: str, status: int = 200) -> Response:
    # Such an address is a secret: no cache keeps it, and no search engine lists it.
    return Response(
        page,
        status,
        {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "X-Robots-Tag": "noindex"},
    )
