"""The JSON API under /api/v1: a table of routes onto the inner services, and the few calls that are our own."""

from flask import Flask

from gateway.api import account, composed, documents, forward, own, zoom
from gateway.api.routes import PREFIX

__all__ = ["PREFIX", "install"]


def install(app: Flask) -> None:
    """Put every public route of the API on the app."""
    forward.install(app)
    app.register_blueprint(own.blueprint)
    app.register_blueprint(account.blueprint)
    app.register_blueprint(composed.blueprint)
    app.register_blueprint(documents.blueprint)
    app.register_blueprint(zoom.blueprint)
