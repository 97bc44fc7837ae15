"""The HTTP side: which address and which status. What is done is in `handlers`, what may be sent in `bodies`."""

from flask_openapi3 import OpenAPI

from booking.api import bookings, hosts, logos, session_types
from booking.api.answers import EXTENSION, Parts
from booking.api.views import Views
from booking.handlers.desk import Desk
from booking.handlers.logos import MOST_BYTES

__all__ = ["RAW_PATHS", "install"]

RAW_PATHS = {logos.PATH: MOST_BYTES}
"""What takes bytes that are not JSON, and how many."""


def install(app: OpenAPI, desk: Desk, public_url: str) -> None:
    """Put every address of this service into an app."""
    app.extensions[EXTENSION] = Parts(desk, Views(public_url, desk.clock))
    for room in (hosts, logos, session_types, bookings):
        app.register_api(room.routes)
