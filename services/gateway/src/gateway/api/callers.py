"""Who calls the API: a host, by the key in the Authorization header, or anyone."""

from flask import g, request

from gateway.parts import parts
from shared.web import Problem

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
