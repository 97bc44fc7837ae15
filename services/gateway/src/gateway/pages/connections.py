"""The dashboard's page about Zoom: connect, what it may do, how it fares, disconnect, and the receipts."""

from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from gateway.pages import connection_words, visitors, zoom_return
from gateway.pages.blueprint import pages
from gateway.pages.zoom_return import CONNECTION
from gateway.parts import parts
from gateway.storage import Account
from gateway.upstream import RefusedUpstreamError, UpstreamUnavailableError

LEFT_OPEN = timedelta(minutes=10)
NOT_CHECKED = "Zoom could not be asked right now. The state below is what we knew before; try again in a moment."


@pages.get("/dashboard/connections")
def connections() -> ResponseReturnValue:
    """Show whether Zoom is connected, as whom, what it may do, and how it fares."""
    account = visitors.require_account()
    connection = zoom_return.connection_of(account)
    receipts: dict[str, Any] = parts().zoom_connector.ask("GET", f"{CONNECTION}/receipts", host=account.id)
    me: dict[str, Any] = parts().booking.ask("GET", "/me", host=account.id)
    begun = zoom_return.begun_at()
    open_since = begun if begun and parts().clock() - begun < LEFT_OPEN else None
    return render_template(
        "dashboard/connections.html",
        connection=connection,
        receipts=receipts["items"],
        said=connection_words,
        open_since=open_since if connection["status"] != "connected" else None,
        zone=me["timezone"],
    )


@pages.post("/dashboard/connections/zoom")
def connect_zoom() -> ResponseReturnValue:
    """Send the host to Zoom's consent page."""
    return zoom_return.begin(visitors.require_account())


@pages.post("/dashboard/connections/zoom/check")
def check_zoom() -> ResponseReturnValue:
    """Ask Zoom now whether the connection works, and compare what is there with what was booked."""
    account = visitors.require_account()
    try:
        parts().zoom_connector.ask("POST", f"{CONNECTION}/check", host=account.id)
        flash("Zoom was asked just now, and your meetings are being compared with your bookings.")
    except UpstreamUnavailableError:
        flash(NOT_CHECKED, "warn")
    except RefusedUpstreamError as refused:
        flash(refused.detail or NOT_CHECKED, "warn")
    return redirect(url_for("pages.connections"), 303)


@pages.get("/dashboard/connections/zoom/disconnect")
def disconnect_zoom() -> ResponseReturnValue:
    """Ask whether to disconnect."""
    connection = _connection_to_end(visitors.require_account())
    if connection is None:
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
        flash(refused.detail, "warn")
    return redirect(url_for("pages.connections"), 303)


def _connection_to_end(account: Account) -> dict[str, Any] | None:
    connection = zoom_return.connection_of(account)
    return None if connection["status"] == "disconnected" else connection
