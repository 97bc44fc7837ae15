"""Builds a running sandbox out of real parts: one HTTP server, one SMTP server, one courier, one file."""

import random
import socket
import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from werkzeug.serving import BaseWSGIServer, make_server

from sandbox import web
from sandbox.context import Clock, Sandbox
from sandbox.effects import Connection
from sandbox.mail.smtp import SmtpServer
from sandbox.settings import Settings
from sandbox.store import Store
from sandbox.zoom.courier import Courier


class PortTaken(Exception):
    """Somebody else listens there; the text says where."""


def utc_now() -> datetime:
    """Give the machine's clock."""
    return datetime.now(UTC)


@dataclass
class Running:
    """A sandbox that answers."""

    settings: Settings
    box: Sandbox
    _http: BaseWSGIServer
    _http_thread: threading.Thread
    _smtp: SmtpServer
    _courier: Courier
    _gate: web.Gate

    @property
    def url(self) -> str:
        """Where it answers HTTP, from this machine."""
        return f"http://{_reachable(self.settings.bind)}:{self.settings.port}"

    @property
    def smtp_port(self) -> int:
        """Where it takes mail."""
        return self._smtp.port

    def stop(self) -> None:
        """Stop within a moment: hanging answers are let go, open calls finish, then the file is closed."""
        if self.box.stopping.is_set():
            return
        self.box.stopping.set()
        self._http.shutdown()
        self._http_thread.join()
        self._gate.close()
        self._smtp.stop()
        self._courier.stop()
        self.box.store.close()


def start(settings: Settings, *, clock: Clock = utc_now, chance: random.Random | None = None) -> Running:
    """Start everything and come back when it answers. Raises `PortTaken`."""
    listener = _listen(settings.bind, settings.port)
    settings = replace(settings, port=listener.getsockname()[1])
    settings.data.mkdir(parents=True, exist_ok=True)
    box = Sandbox(settings, Store(settings.data / "sandbox.sqlite3"), clock, chance or random.Random())
    smtp = SmtpServer(box, settings.bind, settings.smtp_port)
    try:
        smtp.start()
    except OSError:
        listener.close()
        box.store.close()
        raise PortTaken(f"port {settings.smtp_port} is taken") from None
    box.faults_changed = smtp.follow_faults
    courier = Courier(box)
    courier.start()
    gate = web.Gate(box)
    http = make_server(
        settings.bind, settings.port, gate, threaded=True, request_handler=Connection, fd=listener.fileno()
    )
    listener.close()
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, name="http", daemon=True)
    thread.start()
    return Running(settings, box, http, thread, smtp, courier, gate)


def _listen(bind: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    try:
        return socket.create_server((bind, port), family=family, backlog=256)
    except OSError as error:
        raise PortTaken(f"port {port} on {bind} can't be used: {error.strerror}") from None


def _reachable(bind: str) -> str:
    if bind in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{bind}]" if ":" in bind else bind
