"""Where a person is asked: the consent page, its two buttons, and the error page for an app that asks wrongly."""

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, redirect, render_template, request

from sandbox.context import here
from sandbox.zoom import front, operations, people, tokens
from sandbox.zoom.errors import ConsentError

consent = Blueprint("consent", __name__)
front.stand_before(consent)

APP_NAME = "Punctual"


@dataclass(frozen=True)
class Ask:
    """What an app asks for. `scope` is not here: scopes are set in the Marketplace, the parameter is ignored."""

    client_id: str
    redirect_uri: str
    state: str | None
    challenge: str | None

    @property
    def fields(self) -> dict[str, str]:
        """The form's hidden fields."""
        named = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "state": self.state,
            "code_challenge": self.challenge,
            "code_challenge_method": self.challenge and "S256",
        }
        return {name: value for name, value in named.items() if value is not None}

    def back(self, **parameters: str) -> Response:
        """Send the browser back to the app."""
        if self.state is not None:
            parameters["state"] = self.state
        joined = "&" if "?" in self.redirect_uri else "?"
        return make_response(redirect(f"{self.redirect_uri}{joined}{urlencode(parameters)}", 302))


@consent.errorhandler(ConsentError)
def error_page(error: ConsentError) -> tuple[str, int]:
    """Tell the person; nothing goes back to the app."""
    return render_template("consent_error.html", error=error), 400


@consent.get("/oauth/authorize")
def ask() -> Response:
    """Show who is signed in at Zoom and what the app wants."""
    box, wanted = here(), _read()
    with box.store.transaction() as db:
        user = people.by_id(db, request.cookies.get(cookie_name())) or people.fresh(db, box.now())
        scopes = tokens.scopes_offered(db, operations.DEFAULT_SCOPES)
    page = render_template(
        "consent.html",
        app=APP_NAME,
        user=user,
        permissions=[(scope, operations.PERMISSIONS.get(scope, scope)) for scope in scopes],
        fields=wanted.fields,
        marketplace=marketplace_url(),
    )
    return _signed_in(make_response(page), user["id"])


@consent.post("/oauth/authorize")
def decide() -> Response:
    """Give a code to the app, or say that the person declined."""
    box, wanted = here(), _read()
    decision = request.form.get("decision")
    if decision == "decline":
        return wanted.back(error="access_denied")
    if decision != "allow":
        raise ConsentError(4700, "Choose Allow or Decline.")
    email = request.form.get("email", "").strip()
    with box.store.transaction() as db:
        known = people.by_id(db, request.cookies.get(cookie_name()))
        user = people.with_email(db, email, box.now()) if email else known or people.fresh(db, box.now())
        withheld = set(request.form.getlist("withheld"))
        offered = tokens.scopes_offered(db, operations.DEFAULT_SCOPES)
        scopes = [scope for scope in offered if scope not in withheld]
        code = tokens.new_code(
            db, user["id"], wanted.redirect_uri, challenge=wanted.challenge, scopes=scopes, now=box.now()
        )
    return _signed_in(wanted.back(code=code), user["id"])


def cookie_name() -> str:
    """Name the sign-in cookie. Cookies know no ports, and two sandboxes on one machine are two Zooms."""
    return f"zoom_user_{here().settings.port}"


def marketplace_url() -> str:
    """Give the address behind Add in the Marketplace: the consent without a state."""
    settings = here().settings
    asked = {"response_type": "code", "client_id": settings.zoom_client_id, "redirect_uri": settings.redirect_uri}
    return f"{settings.url}/oauth/authorize?{urlencode(asked)}"


def _signed_in(answer: Response, user_id: str) -> Response:
    answer.set_cookie(cookie_name(), user_id, httponly=True, samesite="Lax", max_age=90 * 86_400)
    return answer


def _read() -> Ask:
    settings, given = here().settings, request.values
    if given.get("client_id") != settings.zoom_client_id:
        raise ConsentError(4702, "Invalid client_id.")
    if given.get("redirect_uri") != settings.redirect_uri:
        raise ConsentError(4709, "Invalid redirect: the redirect_uri is not on the app's allow list.")
    if given.get("response_type") != "code":
        raise ConsentError(4700, "Invalid response_type: only code is known.")
    challenge = given.get("code_challenge") or None
    if challenge and given.get("code_challenge_method") != "S256":
        raise ConsentError(4700, "Invalid code_challenge_method: only S256 is known.")
    return Ask(settings.zoom_client_id, settings.redirect_uri, given.get("state"), challenge)
