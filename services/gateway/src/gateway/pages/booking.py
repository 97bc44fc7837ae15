"""Booking a session: a month, a day, a time, then the details. Nothing that was typed is ever lost."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from gateway.pages import assets, choosing, forms, hosts, times
from gateway.pages.blueprint import pages
from gateway.pages.forms import Errors
from gateway.parts import parts
from gateway.upstream import RETRY_AFTER, RefusedUpstreamError, UpstreamUnavailableError, path

NAMES = {"client.name": "name", "client.email": "email", "client.timezone": "timezone"}
TRY_AGAIN = "We could not reach the calendar just now. Nothing is lost: send it once more in a moment."
SENT_BEFORE = (
    "This form was sent before, with other details, and that booking was made: look for its confirmation in your mail. "
    "To book a second session, choose another time."
)
LONGEST_KEY = 100


@dataclass(frozen=True)
class Details:
    """What a client typed."""

    start: str
    name: str
    email: str
    zone: str
    notes: str
    answers: dict[str, str]
    key: str

    def body(self) -> dict[str, Any]:
        """Say it as the API expects it."""
        client = {"name": self.name, "email": self.email, "timezone": self.zone}
        return {"start": self.start, "client": client, "notes": self.notes, "answers": self.answers}

    def held(self) -> dict[str, str]:
        """Give the fields to carry along while another time is chosen."""
        answers = {f"answers.{key}": text for key, text in self.answers.items()}
        return {"name": self.name, "email": self.email, "notes": self.notes, **answers, "idempotency_key": self.key}


@pages.get("/<handle>/<slug>")
def book(handle: str, slug: str) -> ResponseReturnValue:
    """Show the month and the day's times or, once a time is chosen, the form for the details."""
    host = hosts.public_host(handle)
    kind = hosts.session_type_of(host, slug)
    zone = times.visitors_zone(host["timezone"])
    start = choosing.chosen_start(zone)
    if start is not None:
        blank = Details(start.isoformat(), "", "", zone, "", {}, secrets.token_urlsafe(16))
        page = make_response(_details_page(host, kind, blank, Errors()))
    else:
        choice = choosing.choose(
            url_for("pages.book", handle=handle, slug=slug),
            zone,
            choosing.free_slots(parts(), handle, slug, zone),
        )
        unread = bool(request.args.get("start"))
        page = make_response(render_template("book.html", host=host, kind=kind, choice=choice, unread=unread))
        assets.pack(page)
    times.remember_zone(page, secure=parts().settings.secure)
    return page


@pages.post("/<handle>/<slug>")
def book_sent(handle: str, slug: str) -> ResponseReturnValue:
    """Book, or show the form again with what is wrong."""
    typed = _typed()
    try:
        made: dict[str, Any] = parts().booking.ask(
            "POST",
            path("hosts", handle, "session-types", slug, "bookings"),
            json_body=typed.body(),
            headers={"Idempotency-Key": typed.key},
        )
    except RefusedUpstreamError as refused:
        return _refused(handle, slug, typed, refused)
    except UpstreamUnavailableError:
        page = _details_again(handle, slug, typed, Errors(general=[TRY_AGAIN]))
        return Response(page, 503, {"Retry-After": str(RETRY_AFTER)})
    return redirect(url_for("pages.confirmation", reference=made["reference"]), 303)


@pages.get("/<handle>/<slug>/time")
def book_time(handle: str, slug: str) -> ResponseReturnValue:
    """Lead whoever opens the address below to the month."""
    return redirect(url_for("pages.book", handle=handle, slug=slug), 303)


@pages.post("/<handle>/<slug>/time")
def book_time_sent(handle: str, slug: str) -> ResponseReturnValue:
    """Choose another time with what was typed carried along, and come back to it with the time that is chosen."""
    typed = _typed()
    host = hosts.public_host(handle)
    kind = hosts.session_type_of(host, slug)
    zone = times.known(typed.zone) or times.visitors_zone(host["timezone"])
    if request.form.get("start") and not request.form.keys() & {"date", "month"}:
        return _details_page(host, kind, typed, Errors())
    ask = choosing.free_slots(parts(), handle, slug, zone)
    choice = choosing.choose(url_for("pages.book", handle=handle, slug=slug), zone, ask, held=typed.held())
    return render_template("book.html", host=host, kind=kind, choice=choice, unread=False)


def _typed() -> Details:
    form = request.form
    zone = times.known(form.get("timezone")) or form.get("timezone", "")
    answers = {
        name.removeprefix("answers."): value
        for name, value in form.items()
        if name.startswith("answers.") and value.strip()
    }
    key = form.get("idempotency_key", "")[:LONGEST_KEY]
    if not key.isascii() or not key.isprintable() or not key:
        key = secrets.token_urlsafe(16)
    return Details(
        form.get("start", ""), form.get("name", ""), form.get("email", ""), zone, form.get("notes", ""), answers, key
    )


def _refused(handle: str, slug: str, typed: Details, refused: RefusedUpstreamError) -> ResponseReturnValue:
    if refused.status == 404:  # noqa: PLR2004 - the host or the session type is gone
        hosts.session_type_of(hosts.public_host(handle), slug)
    if refused.code == "idempotency_conflict":
        errors = Errors(general=[SENT_BEFORE])
    else:
        errors = forms.from_upstream(refused, rename=lambda name: NAMES.get(name, name))
    # A refusal is final for this key: what is sent next is another request.
    fresh = Details(**{**typed.__dict__, "key": secrets.token_urlsafe(16)})
    nearest = refused.problem.get("nearest") if refused.code == "slot_taken" else None
    return Response(_details_again(handle, slug, fresh, errors, nearest=nearest), refused.status)


def _details_again(handle: str, slug: str, typed: Details, errors: Errors, *, nearest: list[str] | None = None) -> str:
    try:
        host = hosts.public_host(handle)
        kind = hosts.session_type_of(host, slug)
    except UpstreamUnavailableError:
        # Even the host's name can't be asked for now, but what was typed must come back.
        host, kind = _as_far_as_known(handle, slug, typed)
    return _details_page(host, kind, typed, errors, nearest=nearest)


def _as_far_as_known(handle: str, slug: str, typed: Details) -> tuple[dict[str, Any], dict[str, Any]]:
    host = {"name": handle, "handle": handle, "timezone": times.known(typed.zone) or "UTC", "color": None}
    questions = [{"key": key, "label": key, "required": False} for key in typed.answers]
    return host, {"slug": slug, "title": "Your session", "duration": None, "location": {}, "questions": questions}


def _details_page(
    host: dict[str, Any], kind: dict[str, Any], typed: Details, errors: Errors, *, nearest: list[str] | None = None
) -> str:
    zone = times.known(typed.zone) or host["timezone"]
    start = choosing.read_start(typed.start, zone)
    return render_template(
        "details.html",
        host=host,
        kind=kind,
        typed=typed,
        errors=errors,
        zone=zone,
        start=start,
        nearest=_readable(nearest, zone),
    )


def _readable(starts: list[str] | None, zone: str) -> list[tuple[str, datetime]] | None:
    if starts is None:
        return None
    return sorted(((start, times.moment(start, zone)) for start in starts), key=lambda one: one[1])
