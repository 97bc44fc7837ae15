"""The calls that take more than one service."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from gateway import composition
from gateway.api.callers import require_key, require_no_body
from gateway.api.routes import PREFIX
from gateway.parts import parts

blueprint = Blueprint("api_composed", __name__, url_prefix=PREFIX)


@blueprint.get("/me/bookings/<booking_id>")
def booking(booking_id: str) -> ResponseReturnValue:
    """Give one booking of the host with its timeline and its mails."""
    return jsonify(composition.booking_with_deliveries(parts(), require_key(), booking_id))


@blueprint.post("/me/bookings/<booking_id>/retry")
def retry(booking_id: str) -> ResponseReturnValue:
    """Try the meeting and the unsent mails again now."""
    host_id = require_key()
    require_no_body()
    composition.retry(parts(), host_id, booking_id)
    return {}, 202


@blueprint.post("/me/bookings/<booking_id>/accept")
def accept(booking_id: str) -> ResponseReturnValue:
    """Take over what the host did in Zoom."""
    host_id = require_key()
    require_no_body()
    composition.accept(parts(), host_id, booking_id)
    return {}, 202
