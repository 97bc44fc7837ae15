"""Coming back from Zoom. A connection is only ever made for the host who is signed in in this very browser."""

from datetime import UTC, datetime
from typing import Any, TypedDict, cast

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from gateway.pages import connection_words, visitors
from gateway.pages.blueprint import pages
from gateway.pages.connection_words import Outcome
from gateway.parts import parts
from gateway.storage import Account
from gateway.upstream import RefusedUpstreamError, UpstreamUnavailableError, path

CONNECTION = path("me", "connections", "zoom")
WAITING = "zoom_return"
ROUNDS = "zoom_rounds"
ROUNDS_A_MINUTE = 3
"""More would be a loop between Zoom and us."""
WAITS_SECONDS = 3600
LONGEST = 1000
"""Characters of a state or a code; they wait in a cookie."""
STALE = frozenset({"state_expired", "state_unknown", "code_rejected"})
"""What a connection may have become while somebody signed in: begun anew, once."""
SIGN_IN_FIRST = "Sign in, or sign up, and connecting Zoom goes on by itself."


class Return(TypedDict):
    """What Zoom sent the browser back with."""

    state: str | None
    code: str | None
    error: str | None


@pages.get("/oauth/zoom/callback")
def zoom_callback() -> ResponseReturnValue:
    """Complete a connection, now or after signing in."""
    came = Return(state=_given("state"), code=_given("code"), error=_given("error"))
    account = visitors.account()
    if account is not None:
        return _complete(account, came, resumed=False)
    if came["error"]:
        return _outcome(connection_words.REFUSED["consent_denied"], 403)
    if not came["state"]:
        # Zoom's own "Add" button sends a code that nobody here asked for. It is thrown away right here.
        came["code"] = None
    return _sign_in_first(came)


@pages.get("/oauth/zoom/install")
def zoom_install() -> ResponseReturnValue:
    """Begin a connection from Zoom's Marketplace."""
    account = visitors.account()
    if account is None:
        return _sign_in_first(Return(state=None, code=None, error=None))
    return begin(account)


@pages.get("/oauth/zoom/resume")
def zoom_resume() -> ResponseReturnValue:
    """Go on with the connection that waited for a sign-in."""
    account = visitors.require_account()
    waiting = session.pop(WAITING, None)
    if not waiting or waiting["at"] < parts().clock().timestamp() - WAITS_SECONDS:
        return redirect(url_for("pages.connections"), 303)
    return _complete(account, cast("Return", waiting["came"]), resumed=True)


def begin(account: Account) -> ResponseReturnValue:
    """Send the browser to Zoom with a fresh state."""
    now = parts().clock().timestamp()
    rounds = [at for at in session.get(ROUNDS, []) if at > now - 60]
    if len(rounds) >= ROUNDS_A_MINUTE:
        return _outcome(connection_words.TOO_MANY_ROUNDS, 429)
    session[ROUNDS] = [*rounds, now]
    started: dict[str, Any] = parts().zoom_connector.ask("POST", CONNECTION, host=account.id)
    return redirect(started["authorize_url"], 303)


def begun_at() -> datetime | None:
    """Tell when this browser was last sent to Zoom without coming back with a yes."""
    rounds = session.get(ROUNDS)
    return datetime.fromtimestamp(rounds[-1], UTC) if rounds else None


def waiting_for_sign_in() -> bool:
    """Tell whether a connection waits for this browser to sign in."""
    return WAITING in session


def connection_of(account: Account) -> dict[str, Any]:
    """Ask how Zoom is connected."""
    found: dict[str, Any] = parts().zoom_connector.ask("GET", CONNECTION, host=account.id)
    return found


def _complete(account: Account, came: Return, *, resumed: bool) -> ResponseReturnValue:
    if not came["state"]:
        if came["error"]:
            return _outcome(connection_words.REFUSED["consent_denied"], 403)
        # A code without our state is never bound to anybody: a fresh round with a state of ours takes its place.
        return begin(account)
    before = _email_before(account)
    try:
        made: dict[str, Any] = parts().zoom_connector.ask(
            "POST", f"{CONNECTION}/callback", host=account.id, json_body=came
        )
    except RefusedUpstreamError as refused:
        if resumed and refused.code in STALE:
            return begin(account)
        return _refused(account, refused)
    session.pop(ROUNDS, None)
    flash(connection_words.connected(made, before))
    return redirect(url_for("pages.connections"), 303)


def _refused(account: Account, refused: RefusedUpstreamError) -> ResponseReturnValue:
    if refused.code == "state_used":
        connection = connection_of(account)
        if connection["status"] == "connected":
            session.pop(ROUNDS, None)
            return _outcome(connection_words.completed_before(connection["account_email"]), 200)
    return _outcome(connection_words.REFUSED.get(refused.code, connection_words.FAILED), refused.status)


def _email_before(account: Account) -> str | None:
    # Only for the words of the confirmation: without an answer there are fewer.
    try:
        connection = connection_of(account)
    except (RefusedUpstreamError, UpstreamUnavailableError):
        return None
    email: str | None = connection.get("account_email")
    return email


def _sign_in_first(came: Return) -> ResponseReturnValue:
    session[WAITING] = {"came": came, "at": parts().clock().timestamp()}
    flash(SIGN_IN_FIRST)
    return redirect(url_for("pages.sign_in"), 303)


def _outcome(outcome: Outcome, status: int) -> ResponseReturnValue:
    return render_template("zoom_outcome.html", outcome=outcome), status


def _given(name: str) -> str | None:
    value = request.args.get(name, "")
    return value if value and len(value) <= LONGEST else None
