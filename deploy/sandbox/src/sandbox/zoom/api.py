"""The REST calls under `/v2`: which token may do what, and Zoom's statuses and codes."""

import sqlite3
from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from sandbox import faults
from sandbox.context import here
from sandbox.zoom import events, front, listing, meetings, operations, people, tokens
from sandbox.zoom.errors import ApiError, invalid

api = Blueprint("api", __name__, url_prefix="/v2")
front.stand_before(api)

EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@api.get("/users/<user_id>")
def read_user(user_id: str) -> Response:
    """Say who the token's user is."""
    with here().store.transaction() as db:
        return jsonify(people.described(_user(db, user_id)))


@api.post("/users/<user_id>/meetings")
def create_meeting(user_id: str) -> tuple[Response, int]:
    """Make a meeting for the token's user."""
    box = here()
    with box.store.transaction() as db:
        user = _user(db, user_id)
        meeting = meetings.create(db, box, user, _body())
        events.meeting_created(db, box, user, meeting)
    return jsonify(meetings.whole(meeting, box, user["email"])), 201


@api.get("/users/<user_id>/meetings")
def list_meetings(user_id: str) -> Response:
    """List the token's user's scheduled meetings."""
    box = here()
    with box.store.transaction() as db:
        return jsonify(listing.page(db, box, _user(db, user_id)["id"], request.args))


@api.get("/meetings/<meeting_id>")
def read_meeting(meeting_id: str) -> Response:
    """Show a meeting."""
    box = here()
    with box.store.transaction() as db:
        user, meeting = _meeting(db, meeting_id)
        return jsonify(meetings.whole(meeting, box, user["email"]))


@api.patch("/meetings/<meeting_id>")
def update_meeting(meeting_id: str) -> tuple[str, int]:
    """Change a meeting; the answer is empty."""
    box = here()
    with box.store.transaction() as db:
        user, meeting = _meeting(db, meeting_id)
        events.meeting_updated(db, box, user, meetings.update(db, box, meeting, _body()), echo=True)
    return "", 204


@api.delete("/meetings/<meeting_id>")
def delete_meeting(meeting_id: str) -> tuple[str, int]:
    """Delete a meeting; the answer is empty."""
    box = here()
    for name in ("schedule_for_reminder", "cancel_meeting_reminder"):
        if request.args.get(name, "false") not in {"true", "false"}:
            raise invalid((name, "The value must be a boolean."))
    with box.store.transaction() as db:
        user, meeting = _meeting(db, meeting_id)
        if meeting["status"] == "started":
            raise ApiError(400, 3002, f"You cannot delete the meeting since it is in progress: {meeting_id}.")
        meetings.delete(db, meeting["id"], box.now())
        events.meeting_deleted(db, box, user, meeting, echo=True)
    return "", 204


@api.route("/", defaults={"rest": ""}, methods=EVERY_METHOD)
@api.route("/<path:rest>", methods=EVERY_METHOD)
def unknown(rest: str) -> Response:
    """Every other path and method."""
    del rest
    raise ApiError(404, 2300, "This API endpoint is not recognized.")


def _token(db: sqlite3.Connection) -> sqlite3.Row:
    """Check the token and that its consent covers this call."""
    if "access_token" in request.args:
        raise ApiError(401, 124, "This API does not support access_token as a query parameter.")
    token = tokens.bearer(db, front.shown_bearer(), here().now())
    operation: operations.Operation = g.operation
    if not {operation.granular, operation.classic} & set(token["scopes"].split()):
        missing = f"Invalid access token, does not contain scopes:[{operation.granular}]."
        if faults.quirk(db, "scope_error_401"):
            raise ApiError(401, 4700, missing)
        raise ApiError(400, 4711, missing)
    return token


def _user(db: sqlite3.Connection, user_id: str) -> sqlite3.Row:
    """Give the token's user. A user's own token speaks of `me` only."""
    token = _token(db)
    if user_id != "me":
        if people.by_id(db, user_id) is None and people.by_email(db, user_id) is None:
            raise ApiError(404, 1001, f"User does not exist: {user_id}.")
        raise ApiError(400, 4711, f"Invalid access token, does not contain scopes:[{g.operation.granular}:admin].")
    return _known(people.by_id(db, token["user_id"]))


def _meeting(db: sqlite3.Connection, meeting_id: str) -> tuple[sqlite3.Row, sqlite3.Row]:
    """Give the token's user and the meeting, which must be theirs."""
    token = _token(db)
    if not (meeting_id.isascii() and meeting_id.isdigit() and len(meeting_id) <= len("9007199254740991")):
        raise ApiError(400, 300, "Invalid meeting id.")
    meeting = meetings.live(db, here(), int(meeting_id))
    if meeting["host_id"] != token["user_id"]:
        raise ApiError(400, 3003, f"You are not the meeting host: {meeting_id}.")
    return _known(people.by_id(db, token["user_id"])), meeting


def _known(user: sqlite3.Row | None) -> sqlite3.Row:
    if user is None:
        raise ApiError(404, 1001, "User does not exist.")
    return user


def _body() -> Any:
    if request.mimetype != "application/json":
        raise ApiError(400, 300, "Unsupported Content Type.")
    body = request.get_json(silent=True)
    if body is None:
        raise ApiError(400, 300, "Request Body should be a valid JSON object.")
    return body
