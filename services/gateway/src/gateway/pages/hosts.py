"""A host's public page: what one can book."""

import re
from typing import Any

from flask import make_response, render_template
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from gateway.accounts.reserved import RESERVED
from gateway.pages import assets
from gateway.pages.blueprint import pages
from gateway.parts import parts
from gateway.upstream import RefusedUpstreamError, path

HANDLE = re.compile(r"[a-z0-9-]{3,40}")
NO_HOST = "There is no host at this address. Check the link that you were given."
NO_SESSION = "This host offers no such session, or not any more. Look at what else there is."


@pages.get("/<handle>")
def host(handle: str) -> ResponseReturnValue:
    """Show a host's session types as cards."""
    return assets.pack(make_response(render_template("host.html", host=public_host(handle))))


def public_host(handle: str) -> dict[str, Any]:
    """Ask booking for a host as visitors see it. Raises `NotFound`."""
    if handle in RESERVED or not HANDLE.fullmatch(handle):
        raise NotFound(NO_HOST)
    try:
        found: dict[str, Any] = parts().booking.ask("GET", path("hosts", handle))
    except RefusedUpstreamError as refused:
        raise NotFound(NO_HOST) from refused
    return found


def session_type_of(host: dict[str, Any], slug: str) -> dict[str, Any]:
    """Pick one of the host's session types. Raises `NotFound`."""
    for one in host["session_types"]:
        if one["slug"] == slug:
            picked: dict[str, Any] = one
            return picked
    raise NotFound(NO_SESSION)
