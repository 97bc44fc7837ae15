"""The HTTP side: which address and which status. What is done is in `handlers`, what may be sent in `bodies`."""

from flask_openapi3 import OpenAPI

from booking.api import bookings, hosts
from booking.api.answers import EXTENSION, Parts
from booking.api.views import Views
from booking.handlers.desk import Desk

__all__ = ["install"]


def install(app: OpenAPI, desk: Desk, public_url: str) -> None:
    """Put every address of this service into an app."""
    app.extensions[EXTENSION] = Parts(desk, Views(public_url))
    app.register_api(hosts.routes)
    app.register_api(bookings.routes)
