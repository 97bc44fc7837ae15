"""The sandbox's own JSON under `/sandbox`: set faults, act as a Zoom user, see what happened."""

import json
import sqlite3
from typing import Any, Literal

from flask import Blueprint, Response, jsonify, request
from pydantic import BaseModel, ConfigDict, ValidationError

from sandbox import calls, faults, store
from sandbox.context import Sandbox, here, zulu
from sandbox.mail import mailbox
from sandbox.zoom import events, meetings, people, tokens

control = Blueprint("control", __name__, url_prefix="/sandbox")


class Refused(Exception):
    """A script asked for something that makes no sense; says what."""

    def __init__(self, detail: str, errors: list[dict[str, str]] | None = None, status: int = 422) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors or []
        self.status = status


class Deauthorize(BaseModel):
    """Who removes the app; nobody named means who consented last."""

    model_config = ConfigDict(extra="forbid")

    user_id: str | None = None
    email: str | None = None
    user_data_retention: Literal["true", "false"] | bool | None = None
    event_ts: Literal["top", "payload", "text", "none"] = "top"


@control.errorhandler(Refused)
def refused(error: Refused) -> tuple[Response, int]:
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
    answer, status = apply(here(), body)
    return jsonify(answer), status


@control.delete("/faults")
def clear_faults() -> Response:
    """Clear all faults, or those of one name."""
    return jsonify({"cleared": clear(here(), name=request.args.get("fault"))})


@control.delete("/faults/<int(max=99999999999):fault_id>")
def clear_fault(fault_id: int) -> Response:
    """Clear one fault."""
    return jsonify({"cleared": clear(here(), fault_id=fault_id)})


@control.post("/deauthorize")
def deauthorize() -> Response:
    """Let a user remove the app at Zoom."""
    wish = _parsed(Deauthorize, _body(empty={}))
    return jsonify(remove_app(here(), wish))


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


def apply(box: Sandbox, body: Any) -> tuple[dict[str, Any], int]:
    """Do what a fault's JSON says. Raises `Refused`."""
    if isinstance(body, dict) and set(body) == {"clear"}:
        if body["clear"] is not True and not isinstance(body["clear"], str):
            raise Refused("clear: true clears everything, a fault's name clears those")
        return {"cleared": clear(box, name=None if body["clear"] is True else body["clear"])}, 200
    try:
        fault = faults.ADAPTER.validate_python(body)
    except ValidationError as error:
        raise Refused("this is no fault: " + _sentence(error), _errors(error)) from None
    with box.store.transaction() as db:
        done = _at_once(db, box, fault)
        answer = {"done": done} if done else {"id": faults.add(db, fault, box.now())}
    box.faults_changed()
    return answer | {"fault": fault.model_dump(exclude_none=True)}, 200 if done else 201


def clear(box: Sandbox, *, name: str | None = None, fault_id: int | None = None) -> int:
    """Take faults away, and open the mailbox again if that was one."""
    with box.store.transaction() as db:
        gone = faults.clear(db, name=name, fault_id=fault_id)
    box.faults_changed()
    return gone


def remove_app(box: Sandbox, wish: Deauthorize) -> dict[str, Any]:
    """Kill a user's tokens and tell the app."""
    with box.store.transaction() as db:
        named = wish.user_id or wish.email
        if named:
            user = people.by_id(db, wish.user_id) if wish.user_id else people.by_email(db, named)
        else:
            user = people.by_id(db, tokens.latest_user(db))
        if user is None:
            raise Refused("no such Zoom user" if named else "nobody has the app", status=404)
        retention = wish.user_data_retention
        tokens.end_grants(db, user["id"], box.now())
        events.app_deauthorized(
            db,
            box,
            user,
            user_data_retention=None if retention is None else str(retention).lower(),
            event_ts=wish.event_ts,
        )
    return {"user_id": user["id"], "account_id": user["account_id"], "email": user["email"]}


def _at_once(db: sqlite3.Connection, box: Sandbox, fault: faults.Fault) -> str | None:
    """Do what is done at once; None for a fault that stays."""
    match fault:
        case faults.ExpireTokens():
            user = None
            if fault.user is not None:
                user = people.by_id(db, fault.user) or people.by_email(db, fault.user)
                if user is None:
                    raise Refused("user: no such Zoom user")
            count = tokens.expire(db, box.now(), user_id=user["id"] if user else None, refresh_too=fault.refresh)
            return f"{count} tokens expired"
        case faults.UrlValidation():
            events.url_validation(db, box)
            return "endpoint.url_validation queued"
        case faults.Smtp(mode="up"):
            return f"{faults.clear(db, name='smtp')} faults of the mailbox cleared"
        case faults.Scopes(existing=True):
            tokens.replace_scopes(db, list(fault.granted))
    return None


def _parsed(model: type[Deauthorize], body: Any) -> Deauthorize:
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise Refused(_sentence(error), _errors(error)) from None


def _body(empty: Any = None) -> Any:
    if empty is not None and not request.get_data():
        return empty
    body = request.get_json(silent=True, force=True)
    if body is None:
        raise Refused("the body is not JSON")
    return body


def _errors(error: ValidationError) -> list[dict[str, str]]:
    return [
        {"field": ".".join(str(step) for step in one["loc"][1:]) or "fault", "message": one["msg"]}
        for one in error.errors()
    ]


def _sentence(error: ValidationError) -> str:
    return "; ".join(f"{one['field']}: {one['message']}" for one in _errors(error)[:3])


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
