"""The design system on one page: every part in every state, so that a change to one is seen everywhere."""

from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue

from gateway.pages import visitors, words
from gateway.pages.blueprint import pages
from gateway.pages.forms import Errors
from gateway.parts import parts

COLORS = ("paper", "ground", "ink", "soft", "line", "edge", "accent", "accent-ground")
TONES = ("good", "warn", "bad")
SPACES = tuple(f"s{step}" for step in range(1, 9))


@pages.get("/dashboard/design")
def design() -> ResponseReturnValue:
    """Show every part of the pages in every state."""
    visitors.require_account()
    errors = Errors(fields={"wrong": "Must be an e-mail address", "wrong_area": "Fill this in"}, general=["No luck."])
    return render_template(
        "design.html",
        errors=errors,
        fine=Errors(),
        now=parts().clock().isoformat(),
        states=[_booking(state) for state in words.VIDEO if state != "none"],
        colors=COLORS,
        tones=TONES,
        spaces=SPACES,
    )


def _booking(state: str) -> dict[str, Any]:
    """Make as much of a booking as a badge and a panel of its link need."""
    video: dict[str, Any] = {"provider": "zoom", "state": state, "join_url": None, "passcode": None}
    if state == "moved":
        start, end = "2026-12-01T10:00:00+01:00", "2026-12-01T10:30:00+01:00"
        video |= {"state": "ready", "moved_to": {"start": start, "end": end}}
    elif state in ("deleted_in_zoom", "accepted"):
        video |= {"state": "removed", "removed_because": state}
    if video["state"] == "ready":
        video |= {"join_url": "https://zoom.example/j/123", "passcode": "k3Yw0r"}
    return {"status": "confirmed", "video": video, "host": {"name": "Hanna Brandt", "timezone": "Europe/Berlin"}}
