"""The sandbox's own JSON under `/sandbox`: set faults, act as a Zoom user, see what happened."""

import json
import sqlite3
from typing import Any

from flask import Blueprint, Response, jsonify, request
from pydantic import ValidationError

from sandbox import acts, calls, faults, store
from sandbox.context import here, zulu
from sandbox.mail import mailbox
from sandbox.zoom import meetings, people

control = Blueprint("control", __name__, url_prefix="/sandbox")


@control.errorhandler(acts.Refused)
def refused(error: acts.Refused) -> tuple[Response, int]:
    """Say what is wrong."""
    return jsonify({"detail": error.detail, "errors": error.errors}), error.status


@control.get("/faults")
def list_faults() -> Response:
    """List what is set."""
    with here().store.transaction() as db:
        return jsonify({"items": [_shown(row) for row, _ in faults.active(db)]})


@control.post("/faults")
def set_fault() -> tuple[Response, int]:
    """Set a fault, do it at once, or clear."""
    body = _body()
    answer, status = acts.apply(here(), body)
    return jsonify(answer), status


@control.delete("/faults")
def clear_faults() -> Response:
    """Clear all faults, or those of one name."""
    return jsonify({"cleared": acts.clear(here(), name=request.args.get("fault"))})


@control.delete("/faults/<int(max=99999999999):fault_id>")
def clear_fault(fault_id: int) -> Response:
    """Clear one fault."""
    return jsonify({"cleared": acts.clear(here(), fault_id=fault_id)})


@control.post("/deauthorize")
def deauthorize() -> Response:
    """Let a user remove the app at Zoom."""
    try:
        wish = acts.Deauthorize.model_validate(_body(empty={}))
    except ValidationError as error:
        raise acts.nonsense(error) from None
    return jsonify(acts.remove_app(here(), wish))


@control.post("/reset")
def reset() -> Response:
    """Forget meetings, mail, tokens, faults and logs."""
    box = here()
    with box.store.transaction() as db:
        store.reset(db)
    box.faults_changed()
    return jsonify({"status": "reset"})


@control.get("/meetings")
def list_meetings() -> Response:
    """List Zoom's meetings."""
    box, deleted = here(), request.args.get("deleted") in {"1", "true"}
    with box.store.transaction() as db:
        rows = meetings.all_of(db, deleted=deleted)
    items = [
        meetings.whole(row, box, row["host_email"]) | {"deleted_at": row["deleted_at"] and zulu(row["deleted_at"])}
        for row in rows
    ]
    return jsonify({"items": items})


@control.patch("/meetings/<int(max=99999999999):meeting_id>")
def change_meeting(meeting_id: int) -> Response:
    """Change a meeting as its host does in Zoom's web portal."""
    try:
        wish = acts.Change.model_validate(_body())
    except ValidationError as error:
        raise acts.nonsense(error) from None
    return jsonify(acts.change_meeting(here(), meeting_id, wish))


@control.post(f"/meetings/<int(max=99999999999):meeting_id>/<any({', '.join(acts.DEEDS)}):deed>")
def do_to_meeting(meeting_id: int, deed: str) -> Response:
    """Delete, recover, start or end a meeting as its host."""
    return jsonify(acts.do_to_meeting(here(), meeting_id, deed))


@control.get("/mail")
def list_mail() -> Response:
    """List the mailbox, newest last."""
    with here().store.transaction() as db:
        return jsonify({"items": mailbox.listed(db, request.args.get("to"))})


@control.get("/requests")
def list_requests() -> Response:
    """List the calls to Zoom, oldest first; `operation` chooses, for example `create_meeting`."""
    with here().store.transaction() as db:
        return jsonify({"items": calls.listed(db, request.args.get("operation"))})


@control.get("/webhooks")
def list_webhooks() -> Response:
    """List the events, sent and waiting."""
    with here().store.transaction() as db:
        return jsonify(
            {"items": [_webhook(row) for row in db.execute("SELECT * FROM webhooks ORDER BY id").fetchall()]}
        )


@control.get("/compliance")
def list_compliance() -> Response:
    """List the compliance confirmations that came."""
    with here().store.transaction() as db:
        rows = db.execute("SELECT * FROM compliance ORDER BY id").fetchall()
    return jsonify({"items": [{"id": row["id"], "at": zulu(row["at"]), **json.loads(row["document"])} for row in rows]})


@control.get("/users")
def list_users() -> Response:
    """List the people at this Zoom and what they granted."""
    with here().store.transaction() as db:
        rows = people.everybody(db)
    shown = [
        {
            "id": row["id"],
            "account_id": row["account_id"],
            "email": row["email"],
            "scopes": None if row["scopes"] is None else row["scopes"].split(),
        }
        for row in rows
    ]
    return jsonify({"items": shown})


def _body(empty: Any = None) -> Any:
    if empty is not None and not request.get_data():
        return empty
    body = request.get_json(silent=True, force=True)
    if body is None:
        raise acts.Refused("the body is not JSON")
    return body


def _shown(row: sqlite3.Row) -> dict[str, Any]:
    return {"id": row["id"], "remaining": row["remaining"], **json.loads(row["document"])}


def _webhook(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "event": row["event"],
        "subject": row["subject"],
        "state": row["state"],
        "attempts": row["attempts"],
        "last_result": row["last_result"],
        "next_attempt_at": row["next_attempt_at"] and zulu(row["next_attempt_at"]),
        "body": json.loads(row["body"]),
    }
