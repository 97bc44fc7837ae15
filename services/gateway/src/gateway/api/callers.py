"""Who calls the API: a host, by the key in the Authorization header, or anyone; and that nothing else came along."""

from flask import g, request

from gateway.parts import parts
from shared.web import Problem
from shared.web.app import read_json_object

_UNAUTHORIZED = {"WWW-Authenticate": "Bearer"}


def require_key() -> str:
    """Give the id of the host whose API key came along. Raises a 401 that says how to send one."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    host_id = parts().api_keys.owner(key.strip()) if scheme.casefold() == "bearer" else None
    if host_id is None:
        detail = "Send an API key that is in use as `Authorization: Bearer pk_...`."
        raise Problem(401, "unauthorized", detail, headers=_UNAUTHORIZED)
    g.host_id = host_id
    return host_id


def require_no_body() -> None:
    """Refuse what comes with a call that takes nothing: whoever sent it expects it to mean something."""
    document = read_json_object(required=False)
    if document:
        errors = [{"field": name[:120], "message": "is not a field of this call"} for name in document]
        raise Problem(422, "validation_failed", "This call takes no fields.", extra={"errors": errors})
