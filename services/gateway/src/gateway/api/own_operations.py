"""The gateway's own calls as OpenAPI describes them, and the answers that no inner service describes."""

from typing import Any

from gateway.accounts import SignUp
from gateway.api import account_operations
from gateway.api.describing import EMPTY, KEY, PAGING, body, json_of, object_of, page_of, path_parameter, ref
from gateway.api.own import KeyRequest

MOMENT = {"type": "string", "format": "date-time"}
MAYBE_MOMENT = {"type": ["string", "null"], "format": "date-time"}
MAYBE_TEXT = {"type": ["string", "null"]}
TEXTS = {"type": "array", "items": {"type": "string"}}


def _all_of(description: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "required": list(properties),
        "properties": properties,
    }


SCHEMAS: dict[str, dict[str, Any]] = {
    "Connection": _all_of(
        "How the host's Zoom is connected.",
        status={"enum": ["connected", "disconnected", "needs_reconnect"]},
        account_email=MAYBE_TEXT,
        scopes=TEXTS,
        connected_at=MAYBE_MOMENT,
        reason=MAYBE_TEXT,
        pending_bookings={"type": "integer", "description": "Bookings that wait for a link."},
        last_success_at=MAYBE_MOMENT,
        last_failure_at=MAYBE_MOMENT,
        last_failure={**MAYBE_TEXT, "description": "What went wrong last, in words."},
        missing_scopes={**TEXTS, "description": "Permissions that are needed and were not given."},
        optional_scopes_missing={**TEXTS, "description": "Permissions that would help and were not given."},
        parked_until={**MAYBE_MOMENT, "description": "Until when Zoom's daily quota is spent."},
        shared={"type": "boolean", "description": "Another host here has connected the same Zoom account."},
    ),
    "Receipt": _all_of(
        "What was erased when Zoom was disconnected.",
        id={"type": "string"},
        at=MOMENT,
        cause={"enum": ["disconnected", "deauthorized"]},
        erased=TEXTS,
        revoked={"type": "boolean"},
        compliance={"enum": ["posted", "pending", "not_required", "failed"]},
    ),
    "Delivery": _all_of(
        "One mail.",
        kind={"type": "string"},
        to={"type": "string"},
        state={"enum": ["queued", "sent", "retrying", "failed"]},
        attempts={"type": "integer"},
        next_attempt_at=MAYBE_MOMENT,
        last_error=MAYBE_TEXT,
        sent_at=MAYBE_MOMENT,
    ),
    "SignUp": SignUp.model_json_schema(),
    "ApiKeyRequest": KeyRequest.model_json_schema(),
    "ApiKey": _all_of(
        "A key without its secret.",
        id={"type": "string"},
        label={"type": "string"},
        created_at=MOMENT,
        last_used_at={**MAYBE_MOMENT, "description": "To the minute."},
    ),
    "IssuedApiKey": _all_of(
        "A key at the only moment when it can be read.",
        id={"type": "string"},
        label={"type": "string"},
        api_key={"type": "string", "description": "Shown this one time."},
    ),
    **account_operations.SCHEMAS,
}

OPERATIONS: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/hosts"): {
        "operationId": "sign_up",
        "summary": "Make a host with its account and a first API key.",
        "security": [],
        "requestBody": body("SignUp"),
        "responses": {
            "201": {
                "description": "The host and the key, which is shown this one time.",
                "content": object_of(host=ref("HostView"), api_key={"type": "string"}),
            }
        },
    },
    ("POST", "/api-keys"): {
        "operationId": "issue_api_key",
        "summary": "Give a new API key to whoever knows the password.",
        "security": [],
        "requestBody": body("ApiKeyRequest"),
        "responses": {"201": {"description": "The key, shown this one time.", "content": json_of("IssuedApiKey")}},
    },
    ("GET", "/me/api-keys"): {
        "operationId": "list_api_keys",
        "summary": "List the host's API keys without their secrets.",
        "security": KEY,
        "parameters": PAGING,
        "responses": {"200": {"description": "A page of keys.", "content": page_of("ApiKey")}},
    },
    ("DELETE", "/me/api-keys/{id}"): {
        "operationId": "revoke_api_key",
        "summary": "End an API key at once.",
        "security": KEY,
        "parameters": [path_parameter("id")],
        "responses": {"204": {"description": "It no longer works."}},
    },
    **account_operations.OPERATIONS,
}

_CONNECTION = {"200": {"description": "The connection.", "content": json_of("Connection")}}
ANSWERS: dict[tuple[str, str], dict[str, Any]] = {
    ("GET", "/me/bookings/{id}"): {
        "200": {
            "description": "The booking, its timeline and its mails; without an answer about the mails, an empty list.",
            "content": {
                "application/json": {
                    "schema": {
                        "allOf": [ref("BookingWithTimelineView")],
                        "required": ["deliveries", "deliveries_known"],
                        "properties": {
                            "deliveries": {"type": "array", "items": ref("Delivery")},
                            "deliveries_known": {"type": "boolean"},
                        },
                    }
                }
            },
        }
    },
    ("POST", "/me/bookings/{id}/retry"): {"202": {"description": "It is due now.", "content": EMPTY}},
    ("POST", "/me/bookings/{id}/accept"): {"202": {"description": "What Zoom has counts now.", "content": EMPTY}},
    ("GET", "/me/connections/zoom"): _CONNECTION,
    ("POST", "/me/connections/zoom/check"): _CONNECTION,
    ("POST", "/me/connections/zoom"): {
        "201": {
            "description": "Where to send the host's browser.",
            "content": object_of(authorize_url={"type": "string", "format": "uri"}),
        }
    },
    ("DELETE", "/me/connections/zoom"): {
        "200": {"description": "The tokens are gone.", "content": object_of(receipt=ref("Receipt"))}
    },
    ("GET", "/me/connections/zoom/receipts"): {
        "200": {"description": "The receipts, newest first.", "content": page_of("Receipt")}
    },
}
