"""The gateway's own calls as OpenAPI describes them; their bodies come from the models that check them."""

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
SCHEMAS: dict[str, dict[str, Any]] = {
    "SignUp": SignUp.model_json_schema(),
    "ApiKeyRequest": KeyRequest.model_json_schema(),
    "ApiKey": _KEY,
    "IssuedApiKey": _ISSUED,
}


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


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
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "properties": {"host": {"type": "object"}, "api_key": {"type": "string"}},
                        }
                    }
                },
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
        "responses": {
            "200": {
                "description": "A page of keys.",
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "properties": {
                                "items": {"type": "array", "items": {"$ref": "#/components/schemas/ApiKey"}},
                                "next_cursor": {"type": ["string", "null"]},
                            },
                        }
                    }
                },
            }
        },
    },
    ("DELETE", "/me/api-keys/{id}"): {
        "operationId": "revoke_api_key",
        "summary": "End an API key at once.",
        "security": [{"api_key": []}],
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
        "responses": {"204": {"description": "It no longer works."}},
    },
}
