"""The app's own OAuth calls, all with Basic credentials: tokens, revoke, and the data compliance confirmation."""

import base64
import binascii
import hmac
import json
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox import faults
from sandbox.context import here
from sandbox.zoom import events, front, tokens
from sandbox.zoom.errors import ApiError, TokenError, invalid

oauth = Blueprint("oauth", __name__)
front.stand_before(oauth)

NEVER_IN_A_QUERY = ("access_token", "refresh_token", "token", "code", "client_secret", "code_verifier")


@oauth.post("/oauth/token")
def token() -> Response:
    """Trade a code or a refresh token for new tokens."""
    _refuse_secrets_in_query()
    _check_client()
    box, form, now = here(), request.form, here().now()
    grant_type = form.get("grant_type")
    if not grant_type and request.mimetype == "application/x-www-form-urlencoded":
        raise TokenError("invalid_request", "Missing grant type")
    with box.store.transaction() as db:
        if grant_type == "authorization_code":
            answer = tokens.exchange(
                db, form.get("code", ""), form.get("redirect_uri", ""), form.get("code_verifier"), now
            )
        elif grant_type == "refresh_token":
            answer = tokens.refresh(db, form.get("refresh_token", ""), now)
        else:
            raise TokenError("unsupported_grant_type", "unsupported grant type")
    return jsonify(answer | {"api_url": box.settings.url})


@oauth.post("/oauth/revoke")
def revoke() -> Response:
    """End a user's consent; Zoom then tells the app that it was removed."""
    _refuse_secrets_in_query()
    _check_client()
    box = here()
    with box.store.transaction() as db:
        lenient = faults.quirk(db, "revoke_any_token")
        user = tokens.revoke(db, request.form.get("token", ""), box.now(), lenient=lenient)
        events.app_deauthorized(db, box, user)
    return jsonify({"status": "success"})


@oauth.post("/oauth/data/compliance")
def compliance() -> Response:
    """Take the app's word that a user's data is gone."""
    _check_client()
    box, body = here(), request.get_json(silent=True)
    if not isinstance(body, dict):
        raise ApiError(400, 300, "Request Body should be a valid JSON object.")
    _check_compliance(body)
    with box.store.transaction() as db:
        db.execute("INSERT INTO compliance (at, document) VALUES (?, ?)", (box.now(), json.dumps(body)))
    return jsonify({"status": "success"})


def _check_compliance(body: dict[str, Any]) -> None:
    wrong = [
        (field, "Invalid field.")
        for field in ("client_id", "user_id", "account_id")
        if not isinstance(body.get(field), str)
    ]
    if body.get("client_id") != here().settings.zoom_client_id and not wrong:
        wrong.append(("client_id", "Invalid field."))
    if not isinstance(body.get("deauthorization_event_received"), dict):
        wrong.append(("deauthorization_event_received", "Invalid field."))
    if body.get("compliance_completed") is not True:
        wrong.append(("compliance_completed", "Invalid field."))
    if wrong:
        raise invalid(*wrong)


def _refuse_secrets_in_query() -> None:
    for name in NEVER_IN_A_QUERY:
        if name in request.args:
            raise ApiError(401, 124, f"This API does not support {name} as a query parameter.")


def _check_client() -> None:
    settings = here().settings
    kind, _, coded = request.headers.get("Authorization", "").partition(" ")
    try:
        shown = base64.b64decode(coded.strip(), validate=True) if kind.lower() == "basic" else b""
    except binascii.Error:
        shown = b""
    wanted = f"{settings.zoom_client_id}:{settings.zoom_client_secret}".encode()
    if not hmac.compare_digest(shown, wanted):
        raise TokenError("invalid_client", "Invalid client_id or client_secret")
