"""The dashboard's settings for programs: API keys, and the address of the calendar feed."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from gateway.accounts import IssuedKey
from gateway.accounts import Refused as RefusedHere
from gateway.pages import profile, visitors
from gateway.pages.blueprint import pages
from gateway.pages.forms import Errors
from gateway.parts import parts

MOST_KEYS = 200
LONGEST_LABEL = 120


@pages.get("/dashboard/settings/programs")
def programs() -> ResponseReturnValue:
    """Show the keys and the feed."""
    return _page(visitors.require_account().id, "", Errors()), 200


@pages.post("/dashboard/settings/keys")
def key_made() -> ResponseReturnValue:
    """Make an API key and show it, this one time."""
    account = visitors.require_account()
    typed = request.form.get("label", "")
    label = typed.strip()
    if not label or len(label) > LONGEST_LABEL or not label.isprintable():
        return _page(account.id, typed, Errors(fields={"label": "Give the key a name of 1 to 120 characters"})), 422
    made = parts().api_keys.issue(account.id, label)
    return _page(account.id, "", Errors(), made=made), 201


@pages.post("/dashboard/settings/keys/<key_id>/revoke")
def key_revoked(key_id: str) -> ResponseReturnValue:
    """End an API key at once."""
    account = visitors.require_account()
    try:
        parts().api_keys.revoke(account.id, key_id)
        flash("The key is revoked. Programs that use it are refused from now on.")
    except RefusedHere:
        flash("This key was revoked already.")
    return redirect(url_for("pages.programs"), 303)


@pages.get("/dashboard/settings/feed")
def feed() -> ResponseReturnValue:
    """Ask whether to renew the feed's address."""
    visitors.require_account()
    return render_template("dashboard/feed_renew.html")


@pages.post("/dashboard/settings/feed")
def feed_renewed() -> ResponseReturnValue:
    """Give the feed a new secret address; the old one is nobody's any more."""
    account = visitors.require_account()
    parts().booking.ask("POST", "/me/calendar-feed", host=account.id)
    flash("The feed has a new address. Subscribe to it again; the old one shows nothing any more.")
    return redirect(url_for("pages.programs"), 303)


def _page(host_id: str, label: str, errors: Errors, *, made: IssuedKey | None = None) -> str:
    keys, _ = parts().api_keys.page(host_id, limit=MOST_KEYS, cursor=None)
    me = profile.me_of(host_id)
    return render_template("dashboard/programs.html", me=me, keys=keys, label=label, errors=errors, made=made)
