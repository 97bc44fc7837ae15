"""The connector's HTTP side: connections, the way back from Zoom, webhooks, and another try for one meeting."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, jsonify, request
from flask_openapi3 import OpenAPI
from pydantic import BaseModel, Field
from sqlalchemy import Row

from shared.clock import Clock
from shared.database import Database
from shared.web import Body, require_host
from zoom_connector.connections import scopes
from zoom_connector.connections.checking import Checking
from zoom_connector.connections.connecting import Connecting
from zoom_connector.connections.removal import Removal
from zoom_connector.refusals import Refused
from zoom_connector.storage import connections, meetings, removals, seats
from zoom_connector.webhooks.receiving import Receiving

WEBHOOK_PATH = "/webhooks/zoom"
WEBHOOK_LIMIT = 1024 * 1024
LONGEST = 4000
LONGEST_ID = 100


NOTHING: dict[str, Any] = {
    "status": connections.DISCONNECTED,
    "account_email": None,
    "scopes": [],
    "missing_scopes": [],
    "optional_scopes_missing": [],
    "connected_at": None,
    "reason": None,
    "pending_bookings": 0,
    "last_success_at": None,
    "last_failure_at": None,
    "last_failure": None,
    "parked_until": None,
    "parked_for": None,
    "shared": False,
}
"""A host without a connection. `shared` tells that another host has connected the same Zoom user."""


class ReturnBody(Body):
    """What Zoom put into the callback's address; null where it said nothing."""

    state: str | None = Field(default=None, max_length=LONGEST)
    code: str | None = Field(default=None, max_length=LONGEST)
    error: str | None = Field(default=None, max_length=LONGEST)


class BookingPath(BaseModel):
    """Which booking."""

    id: str


@dataclass(frozen=True)
class Parts:
    """What the routes stand on."""

    database: Database
    connecting: Connecting
    removal: Removal
    checking: Checking
    receiving: Receiving
    clock: Clock


def install(app: OpenAPI, parts: Parts) -> None:
    """Put the routes into the app."""
    _install_connection(app, parts)
    _install_callback(app, parts)
    _install_others(app, parts)


def _install_connection(app: OpenAPI, parts: Parts) -> None:
    @app.get("/me/connections/zoom")
    def read_connection() -> dict[str, Any]:
        """Show the host's connection."""
        return _connection(parts, require_host())

    @app.post("/me/connections/zoom")
    def begin_connection() -> tuple[dict[str, str], int]:
        """Give the address to send the host's browser to."""
        return {"authorize_url": parts.connecting.begin(require_host())}, 201

    @app.delete("/me/connections/zoom")
    def remove_connection() -> dict[str, Any]:
        """Revoke and erase; when this answers, the tokens are gone."""
        return {"receipt": _receipt(parts.removal.disconnect(require_host()))}

    @app.post("/me/connections/zoom/check")
    def check_connection() -> dict[str, Any]:
        """Ask Zoom now whether the connection is good, and have the host's meetings looked after."""
        host_id = require_host()
        parts.checking.check(host_id)
        return _connection(parts, host_id)

    @app.get("/me/connections/zoom/receipts")
    def list_receipts() -> dict[str, Any]:
        """List what was erased when, the newest first."""
        host_id = require_host()
        with parts.database.read() as tx:
            rows = removals.receipts(tx, host_id)
        return {"items": [_receipt(row) for row in rows], "next_cursor": None}


def _install_callback(app: OpenAPI, parts: Parts) -> None:
    @app.post("/me/connections/zoom/callback")
    def complete_connection(body: ReturnBody) -> dict[str, Any]:
        """Connect the host who comes back from Zoom."""
        host_id = require_host()
        replaced = parts.connecting.complete(host_id, state=body.state, code=body.code, error=body.error)
        return _connection(parts, host_id) | {"replaced_account": replaced}


def _install_others(app: OpenAPI, parts: Parts) -> None:
    @app.post("/me/bookings/<string:id>/retry")
    def retry_meeting(path: BookingPath) -> tuple[dict[str, Any], int]:
        """Try the booking's meeting again now, whatever it waits for, and undo what the host did to it in Zoom."""
        host_id, now = require_host(), parts.clock()
        if not _may_be_an_id(path.id):
            raise _no_meeting()
        with parts.database.write() as tx:
            if not seats.retry(tx, now, host_id=host_id, booking_id=path.id):
                raise _no_meeting()
            connections.unpark(tx, host_id)
        return {}, 202

    @app.post("/me/bookings/<string:id>/accept")
    def accept_deletion(path: BookingPath) -> tuple[dict[str, Any], int]:
        """Let it stand that the host has deleted the booking's meeting in Zoom."""
        host_id, now = require_host(), parts.clock()
        if not _may_be_an_id(path.id):
            raise _no_meeting()
        with parts.database.write() as tx:
            accepted = seats.accept(tx, now, host_id=host_id, booking_id=path.id)
        if accepted is None:
            raise _no_meeting()
        if not accepted:
            raise Refused("conflict", "nothing_to_accept", "This booking's meeting was not deleted in Zoom.")
        return {}, 202

    @app.post(WEBHOOK_PATH)
    def receive_webhook() -> Response:
        """Store what Zoom tells, or answer its question."""
        answer = parts.receiving.receive(
            request.get_data(),
            timestamp=request.headers.get("x-zm-request-timestamp"),
            signature=request.headers.get("x-zm-signature"),
        )
        return jsonify(answer) if answer is not None else Response(status=204)


def _may_be_an_id(text: str) -> bool:
    # No database is asked about text that it can't even hold.
    return len(text) <= LONGEST_ID and text.isascii() and text.isprintable()


def _no_meeting() -> Refused:
    return Refused("not_found", "not_found", "There is no Zoom meeting for this booking.")


def _connection(parts: Parts, host_id: str) -> dict[str, Any]:
    now = parts.clock()
    with parts.database.read() as tx:
        row = connections.get(tx, host_id)
        pending = meetings.pending(tx, now, host_id)
        shared = row is not None and connections.others_of_user(tx, row)
    if row is None or row.status == connections.DISCONNECTED:
        return NOTHING | {"pending_bookings": pending}
    granted = row.scopes.split()
    parked = row.parked_until if row.parked_until is not None and row.parked_until > now else None
    return {
        "status": row.status,
        "account_email": row.account_email,
        "scopes": granted,
        "missing_scopes": scopes.missing(granted),
        "optional_scopes_missing": scopes.optional_missing(granted),
        "connected_at": _shown(row.connected_at),
        "reason": row.reason,
        "pending_bookings": pending,
        "last_success_at": _shown(row.last_success_at),
        "last_failure_at": _shown(row.last_failure_at),
        "last_failure": row.last_failure,
        "parked_until": _shown(parked),
        "parked_for": None if parked is None else row.parked_for,
        "shared": shared,
    }


def _shown(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _receipt(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": row.at.isoformat(),
        "cause": row.cause,
        "erased": json.loads(row.erased),
        "revoked": row.revoked,
        "compliance": row.compliance,
    }
