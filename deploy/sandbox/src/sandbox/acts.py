"""What a person or a script does to this sandbox: set and clear faults, remove the app as a Zoom user."""

import sqlite3
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from sandbox import faults
from sandbox.context import Sandbox
from sandbox.zoom import events, people, tokens


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


def apply(box: Sandbox, body: Any) -> tuple[dict[str, Any], int]:
    """Do what a fault's JSON says. Raises `Refused`."""
    if isinstance(body, dict) and set(body) == {"clear"}:
        if body["clear"] is not True and not isinstance(body["clear"], str):
            raise Refused("clear: true clears everything, a fault's name clears those")
        return {"cleared": clear(box, name=None if body["clear"] is True else body["clear"])}, 200
    try:
        fault = faults.ADAPTER.validate_python(body)
    except ValidationError as error:
        raise nonsense(error, "this is no fault: ", below=1) from None
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


def nonsense(error: ValidationError, prefix: str = "", below: int = 0) -> Refused:
    """Say in one sentence and field by field what is wrong; `below` so many steps the fields begin."""
    errors = [
        {"field": ".".join(str(step) for step in one["loc"][below:]) or "fault", "message": one["msg"]}
        for one in error.errors()
    ]
    return Refused(prefix + "; ".join(f"{one['field']}: {one['message']}" for one in errors[:3]), errors)
