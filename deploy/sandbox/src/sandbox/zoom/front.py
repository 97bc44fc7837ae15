"""What happens to each call before and after its work: the log, the faults that it meets, quotas, Zoom's headers."""

import sqlite3

from flask import Blueprint, Response, g, jsonify, request

from sandbox import calls, effects, faults
from sandbox.context import Sandbox, here
from sandbox.zoom import operations, tokens
from sandbox.zoom.errors import ApiError, TokenError

DAY = 86_400


def stand_before(zoom: Blueprint) -> None:
    """Let every call of these routes pass here."""
    zoom.before_request(arrive)
    zoom.after_request(leave)
    zoom.register_error_handler(ApiError, api_error)
    zoom.register_error_handler(TokenError, token_error)


def arrive() -> Response | None:
    """Log the call and take the faults that it meets. An answer ends it here."""
    # Werkzeug throws away what was not read before it closes, and would wait for a client that waits for us.
    request.get_data()
    box = here()
    operation = operations.find(request.method, request.path)
    with box.store.transaction() as db:
        user = tokens.holder(
            db, shown_bearer(), *(request.form.get(name) for name in ("refresh_token", "code", "token"))
        )
        g.call_id, g.tracking_id = calls.arrive(
            db, request, operation.name if operation else None, user["id"] if user else None, box.now()
        )
        g.operation = operation
        g.spoil = None
        slow = faults.take(db, lambda fault: isinstance(fault, faults.Latency) and _meets(fault, user))
        fault = _take_replacing(db, user) or (user and operation and _spent_quota(db, box, user["id"], operation))
        if fault:
            calls.note_fault(db, g.call_id, fault.fault, refused=isinstance(fault, faults.RateLimit))
    if isinstance(slow, faults.Latency):
        box.stopping.wait(slow.seconds)
    if isinstance(fault, faults.TokenLost) or (isinstance(fault, faults.Answer) and fault.after):
        g.spoil = fault
        return None
    return effects.instead(fault) if fault else None


def leave(answer: Response) -> Response:
    """Spoil the answer if a fault wants it, add Zoom's headers, note the status."""
    if "call_id" not in g:
        return answer
    if g.spoil is not None:
        answer = effects.spoiled(g.spoil, answer)
    answer.headers["x-zm-trackingid"] = g.tracking_id
    if g.operation is not None and request.path.startswith("/v2/"):
        answer.headers.setdefault("X-RateLimit-Category", g.operation.category)
    box = here()
    with box.store.transaction() as db:
        calls.answered(db, g.call_id, None if answer.is_streamed else answer.status_code)
    return answer


def shown_bearer() -> str | None:
    """Give the token in the Authorization header."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and token.strip() else None


def api_error(error: ApiError) -> Response:
    """Write a REST refusal."""
    answer = jsonify(error.body)
    answer.status_code = error.status
    return answer


def token_error(error: TokenError) -> Response:
    """Write a refusal of the token endpoint, in today's shape or an older one."""
    with here().store.transaction() as db:
        old = faults.quirk(db, "old_token_errors")
        bare = faults.quirk(db, "bare_token_errors")
    body = {"reason": error.reason, "error": error.error}
    if old and error.error == "invalid_grant":
        body["error"] = "invalid_request"
    if bare:
        del body["reason"]
    answer = jsonify(body)
    answer.status_code = 401 if old else 400
    return answer


def _meets(fault: faults.OnCall, user: sqlite3.Row | None) -> bool:
    return fault.meets(request.method, request.path, user)


def _take_replacing(db: sqlite3.Connection, user: sqlite3.Row | None) -> effects.Replacing | None:
    fault = faults.take(
        db,
        lambda fault: (
            isinstance(fault, effects.Replacing)
            and _meets(fault, user)
            and not (isinstance(fault, faults.TokenLost) and request.form.get("grant_type") != "refresh_token")
            and not (isinstance(fault, faults.Redirect) and request.host.partition(":")[0] == effects.ELSEWHERE)
        ),
    )
    return fault if isinstance(fault, effects.Replacing) else None


def _spent_quota(
    db: sqlite3.Connection, box: Sandbox, user_id: str, operation: operations.Operation
) -> faults.RateLimit | None:
    quotas = faults.newest(db, faults.Quotas)
    if quotas is None or not operation.path.startswith("/v2/"):
        return None
    now = box.now()
    midnight = now - now % DAY
    counted = ("create_meeting", "update_meeting", *(("delete_meeting",) if quotas.deletes_count else ()))
    if quotas.per_second and calls.count(db, user_id, now - 1, operations.REST) > quotas.per_second:
        return faults.RateLimit(fault="rate_limit", kind="per_second")
    if quotas.per_day and calls.count(db, user_id, midnight, operations.REST) > quotas.per_day:
        return faults.RateLimit(fault="rate_limit", kind="daily")
    if (
        quotas.user_daily
        and operation.name in counted
        and calls.count(db, user_id, midnight, counted) > quotas.user_daily
    ):
        return faults.RateLimit(fault="rate_limit", kind="user_daily")
    return None
