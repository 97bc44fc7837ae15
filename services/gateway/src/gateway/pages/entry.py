"""Sign-up, sign-in, sign-out."""

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from gateway.accounts import Refused, SignUp
from gateway.pages import forms, visitors, zoom_return
from gateway.pages.blueprint import pages
from gateway.pages.forms import Errors
from gateway.parts import parts
from gateway.upstream import RefusedUpstreamError

SIGN_UP_FIELDS = ("name", "email", "password", "handle", "timezone")
FIELD_OF_CODE = {"handle_taken": "handle", "email_taken": "email", "handle_reserved": "handle"}


@pages.get("/signup")
def sign_up() -> ResponseReturnValue:
    """Show the sign-up form."""
    if visitors.account():
        return redirect(visitors.local(request.args.get("next")), 303)
    return _sign_up_page({}, Errors(), 200)


@pages.post("/signup")
def sign_up_sent() -> ResponseReturnValue:
    """Make the host and sign the browser in."""
    typed = {name: request.form.get(name, "") for name in SIGN_UP_FIELDS}
    try:
        host = parts().sign_ups.sign_up(SignUp.model_validate(typed))
    except ValidationError as error:
        return _sign_up_page(typed, forms.from_pydantic(error), 422)
    except Refused as error:
        return _sign_up_page(typed, forms.from_refusal(error, FIELD_OF_CODE), 409)
    except RefusedUpstreamError as error:
        return _sign_up_page(typed, forms.from_upstream(error, field_of_code=FIELD_OF_CODE), error.status)
    return visitors.enter(_onward(), host["id"])


@pages.get("/signin")
def sign_in() -> ResponseReturnValue:
    """Show the sign-in form."""
    if visitors.account():
        return redirect(visitors.local(request.args.get("next")), 303)
    return _sign_in_page("", Errors(), 200)


@pages.post("/signin")
def sign_in_sent() -> ResponseReturnValue:
    """Sign the browser in."""
    email = request.form.get("email", "")
    try:
        account = parts().passwords.check(email, request.form.get("password", ""))
    except Refused as error:
        answer = Response(_sign_in_page(email, Errors(general=[error.detail]), 401)[0])
        answer.status_code = 401
        if error.retry_after:
            answer.status_code = 429
            answer.headers["Retry-After"] = str(error.retry_after)
        return answer
    return visitors.enter(_onward(), account.id)


@pages.post("/signout")
def sign_out() -> ResponseReturnValue:
    """Sign the browser out."""
    return visitors.leave(Response(status=303, headers={"Location": "/signin"}))


def _onward() -> Response:
    wanted = request.form.get("next") or request.args.get("next")
    if zoom_return.waiting_for_sign_in():
        wanted = url_for("pages.zoom_resume")
    return Response(status=303, headers={"Location": visitors.local(wanted)})


def _sign_up_page(typed: dict[str, str], errors: Errors, status: int) -> tuple[str, int]:
    return render_template("signup.html", typed=typed, errors=errors, next=_next()), status


def _sign_in_page(email: str, errors: Errors, status: int) -> tuple[str, int]:
    return render_template("signin.html", typed={"email": email}, errors=errors, next=_next()), status


def _next() -> str:
    wanted = request.values.get("next")
    return visitors.local(wanted) if wanted else ""
