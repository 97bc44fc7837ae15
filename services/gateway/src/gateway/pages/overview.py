"""The dashboard's first page: what comes next, and what needs the host's hand."""

from typing import Any
from urllib.parse import urlencode

from flask import render_template
from flask.typing import ResponseReturnValue

from gateway.pages import visitors
from gateway.pages.blueprint import pages
from gateway.parts import parts
from gateway.upstream import RefusedUpstreamError, UpstreamUnavailableError

SHOWN = 5


@pages.get("/dashboard")
def overview() -> ResponseReturnValue:
    """Show the next sessions, the public address and the state of Zoom."""
    account = visitors.require_account()
    me: dict[str, Any] = parts().booking.ask("GET", "/me", host=account.id)
    query = urlencode({"from": parts().clock().isoformat(), "status": "confirmed", "limit": SHOWN})
    coming: dict[str, Any] = parts().booking.ask("GET", "/me/bookings", host=account.id, query=query)
    return render_template(
        "dashboard/overview.html",
        me=me,
        coming=coming["items"],
        connection=connection_or_none(account.id),
        address=f"{parts().settings.public_url}/{me['handle']}",
    )


def connection_or_none(host_id: str) -> dict[str, Any] | None:
    """Ask how Zoom is connected; a connector that doesn't answer must not take the whole page with it."""
    try:
        found: dict[str, Any] = parts().zoom_connector.ask("GET", "/me/connections/zoom", host=host_id)
    except (UpstreamUnavailableError, RefusedUpstreamError):
        return None
    return found
