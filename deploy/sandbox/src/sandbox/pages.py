"""The pages for people: the overview, the mailbox, and Zoom's web portal where a host acts without the app."""

import json
import sqlite3
from datetime import UTC, datetime
from typing import Any, get_args

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from sandbox import acts, faults
from sandbox.context import Sandbox, here
from sandbox.mail import mailbox
from sandbox.zoom import consent, meetings, operations, people
from sandbox.zoom.errors import ApiError

pages = Blueprint("pages", __name__)

POLICY = "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"

PRESETS = (
    ("Zoom answers 503", '{"fault": "status", "status": 503, "body": "html"}'),
    (
        "Zoom hangs after a create",
        '{"fault": "hang", "on": "POST /v2/users/me/meetings", "seconds": 20, "after": true, "times": 1}',
    ),
    (
        "A create's answer is cut off",
        '{"fault": "reset", "on": "POST /v2/users/me/meetings", "after": true, "times": 1}',
    ),
    ("Host's 100 a day are spent", '{"fault": "rate_limit", "kind": "user_daily"}'),
    ("Four calls a second, 100 a day", '{"fault": "quotas", "per_second": 4, "user_daily": 100}'),
    ("Access tokens expire now", '{"fault": "expire_tokens"}'),
    ("A refresh's answer is lost", '{"fault": "token_lost", "times": 1}'),
    (
        "Consent without delete",
        '{"fault": "scopes", "granted": ["user:read:user", "meeting:write:meeting", "meeting:update:meeting"]}',
    ),
    (
        "Consent without change",
        '{"fault": "scopes", "granted": ["user:read:user", "meeting:write:meeting", "meeting:delete:meeting"]}',
    ),
    ("Webhooks off", '{"fault": "webhooks", "off": true}'),
    ("Mail server down", '{"fault": "smtp", "mode": "down"}'),
    ("Mail refused for a while", '{"fault": "smtp", "mode": "refuse", "at": "rcpt", "times": 3}'),
    ("Mail taken, answer lost", '{"fault": "smtp", "mode": "drop", "times": 1}'),
)


@pages.after_app_request
def guard(answer: Response) -> Response:
    """Let pages load nothing from elsewhere and stand in no frame."""
    if answer.mimetype == "text/html":
        answer.headers.setdefault("Content-Security-Policy", POLICY)
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Cache-Control"] = "no-store"
    return answer


@pages.app_template_filter("moment")
def moment(at: float | None) -> str:
    """Write an instant for people, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%a %d %b %Y, %H:%M UTC") if at else ""


@pages.get("/")
def overview(said: str = "", written: str = "") -> str:
    """Show everything on one page."""
    box = here()
    with box.store.transaction() as db:
        users = people.everybody(db)
        held = meetings.all_of(db, deleted=False)
        active = [(row, row["document"]) for row, _ in faults.active(db)]
        mails = db.execute("SELECT count(*) FROM mail").fetchone()[0]
        queue = db.execute("SELECT * FROM webhooks ORDER BY id DESC LIMIT 10").fetchall()
        recent = db.execute("SELECT * FROM requests ORDER BY id DESC LIMIT 15").fetchall()
    return render_template(
        "overview.html",
        settings=box.settings,
        marketplace=consent.marketplace_url(),
        users=users,
        permissions=operations.PERMISSIONS,
        meetings=held,
        faults=active,
        presets=PRESETS,
        vocabulary=vocabulary(),
        quirks=faults.QUIRKS,
        mails=mails,
        webhooks=queue,
        requests=recent,
        said=said,
        written=written,
    )


@pages.post("/faults")
def set_fault() -> tuple[str, int] | Answer:
    """Set the fault from the form; what makes no sense comes back with the reason."""
    written = request.form.get("fault", "")
    try:
        acts.apply(here(), json.loads(written))
    except json.JSONDecodeError as error:
        return overview(f"This is not JSON: {error}", written), 422
    except acts.Refused as error:
        return overview(error.detail, written), error.status
    return redirect(url_for("pages.overview") + "#faults", 303)


@pages.post("/faults/clear")
def clear_faults() -> Answer:
    """Clear one fault, or all."""
    acts.clear(here(), fault_id=request.form.get("id", type=int))
    return redirect(url_for("pages.overview") + "#faults", 303)


@pages.post("/deauthorize")
def deauthorize() -> tuple[str, int] | Answer:
    """Remove the app as its user does at Zoom."""
    wish = acts.Deauthorize(
        user_id=request.form.get("user_id") or None,
        user_data_retention="true" if request.form.get("retention") == "true" else "false",
    )
    try:
        acts.remove_app(here(), wish)
    except acts.Refused as error:
        return overview(error.detail), error.status
    return redirect(url_for("pages.overview") + "#people", 303)


@pages.get("/meetings")
def portal() -> str:
    """Show the hosts' meetings as Zoom's web portal does."""
    deleted = request.args.get("deleted") == "1"
    with here().store.transaction() as db:
        return render_template("meetings.html", meetings=meetings.all_of(db, deleted=deleted), deleted=deleted)


@pages.post("/meetings/<int(max=99999999999):meeting_id>/<any(move, delete, recover, start, end):deed>")
def act(meeting_id: int, deed: str) -> Answer:
    """Do something to a meeting as its host, not through the app."""
    box = here()
    try:
        if deed == "move":
            acts.change_meeting(box, meeting_id, _moved(box, meeting_id))
        else:
            acts.do_to_meeting(box, meeting_id, deed)
    except acts.Refused as error:
        abort(error.status)
    return redirect(url_for("pages.portal"), 303)


@pages.get("/j/<int(max=99999999999):number>")
def join(number: int) -> tuple[str, int] | str:
    """Show what a guest sees who opens the link."""
    box = here()
    with box.store.transaction() as db:
        try:
            meeting = meetings.live(db, box, _by_number(db, number))
        except ApiError:
            return render_template("join.html", meeting=None, number=number), 404
        host = people.by_id(db, meeting["host_id"])
    let_in = not meeting["password"] or meetings.join_url(meeting, box).partition("pwd=")[2] == request.args.get("pwd")
    return render_template("join.html", meeting=meeting, host=host, number=number, let_in=let_in)


@pages.get("/s/<int(max=99999999999):number>")
def begin(number: int) -> tuple[str, int] | str:
    """Show the page behind a host's start link."""
    return join(number)


@pages.get("/mail")
def mail() -> str:
    """List the mailbox, newest first."""
    to = request.args.get("to", "").strip()
    with here().store.transaction() as db:
        return render_template("mail.html", mails=mailbox.listed(db, to or None)[::-1], to=to)


@pages.get("/mail/<int(max=99999999999):mail_id>")
def read_mail(mail_id: int) -> str:
    """Show one mail in all its parts."""
    with here().store.transaction() as db:
        return render_template("mail_one.html", mail=mailbox.one(db, mail_id) or abort(404))


@pages.get("/mail/<int(max=99999999999):mail_id>/raw")
def raw_mail(mail_id: int) -> Response:
    """Give one mail byte for byte."""
    with here().store.transaction() as db:
        return Response(mailbox.raw(db, mail_id) or abort(404), content_type="text/plain; charset=utf-8")


def vocabulary() -> list[dict[str, Any]]:
    """Describe every fault from its own model."""
    return [
        {
            "name": " ".join(get_args(model.model_fields["fault"].annotation)),
            "fields": [name for name in model.model_fields if name != "fault"],
            "words": model.__doc__,
        }
        for model in faults.MODELS
        if model is not faults.Quirk
    ]


def _by_number(db: sqlite3.Connection, number: int) -> int:
    """Find the meeting behind a link; a personal meeting id means the one that was made last."""
    row = db.execute(
        "SELECT id FROM meetings WHERE deleted_at IS NULL AND (id = :n OR pmi = :n) ORDER BY created_at DESC LIMIT 1",
        {"n": number},
    ).fetchone()
    return number if row is None else int(row["id"])


def _moved(box: Sandbox, meeting_id: int) -> acts.Change:
    """Read the form's new start, UTC; without one the meeting moves by an hour."""
    written = request.form.get("start", "")
    if written:
        try:
            return acts.Change(start=datetime.fromisoformat(written).replace(tzinfo=UTC))
        except ValueError:
            abort(422)
    with box.store.transaction() as db:
        try:
            start_at = meetings.live(db, box, meeting_id)["start_at"]
        except ApiError:
            abort(404)
    return acts.Change(start=datetime.fromtimestamp(start_at + 3600, UTC))
