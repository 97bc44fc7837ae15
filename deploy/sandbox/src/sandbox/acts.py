"""What a person or a script does to this sandbox: set and clear faults, and act as a Zoom user without the app."""

import sqlite3
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from sandbox import faults
from sandbox.context import Sandbox
from sandbox.zoom import events, fields, meetings, people, tokens
from sandbox.zoom.errors import ApiError


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


class Change(BaseModel):
    """What the host does to a meeting in Zoom's web portal; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    start: AwareDatetime | None = None
    duration: Annotated[int, Field(ge=1, le=1440)] | None = None
    topic: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    agenda: Annotated[str, Field(max_length=2000)] | None = None


DEEDS = ("delete", "recover", "start", "end")


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


def change_meeting(box: Sandbox, meeting_id: int, wish: Change) -> dict[str, Any]:
    """Change a meeting as its host, not through the app, and let Zoom tell the app. Raises `Refused`."""
    values = wish.model_dump(exclude_none=True, exclude={"start"})
    if wish.start is not None:
        if not fields.FIRST_YEAR <= wish.start.year <= fields.LAST_YEAR:
            raise Refused("start: no such year at Zoom")
        values["start_at"] = wish.start.timestamp()
    if not values:
        raise Refused("say what is to change: start, duration, topic or agenda")
    with box.store.transaction() as db:
        meeting, host = _live(db, box, meeting_id)
        change = meetings.change(db, meeting, values, box.now())
        events.meeting_updated(db, box, host, change, echo=False)
        return meetings.whole(change.meeting, box, host["email"])


def do_to_meeting(box: Sandbox, meeting_id: int, deed: str) -> dict[str, Any]:
    """Delete, take out of the trash, start or end a meeting as its host. Raises `Refused`."""
    with box.store.transaction() as db:
        if deed == "recover":
            return _recover(db, box, meeting_id)
        meeting, host = _live(db, box, meeting_id)
        if deed == "delete":
            meetings.delete(db, meeting_id, box.now())
            events.meeting_deleted(db, box, host, meeting, echo=False)
        else:
            meetings.change(db, meeting, {"status": "started" if deed == "start" else "waiting"}, box.now())
            (events.meeting_started if deed == "start" else events.meeting_ended)(db, box, host, meeting)
        return meetings.whole(meeting, box, host["email"])


def _recover(db: sqlite3.Connection, box: Sandbox, meeting_id: int) -> dict[str, Any]:
    meeting = meetings.recover(db, meeting_id, box.now())
    host = meeting and people.by_id(db, meeting["host_id"])
    if meeting is None or host is None:
        raise Refused("no such meeting in the trash", status=404)
    events.meeting_recovered(db, box, host, meeting)
    return meetings.whole(meeting, box, host["email"])


def _live(db: sqlite3.Connection, box: Sandbox, meeting_id: int) -> tuple[sqlite3.Row, sqlite3.Row]:
    try:
        meeting = meetings.live(db, box, meeting_id)
    except ApiError:
        raise Refused("no such meeting", status=404) from None
    host = people.by_id(db, meeting["host_id"])
    if host is None:
        raise Refused("no such host", status=404)
    return meeting, host


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
