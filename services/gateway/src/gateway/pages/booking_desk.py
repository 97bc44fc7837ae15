"""One booking as its host sees it: what happened, the mails, and everything that a host can do about it."""

from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from gateway import composition
from gateway.pages import choosing, confirmation, desk_times, desk_words, forms, times, visitors
from gateway.pages.blueprint import pages
from gateway.pages.choosing import Choice
from gateway.pages.forms import Errors
from gateway.parts import parts
from gateway.upstream import RefusedUpstreamError, path

NO_BOOKING = "You have no booking at this address."
GONE = "This session type is not offered any more, so it has no free times. Choose any time below."
WAITING = frozenset({"pending", "delayed", "unavailable", "failed"})


@pages.get("/dashboard/bookings/<booking_id>")
def booking(booking_id: str) -> ResponseReturnValue:
    """Show one booking with everything that happened to it."""
    account = visitors.require_account()
    try:
        found = composition.booking_with_deliveries(parts(), account.id, booking_id)
    except RefusedUpstreamError as refused:
        raise NotFound(NO_BOOKING) from refused
    return render_template(
        "dashboard/booking.html",
        booking=found,
        zone=found["host"]["timezone"],
        link=confirmation.joinable(found),
        waits=_waits(found),
        past=times.moment(found["end"]) < parts().clock(),
    )


def _waits(found: dict[str, Any]) -> bool:
    # A reminder that is not due waits for nothing but its time.
    mails = [mail for mail in found["deliveries"] if desk_words.REMINDER not in mail["kind"] or mail["attempts"]]
    unsent = any(mail["state"] != "sent" for mail in mails) or not found["deliveries_known"]
    live = found["status"] == "confirmed"
    return unsent or (live and found["video"]["state"] in WAITING)


@pages.post("/dashboard/bookings/<booking_id>/retry")
def booking_retry(booking_id: str) -> ResponseReturnValue:
    """Try the meeting and the unsent mails again now."""
    return _retried(booking_id, "It is being tried again now.")


@pages.post("/dashboard/bookings/<booking_id>/restore")
def booking_restored(booking_id: str) -> ResponseReturnValue:
    """Put the meeting in Zoom back to what the booking says."""
    return _retried(booking_id, "The meeting in Zoom is being put back to what was booked.")


@pages.post("/dashboard/bookings/<booking_id>/accept")
def booking_accepted(booking_id: str) -> ResponseReturnValue:
    """Take over what was changed in Zoom."""
    account = visitors.require_account()
    try:
        composition.accept(parts(), account.id, booking_id)
    except RefusedUpstreamError as refused:
        if refused.code == "no_such_booking":
            raise NotFound(NO_BOOKING) from refused
        flash(refused.detail, "warn")
    else:
        flash("Accepted. The booking now says what Zoom says, and your client is told by mail.")
    return _back(booking_id)


@pages.get("/dashboard/bookings/<booking_id>/cancel")
def booking_cancel(booking_id: str) -> ResponseReturnValue:
    """Ask whether to cancel."""
    found = _of(visitors.require_account().id, booking_id)
    return _cancel_page(found, "", Errors()), 200


@pages.post("/dashboard/bookings/<booking_id>/cancel")
def booking_cancel_sent(booking_id: str) -> ResponseReturnValue:
    """Cancel the booking."""
    account = visitors.require_account()
    reason = request.form.get("reason", "")
    try:
        where = path("me", "bookings", booking_id, "cancel")
        parts().booking.ask("POST", where, host=account.id, json_body={"reason": reason})
    except RefusedUpstreamError as refused:
        return _cancel_page(_of(account.id, booking_id), reason, forms.from_upstream(refused)), refused.status
    flash("The session is canceled. Both of you are told by mail.")
    return _back(booking_id)


@pages.get("/dashboard/bookings/<booking_id>/reschedule")
def booking_reschedule(booking_id: str) -> ResponseReturnValue:
    """Show the free times to move to or, once one is chosen, ask whether to move."""
    found = _of(visitors.require_account().id, booking_id)
    errors = Errors()
    start, any_time = chosen(found["host"]["timezone"], errors)
    return _move_page(found, start, any_time=any_time, errors=errors), 422 if errors else 200


@pages.post("/dashboard/bookings/<booking_id>/reschedule")
def booking_reschedule_sent(booking_id: str) -> ResponseReturnValue:
    """Move the booking."""
    account = visitors.require_account()
    body: dict[str, Any] = {"start": request.form.get("start", "")}
    if request.form.get("any_time"):
        body["any_time"] = True
    try:
        parts().booking.ask("POST", path("me", "bookings", booking_id, "reschedule"), host=account.id, json_body=body)
    except RefusedUpstreamError as refused:
        found = _of(account.id, booking_id)
        start = choosing.read_start(body["start"], found["host"]["timezone"])
        errors, nearest = forms.from_upstream(refused), refused.problem.get("nearest") or []
        any_time = "any_time" in body
        return _move_page(found, start, any_time=any_time, errors=errors, nearest=nearest), refused.status
    flash("The session is moved. Both of you are told by mail.")
    return _back(booking_id)


def chosen(zone: str, errors: Errors) -> tuple[datetime | None, bool]:
    """Read the time in the address: a free slot's start, or any date and time on the host's clock."""
    day, clock = request.args.get("any_date", ""), request.args.get("any_clock", "")
    if day or clock:
        start = desk_times.read(day, clock, zone)
        if start is None:
            errors.add("any_date", "Write a date and a time")
        return start, True
    return choosing.chosen_start(zone), False


def _move_page(
    found: dict[str, Any],
    start: datetime | None,
    *,
    any_time: bool,
    errors: Errors,
    nearest: list[str] | None = None,
) -> str:
    zone = found["host"]["timezone"]
    base = url_for("pages.booking_reschedule", booking_id=found["id"])
    choice: Choice | None = None
    gone = False
    if start is None and found["status"] == "confirmed":
        ask = choosing.slots_at(
            parts(), path("me", "bookings", found["id"], "slots"), zone, host_id=visitors.require_account().id
        )
        try:
            choice = choosing.choose(base, zone, ask)
        except RefusedUpstreamError:
            gone = True
    return render_template(
        "dashboard/reschedule.html",
        booking=found,
        zone=zone,
        base=base,
        start=start,
        any_time=any_time,
        choice=choice,
        gone=GONE if gone else None,
        typed={"any_date": request.args.get("any_date", ""), "any_clock": request.args.get("any_clock", "")},
        errors=errors,
        nearest=[(one, times.moment(one, zone)) for one in nearest or []],
    )


def _cancel_page(found: dict[str, Any], reason: str, errors: Errors) -> str:
    return render_template(
        "dashboard/cancel.html", booking=found, zone=found["host"]["timezone"], reason=reason, errors=errors
    )


def _retried(booking_id: str, words: str) -> Response:
    account = visitors.require_account()
    try:
        composition.retry(parts(), account.id, booking_id)
    except RefusedUpstreamError as refused:
        raise NotFound(NO_BOOKING) from refused
    flash(words)
    return _back(booking_id)


def _back(booking_id: str) -> Response:
    return redirect(url_for("pages.booking", booking_id=booking_id), 303)


def _of(host_id: str, booking_id: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = parts().booking.ask("GET", path("me", "bookings", booking_id), host=host_id)
    except RefusedUpstreamError as refused:
        raise NotFound(NO_BOOKING) from refused
    return found
