"""A client's booking: where and when, the state of the link in words, and moving or canceling it."""

import hashlib
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from gateway.pages import calendars, choosing, forms, times
from gateway.pages.blueprint import pages
from gateway.pages.forms import Errors
from gateway.parts import parts
from gateway.upstream import RefusedUpstreamError, UpstreamUnavailableError, path

NO_BOOKING = "There is no booking at this address. Open the link from your confirmation mail once more."
GONE = "This kind of session is not offered any more, so it can't be moved here. Write to each other instead."
LIVE = frozenset({"pending", "delayed", "unavailable"})
"""States that end by themselves: the page looks again."""


@pages.get("/bookings/<reference>")
def confirmation(reference: str) -> ResponseReturnValue:
    """Show the booking."""
    shown = _for_client(_booking(reference))
    booking = shown["booking"]
    page = make_response(
        render_template(
            "confirmation.html",
            link=joinable(booking),
            live=_pace(booking),
            state=_state(booking),
            over=_over(booking),
            calendar_links=calendars.links(booking, parts().settings.public_url),
            **shown,
        )
    )
    times.remember_zone(page, secure=parts().settings.secure)
    return page


@pages.get("/bookings/<reference>/link")
def link(reference: str) -> ResponseReturnValue:
    """Give the part of the page that tells about the link, for the script that keeps it fresh."""
    booking = _booking(reference)
    answer = Response(render_template("_link.html", booking=booking, link=joinable(booking), zone=_zone(booking)))
    answer.headers["X-Live"] = _pace(booking)
    answer.headers["X-State"] = _state(booking)
    return answer


@pages.get("/bookings/<reference>/cancel")
def cancel(reference: str) -> ResponseReturnValue:
    """Ask whether to cancel."""
    return render_template("cancel.html", reason="", errors=Errors(), **_for_client(_booking(reference)))


@pages.post("/bookings/<reference>/cancel")
def cancel_sent(reference: str) -> ResponseReturnValue:
    """Cancel the booking."""
    reason = request.form.get("reason", "")
    try:
        parts().booking.ask("POST", path("bookings", reference, "cancel"), json_body={"reason": reason})
    except RefusedUpstreamError as refused:
        errors = forms.from_upstream(refused)
        shown = _for_client(_booking(reference))
        return render_template("cancel.html", reason=reason, errors=errors, **shown), refused.status
    flash("The session is canceled. Both of you are told by mail.")
    return redirect(url_for("pages.confirmation", reference=reference), 303)


@pages.get("/bookings/<reference>/reschedule")
def reschedule(reference: str) -> ResponseReturnValue:
    """Show the free times to move to or, once one is chosen, ask whether to move."""
    base = url_for("pages.reschedule", reference=reference)
    return reschedule_page(_for_client(_booking(reference)), base, Errors(), None)


@pages.post("/bookings/<reference>/reschedule")
def reschedule_sent(reference: str) -> ResponseReturnValue:
    """Move the booking."""
    body = {"start": request.form.get("start", "")}
    try:
        parts().booking.ask("POST", path("bookings", reference, "reschedule"), json_body=body)
    except RefusedUpstreamError as refused:
        shown = _for_client(_booking(reference))
        errors = forms.from_upstream(refused)
        base = url_for("pages.reschedule", reference=reference)
        return reschedule_page(shown, base, errors, refused.problem.get("nearest")), refused.status
    flash("The session is moved. Both of you are told by mail.")
    return redirect(url_for("pages.confirmation", reference=reference), 303)


def _pace(booking: dict[str, Any]) -> str:
    """Say how often the page should look at the link again: soon, seldom, or no more."""
    if booking["status"] != "confirmed" or booking["video"]["state"] == "none" or _over(booking):
        return "no"
    return "soon" if is_live(booking) else "seldom"


def _state(booking: dict[str, Any]) -> str:
    """Name what the page shows: status and version, then all that the part about the link is made of."""
    video = booking["video"]
    moved = video.get("moved_to") or {}
    known = (video["state"], video.get("removed_because"), moved.get("start"), video["join_url"], video["passcode"])
    digest = hashlib.sha256(repr(known).encode()).hexdigest()[:12]
    return f"{booking['status']} {booking['version']} {digest}"


def _over(booking: dict[str, Any]) -> bool:
    return times.moment(booking["end"]) <= parts().clock()


def is_live(booking: dict[str, Any]) -> bool:
    """Tell whether the link's state will change by itself."""
    return booking["status"] == "confirmed" and booking["video"]["state"] in LIVE


def joinable(booking: dict[str, Any]) -> str | None:
    """Give the address to join at, if there is one that a browser may safely open."""
    url = booking["video"]["join_url"]
    return url if url and urlsplit(url).scheme in ("http", "https") else None


def reschedule_page(shown: dict[str, Any], base: str, errors: Errors, nearest: list[str] | None) -> str:
    """Draw the page that moves a booking; `shown` says for whom, `base` is the page's address."""
    booking, zone = shown["booking"], shown["zone"]
    start = choosing.chosen_start(zone)
    choice = None
    if start is None and not errors and booking["status"] == "confirmed":
        ask = choosing.slots_at(parts(), shown["slots"], zone, host_id=shown["host_id"])
        try:
            choice = choosing.choose(base, zone, ask)
        except RefusedUpstreamError:
            errors = Errors(general=[GONE])
    return render_template(
        "reschedule.html",
        errors=errors,
        choice=choice,
        start=start,
        nearest=[(one, times.moment(one, zone)) for one in nearest or []],
        again=f"{base}?{urlencode({'timezone': zone})}",
        **shown,
    )


def _for_client(booking: dict[str, Any]) -> dict[str, Any]:
    return {
        "booking": booking,
        "zone": _zone(booking),
        "back": url_for("pages.confirmation", reference=booking["reference"]),
        "slots": path("bookings", booking["reference"], "slots"),
        "host_id": None,
        "layout": "_public.html",
        "color": _host_of(booking).get("color", ""),
        "late": booking["status"] == "confirmed" and not booking.get("changeable", True),
        "until": booking.get("changeable_until"),
    }


def _zone(booking: dict[str, Any]) -> str:
    return times.visitors_zone(times.known(booking["client"]["timezone"]) or booking["host"]["timezone"])


def _host_of(booking: dict[str, Any]) -> dict[str, Any]:
    # For the color: the page can do without it.
    try:
        found: dict[str, Any] = parts().booking.ask("GET", path("hosts", booking["host"]["handle"]))
    except (RefusedUpstreamError, UpstreamUnavailableError):
        return {}
    return found


def _booking(reference: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = parts().booking.ask("GET", path("bookings", reference))
    except RefusedUpstreamError as refused:
        raise NotFound(NO_BOOKING) from refused
    return found
