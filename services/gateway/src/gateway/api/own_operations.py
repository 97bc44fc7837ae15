"""The gateway's own calls as OpenAPI describes them, and the answers that no inner service describes."""

from typing import Any

from gateway.accounts import SignUp
from gateway.api.own import KeyRequest

_KEY = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "label": {"type": "string"},
        "created_at": {"type": "string", "format": "date-time"},
        "last_used_at": {"type": ["string", "null"], "format": "date-time"},
    },
}
_ISSUED = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "label": {"type": "string"},
        "api_key": {"type": "string", "description": "Shown this one time."},
    },
}
_CONNECTION = {
    "type": "object",
    "properties": {
        "status": {"enum": ["connected", "disconnected", "needs_reconnect"]},
        "account_email": {"type": ["string", "null"]},
        "scopes": {"type": "array", "items": {"type": "string"}},
        "connected_at": {"type": ["string", "null"], "format": "date-time"},
        "reason": {"type": ["string", "null"]},
        "pending_bookings": {"type": "integer", "description": "Bookings that wait for a link."},
    },
}
_RECEIPT = {
    "type": "object",
    "description": "What was erased when Zoom was disconnected.",
    "properties": {
        "id": {"type": "string"},
        "at": {"type": "string", "format": "date-time"},
        "cause": {"enum": ["disconnected", "deauthorized"]},
        "erased": {"type": "array", "items": {"type": "string"}},
        "revoked": {"type": "boolean"},
        "compliance": {"enum": ["posted", "pending", "not_required", "failed"]},
    },
}
_DELIVERY = {
    "type": "object",
    "description": "One mail.",
    "properties": {
        "kind": {"type": "string"},
        "to": {"type": "string"},
        "state": {"enum": ["queued", "sent", "retrying", "failed"]},
        "attempts": {"type": "integer"},
        "next_attempt_at": {"type": ["string", "null"], "format": "date-time"},
        "last_error": {"type": ["string", "null"]},
        "sent_at": {"type": ["string", "null"], "format": "date-time"},
    },
}
SCHEMAS: dict[str, dict[str, Any]] = {
    "Connection": _CONNECTION,
    "Receipt": _RECEIPT,
    "Delivery": _DELIVERY,
    "SignUp": SignUp.model_json_schema(),
    "ApiKeyRequest": KeyRequest.model_json_schema(),
    "ApiKey": _KEY,
    "IssuedApiKey": _ISSUED,
}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": _ref(name)}}


def _object(**properties: Any) -> dict[str, Any]:
    return {"application/json": {"schema": {"type": "object", "properties": properties}}}


def _page(name: str) -> dict[str, Any]:
    return _object(items={"type": "array", "items": _ref(name)}, next_cursor={"type": ["string", "null"]})


def _query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description}


OPERATIONS: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/hosts"): {
        "operationId": "sign_up",
        "summary": "Make a host with its account and a first API key.",
        "security": [],
        "requestBody": {"required": True, "content": _json("SignUp")},
        "responses": {
            "201": {
                "description": "The host and the key, which is shown this one time.",
                "content": _object(host=_ref("HostView"), api_key={"type": "string"}),
            }
        },
    },
    ("POST", "/api-keys"): {
        "operationId": "issue_api_key",
        "summary": "Give a new API key to whoever knows the password.",
        "security": [],
        "requestBody": {"required": True, "content": _json("ApiKeyRequest")},
        "responses": {"201": {"description": "The key, shown this one time.", "content": _json("IssuedApiKey")}},
    },
    ("GET", "/me/api-keys"): {
        "operationId": "list_api_keys",
        "summary": "List the host's API keys without their secrets.",
        "security": [{"api_key": []}],
        "parameters": [
            _query("limit", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}, "How many at most."),
            _query("cursor", {"type": "string"}, "The `next_cursor` of the page before."),
        ],
        "responses": {"200": {"description": "A page of keys.", "content": _page("ApiKey")}},
    },
    ("DELETE", "/me/api-keys/{id}"): {
        "operationId": "revoke_api_key",
        "summary": "End an API key at once.",
        "security": [{"api_key": []}],
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
        "responses": {"204": {"description": "It no longer works."}},
    },
}

ANSWERS: dict[tuple[str, str], dict[str, Any]] = {
    ("GET", "/me/bookings/{id}"): {
        "200": {
            "description": "The booking, its timeline and its mails; without an answer about the mails, an empty list.",
            "content": {
                "application/json": {
                    "schema": {
                        "allOf": [_ref("BookingWithTimelineView")],
                        "properties": {
                            "deliveries": {"type": "array", "items": _ref("Delivery")},
                            "deliveries_known": {"type": "boolean"},
                        },
                    }
                }
            },
        }
    },
    ("POST", "/me/bookings/{id}/retry"): {"202": {"description": "It is due now.", "content": _object()}},
    ("GET", "/me/connections/zoom"): {"200": {"description": "The connection.", "content": _json("Connection")}},
    ("POST", "/me/connections/zoom"): {
        "201": {
            "description": "Where to send the host's browser.",
            "content": _object(authorize_url={"type": "string", "format": "uri"}),
        }
    },
    ("DELETE", "/me/connections/zoom"): {
        "200": {"description": "The tokens are gone.", "content": _object(receipt=_ref("Receipt"))}
    },
    ("GET", "/me/connections/zoom/receipts"): {
        "200": {"description": "The receipts, newest first.", "content": _page("Receipt")}
    },
}
