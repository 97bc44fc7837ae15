"""Zoom's webhook address: the raw bytes and Zoom's headers go to the connector, which alone can judge them."""

from flask import Blueprint, Response, request

from gateway.api.forward import given_back
from gateway.parts import parts

blueprint = Blueprint("zoom_webhook", __name__)

PATH = "/webhooks/zoom"
LIMIT = 1024 * 1024
"""Bytes."""
READ_SECONDS = 2.5
"""Zoom gives up after three."""


@blueprint.post(PATH)
def receive() -> Response:
    """Hand one event to the connector and its verdict back to Zoom."""
    headers = {name: value for name, value in request.headers if name.lower().startswith("x-zm-")}
    headers["Content-Type"] = request.headers.get("Content-Type", "application/json")
    answer = parts().zoom_connector.send(
        "POST", PATH, body=request.get_data(), headers=headers, read_seconds=READ_SECONDS
    )
    return given_back(answer)
