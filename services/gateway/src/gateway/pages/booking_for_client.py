"""A host books for a client: what, when (a free time or any other), and for whom."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from gateway.pages import booking_desk, choosing, forms, session_types, times, visitors
from gateway.pages.blueprint import pages
from gateway.pages.choosing import FreeSlots
from gateway.pages.forms import Errors
from gateway.parts import parts
from gateway.storage import Account
from gateway.upstream import RefusedUpstreamError, path

NAMES = {"client.name": "name", "client.email": "email", "client.timezone": "timezone"}
ONE_QUESTION = timedelta(days=91)
"""One question about free times may span 92 days."""


@pages.get("/dashboard/bookings/new")
def booking_new() -> ResponseReturnValue:
    """Ask what, then when, then for whom."""
    account = visitors.require_account()
    kinds = session_types.all_of(account)
    kind = _chosen_kind(kinds)
    if kind is None:
        return render_template("dashboard/book_what.html", kinds=kinds)
    zone = _zone(account)
    errors = Errors()
    start, any_time = booking_desk.chosen(zone, errors)
    if start is not None:
        return _details(kind, zone, _blank(start, zone, any_time), Errors()), 200
    base = url_for("pages.booking_new")
    ask = choosing.slots_at(parts(), path("me", "session-types", kind["id"], "slots"), zone, host_id=account.id)
    choice = choosing.choose(base, zone, _asked_once(ask), kept={"type": kind["id"]})
    typed = {name: request.args.get(name, "") for name in ("any_date", "any_clock")}
    page = render_template(
        "dashboard/book_when.html", kind=kind, kinds=kinds, zone=zone, choice=choice, typed=typed, errors=errors
    )
    return page, 422 if errors else 200


@pages.post("/dashboard/bookings/new")
def booking_made() -> ResponseReturnValue:
    """Book, or show the form again with what is wrong."""
    account = visitors.require_account()
    typed = _typed()
    body: dict[str, Any] = {
        "session_type_id": typed["type"],
        "start": typed["start"],
        "client": {"name": typed["name"], "email": typed["email"], "timezone": typed["timezone"]},
        "notes": typed["notes"],
        "answers": typed["answers"],
        "any_time": typed["any_time"],
    }
    try:
        made: dict[str, Any] = parts().booking.ask("POST", "/me/bookings", host=account.id, json_body=body)
    except RefusedUpstreamError as refused:
        kind = session_types.one_of(account, typed["type"])
        errors = forms.from_upstream(refused, rename=lambda name: NAMES.get(name, name))
        page = _details(kind, _zone(account), typed, errors, nearest=refused.problem.get("nearest"))
        return page, refused.status
    flash("Booked. Both of you are told by mail.")
    return redirect(url_for("pages.booking", booking_id=made["id"]), 303)


def _chosen_kind(kinds: list[dict[str, Any]]) -> dict[str, Any] | None:
    wanted = request.args.get("type")
    if wanted:
        found = next((kind for kind in kinds if kind["id"] == wanted), None)
        if found is None:
            raise NotFound(session_types.NO_TYPE)
        return found
    return kinds[0] if len(kinds) == 1 else None


def _asked_once(ask: FreeSlots) -> FreeSlots:
    # The month and the search for the next free day after it, from one answer.
    known: list[tuple[date, date, list[dict[str, object]]]] = []

    def once(first: date, last: date) -> Iterable[dict[str, object]]:
        if not known:
            until = first + ONE_QUESTION
            known.append((first, until, list(ask(first, until))))
        _, _, found = known[0]
        return [slot for slot in found if first <= datetime.fromisoformat(str(slot["start"])).date() <= last]

    return once


def _blank(start: datetime, zone: str, any_time: bool) -> dict[str, Any]:
    typed = {"start": start.isoformat(), "name": "", "email": "", "timezone": zone, "notes": "", "answers": {}}
    return {**typed, "any_time": any_time, "type": request.args.get("type", "")}


def _typed() -> dict[str, Any]:
    form = request.form
    answers = {
        name.removeprefix("answers."): value
        for name, value in form.items()
        if name.startswith("answers.") and value.strip()
    }
    texts = {name: form.get(name, "") for name in ("type", "start", "name", "email", "timezone", "notes")}
    return {**texts, "answers": answers, "any_time": bool(form.get("any_time"))}


def _details(
    kind: dict[str, Any], zone: str, typed: dict[str, Any], errors: Errors, *, nearest: list[str] | None = None
) -> str:
    start = choosing.read_start(typed["start"], zone)
    again = {"type": kind["id"], **({"date": start.date().isoformat()} if start else {})}
    return render_template(
        "dashboard/book_whom.html",
        kind=kind,
        zone=zone,
        typed=typed,
        start=start,
        errors=errors,
        nearest=[(one, times.moment(one, zone)) for one in nearest or []],
        again=f"{url_for('pages.booking_new')}?{urlencode(again)}",
    )


def _zone(account: Account) -> str:
    me: dict[str, Any] = parts().booking.ask("GET", "/me", host=account.id)
    zone: str = me["timezone"]
    return zone
