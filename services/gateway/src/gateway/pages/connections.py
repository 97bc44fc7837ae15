"""The dashboard's page about Zoom: connect, what it may do, disconnect, and the receipts of erased data."""

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from gateway.pages import visitors, zoom_return
from gateway.pages.blueprint import pages
from gateway.pages.zoom_return import CONNECTION
from gateway.parts import parts
from gateway.upstream import RefusedUpstreamError


@pages.get("/dashboard/connections")
def connections() -> ResponseReturnValue:
    """Show whether Zoom is connected, as whom, and what it may do."""
    account = visitors.require_account()
    connection: dict[str, Any] = parts().zoom_connector.ask("GET", CONNECTION, host=account.id)
    receipts: dict[str, Any] = parts().zoom_connector.ask("GET", f"{CONNECTION}/receipts", host=account.id)
    return render_template("dashboard/connections.html", connection=connection, receipts=receipts["items"])


@pages.post("/dashboard/connections/zoom")
def connect_zoom() -> ResponseReturnValue:
    """Send the host to Zoom's consent page."""
    return zoom_return.begin(visitors.require_account())


@pages.get("/dashboard/connections/zoom/disconnect")
def disconnect_zoom() -> ResponseReturnValue:
    """Ask whether to disconnect."""
    account = visitors.require_account()
    connection: dict[str, Any] = parts().zoom_connector.ask("GET", CONNECTION, host=account.id)
    if connection["status"] == "disconnected":
        return redirect(url_for("pages.connections"), 303)
    return render_template("dashboard/disconnect.html", connection=connection)


@pages.post("/dashboard/connections/zoom/disconnect")
def disconnect_zoom_sent() -> ResponseReturnValue:
    """Disconnect Zoom; when the page comes back the tokens are gone."""
    account = visitors.require_account()
    try:
        parts().zoom_connector.ask("DELETE", CONNECTION, host=account.id)
        flash("Zoom is disconnected, and everything that Zoom gave us is erased. Your meetings and bookings stay.")
    except RefusedUpstreamError as refused:
        flash(refused.detail)
    return redirect(url_for("pages.connections"), 303)
