"""What a host does with the own account, as OpenAPI describes it."""

from typing import Any

from gateway.accounts import Departure, EmailChange, PasswordChange, Reset, ResetWish
from gateway.api.account import Confirmation
from gateway.api.describing import EMPTY, KEY, PAGING, body, object_of, page_of, path_parameter

SCHEMAS: dict[str, dict[str, Any]] = {
    "Departure": Departure.model_json_schema(),
    "EmailChange": EmailChange.model_json_schema(),
    "EmailConfirmation": Confirmation.model_json_schema(),
    "PasswordChange": PasswordChange.model_json_schema(),
    "PasswordReset": Reset.model_json_schema(),
    "PasswordResetWish": ResetWish.model_json_schema(),
    "Session": {
        "type": "object",
        "description": "A browser that is signed in.",
        "required": ["id", "browser", "created_at", "last_seen_at", "current"],
        "properties": {
            "id": {"type": "string"},
            "browser": {"type": "string", "description": "In words, as it presents itself: `Firefox on Linux`."},
            "created_at": {"type": "string", "format": "date-time"},
            "last_seen_at": {"type": "string", "format": "date-time", "description": "To the minute."},
            "current": {"type": "boolean", "description": "Always false to an API key, which is no browser."},
        },
    },
}
OPERATIONS: dict[tuple[str, str], dict[str, Any]] = {
    ("DELETE", "/me"): {
        "operationId": "delete_account",
        "summary": "Delete the account and all that is kept of the host; future bookings are canceled.",
        "security": KEY,
        "requestBody": body("Departure"),
        "responses": {"204": {"description": "The account is closed, and its keys no longer work."}},
    },
    ("POST", "/me/password"): {
        "operationId": "change_password",
        "summary": "Replace the password; every browser is signed out and a mail tells the host.",
        "security": KEY,
        "requestBody": body("PasswordChange"),
        "responses": {"204": {"description": "The new one counts."}},
    },
    ("POST", "/me/email"): {
        "operationId": "change_email",
        "summary": "Mail a link to a new address, which counts once the link is followed.",
        "security": KEY,
        "requestBody": body("EmailChange"),
        "responses": {"202": {"description": "The mail is on its way.", "content": EMPTY}},
    },
    ("POST", "/email-changes/confirm"): {
        "operationId": "confirm_email_change",
        "summary": "Confirm a new address with the token from the link in its mail; the old one is told.",
        "security": [],
        "requestBody": body("EmailConfirmation"),
        "responses": {
            "200": {
                "description": "The address that counts now.",
                "content": object_of(email={"type": "string"}),
            }
        },
    },
    ("POST", "/password-resets"): {
        "operationId": "ask_for_password_reset",
        "summary": "Mail a link to whoever forgot the password; the answer is the same without such an account.",
        "security": [],
        "requestBody": body("PasswordResetWish"),
        "responses": {"202": {"description": "If there is an account, its mail is on its way.", "content": EMPTY}},
    },
    ("POST", "/password-resets/use"): {
        "operationId": "reset_password",
        "summary": "Replace a forgotten password with the token from the link, which works once and for 30 minutes.",
        "security": [],
        "requestBody": body("PasswordReset"),
        "responses": {"204": {"description": "The new one counts; every browser is signed out."}},
    },
    ("GET", "/me/sessions"): {
        "operationId": "list_sessions",
        "summary": "List the browsers that are signed in, newest first.",
        "security": KEY,
        "parameters": PAGING,
        "responses": {"200": {"description": "A page of browsers.", "content": page_of("Session")}},
    },
    ("DELETE", "/me/sessions/{id}"): {
        "operationId": "end_session",
        "summary": "Sign one browser out.",
        "security": KEY,
        "parameters": [path_parameter("id")],
        "responses": {"204": {"description": "It is signed out."}},
    },
}
