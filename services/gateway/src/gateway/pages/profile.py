"""The dashboard's settings: the profile, API keys, the calendar feed, and signing out everywhere."""

from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from gateway.accounts import IssuedKey
from gateway.accounts import Refused as RefusedHere
from gateway.pages import forms, visitors
from gateway.pages.blueprint import pages
from gateway.pages.forms import Errors
from gateway.parts import parts
from gateway.storage import Account
from gateway.upstream import RefusedUpstreamError

FIELDS = ("name", "handle", "timezone", "welcome_text", "color", "default_video_provider")
MOST_KEYS = 200
LONGEST_LABEL = 120


@pages.get("/dashboard/settings")
def profile() -> ResponseReturnValue:
    """Show the settings."""
    account = visitors.require_account()
    me: dict[str, Any] = parts().booking.ask("GET", "/me", host=account.id)
    return _page(account, me, me, Errors()), 200


@pages.post("/dashboard/settings")
def profile_sent() -> ResponseReturnValue:
    """Save the profile."""
    account = visitors.require_account()
    typed = {name: request.form[name] for name in FIELDS if name in request.form}
    try:
        parts().booking.ask("PATCH", "/me", host=account.id, json_body=typed)
    except RefusedUpstreamError as refused:
        me: dict[str, Any] = parts().booking.ask("GET", "/me", host=account.id)
        errors = forms.from_upstream(refused, field_of_code={"handle_taken": "handle"})
        return _page(account, me, {**me, **typed}, errors), refused.status
    flash("Saved.")
    return redirect(url_for("pages.profile"), 303)


@pages.post("/dashboard/settings/keys")
def key_made() -> ResponseReturnValue:
    """Make an API key and show it, this one time."""
    account = visitors.require_account()
    me: dict[str, Any] = parts().booking.ask("GET", "/me", host=account.id)
    label = request.form.get("label", "").strip()
    if not label or len(label) > LONGEST_LABEL or not label.isprintable():
        errors = Errors(fields={"label": "Give the key a name of 1 to 120 characters"})
        return _page(account, me, me, errors), 422
    made = parts().api_keys.issue(account.id, label)
    return _page(account, me, me, Errors(), made=made), 201


@pages.post("/dashboard/settings/keys/<key_id>/revoke")
def key_revoked(key_id: str) -> ResponseReturnValue:
    """End an API key at once."""
    account = visitors.require_account()
    try:
        parts().api_keys.revoke(account.id, key_id)
        flash("The key is revoked. Programs that use it are refused from now on.")
    except RefusedHere:
        flash("This key was revoked already.")
    return redirect(url_for("pages.profile", _anchor="keys"), 303)


@pages.post("/dashboard/settings/signout")
def sign_out_everywhere() -> ResponseReturnValue:
    """Sign every browser of this host out."""
    account = visitors.require_account()
    parts().sign_ins.end_all(account.id)
    return visitors.leave(Response(status=303, headers={"Location": "/signin"}))


def _page(
    account: Account, me: dict[str, Any], typed: dict[str, Any], errors: Errors, *, made: IssuedKey | None = None
) -> str:
    keys, _ = parts().api_keys.page(account.id, limit=MOST_KEYS, cursor=None)
    return render_template(
        "dashboard/settings.html",
        me=me,
        typed=typed,
        errors=errors,
        keys=keys,
        made=made,
        address=f"{parts().settings.public_url}/{me['handle']}",
    )
