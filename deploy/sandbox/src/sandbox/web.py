"""The sandbox's HTTP: its routes in one place, health, and the gate through which each request comes."""

import functools
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify

from sandbox import control, pages
from sandbox.context import IN_ENVIRON, Sandbox, here
from sandbox.zoom import api, consent, oauth

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LARGEST_BODY = 1_000_000


@functools.cache
def app() -> Flask:
    """Put the rooms together, once for all sandboxes of a process."""
    made = Flask("sandbox")
    made.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    made.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's default provider has it
    for room in (consent.consent, oauth.oauth, api.api, control.control, pages.pages):
        made.register_blueprint(room)
    made.add_url_rule("/livez", view_func=live)
    made.add_url_rule("/readyz", view_func=ready)
    return made


def live() -> Response:
    """Say that the process lives."""
    return jsonify({"status": "live"})


def ready() -> Response:
    """Say that the file answers. A mailbox that a fault has closed is what was asked for."""
    with here().store.transaction() as db:
        db.execute("SELECT 1 FROM users").fetchone()
    return jsonify({"status": "ready", "checks": {"database": "ok", "mailbox": "ok"}})


class Gate:
    """Leads requests to one sandbox, and counts those inside: the file is closed after the last of them."""

    def __init__(self, box: Sandbox) -> None:
        self._inner = app()
        self._box = box
        self._inside = 0
        self._changed = threading.Condition()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Let a request in, unless the sandbox is stopping."""
        with self._changed:
            if self._box.stopping.is_set():
                raise ConnectionAbortedError
            self._inside += 1
        environ[IN_ENVIRON] = self._box
        try:
            return self._inner(environ, start_response)
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Wait until nobody is inside."""
        with self._changed:
            self._changed.wait_for(lambda: self._inside == 0, timeout=3)
