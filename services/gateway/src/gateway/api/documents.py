"""The OpenAPI document, put together from the inner services' own by the table of routes, and kept once complete."""

import threading
from typing import Any

from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue

from gateway.api import merge, own_operations
from gateway.api.routes import BOOKING, PREFIX, ROUTES, ZOOM_CONNECTOR
from gateway.parts import Parts, parts

blueprint = Blueprint("api_documents", __name__)

INNER_PATH = "/openapi/openapi.json"
_KEPT = "gateway.openapi"
_LOCK = threading.Lock()


@blueprint.get(f"{PREFIX}/openapi.json")
def openapi() -> ResponseReturnValue:
    """Give the whole API as one OpenAPI 3.1 document."""
    return jsonify(document())


def document() -> dict[str, Any]:
    """Give the merged document. Raises `UpstreamUnavailableError` while a service that is part of it doesn't answer."""
    with _LOCK:
        kept: dict[str, Any] | None = current_app.extensions.get(_KEPT)
        if kept is None:
            kept = _build(parts())
            current_app.extensions[_KEPT] = kept
        return kept


def _build(of: Parts) -> dict[str, Any]:
    inner = {name: of.service(name).ask("GET", INNER_PATH) for name in (BOOKING, ZOOM_CONNECTOR)}
    made = merge.skeleton(server=of.settings.public_url + PREFIX)
    merge.add_own(made, own_operations.OPERATIONS, own_operations.SCHEMAS)
    merge.add_routes(made, ROUTES, inner, answers=own_operations.ANSWERS)
    return merge.pruned(made)
