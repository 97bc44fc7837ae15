"""The dashboard's settings: the public page with its branding, and what new session types begin with."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from gateway.pages import color, forms, visitors
from gateway.pages.blueprint import pages
from gateway.pages.forms import Errors
from gateway.parts import parts
from gateway.upstream import RefusedUpstreamError

FIELDS = ("name", "handle", "timezone", "welcome_text", "color", "default_video_provider")
MOST_LOGO = 48
"""KiB."""
CUTOFF = "change_cutoff"
CUTOFFS = (0, 60, 120, 240, 720, 1440, 2880, 10080)
"""Minutes before the start, from which a client can no longer move or cancel."""


@pages.get("/dashboard/settings")
def profile() -> ResponseReturnValue:
    """Show the settings of the public page."""
    me = me_of(visitors.require_account().id)
    return page(me, me, Errors()), 200


@pages.post("/dashboard/settings")
def profile_sent() -> ResponseReturnValue:
    """Save the profile."""
    account = visitors.require_account()
    typed: dict[str, Any] = {name: request.form[name] for name in FIELDS if name in request.form}
    if request.form.get(CUTOFF, "").isdecimal():
        typed[CUTOFF] = int(request.form[CUTOFF])
    try:
        parts().booking.ask("PATCH", "/me", host=account.id, json_body=typed)
    except RefusedUpstreamError as refused:
        me = me_of(account.id)
        errors = forms.from_upstream(refused, field_of_code={"handle_taken": "handle", "handle_reserved": "handle"})
        return page(me, {**me, **typed}, errors), refused.status
    flash("Saved.")
    return redirect(url_for("pages.profile"), 303)


def me_of(host_id: str) -> dict[str, Any]:
    """Ask for the host's profile."""
    me: dict[str, Any] = parts().booking.ask("GET", "/me", host=host_id)
    return me


def page(me: dict[str, Any], typed: dict[str, Any], errors: Errors) -> str:
    """Draw the page with what was typed."""
    return render_template(
        "dashboard/settings.html",
        me=me,
        typed=typed,
        errors=errors,
        address=f"{parts().settings.public_url}/{me['handle']}",
        check=color.checked(typed.get("color")),
        cutoffs=sorted({*CUTOFFS, int(typed.get(CUTOFF) or 0)}),
        most_logo=MOST_LOGO,
    )
