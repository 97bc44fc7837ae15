"""Serves an app with gunicorn: one port, threads, and nothing opened before the fork."""

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask
from gunicorn import util
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

GRACEFUL_SECONDS = 3
MOST_LINGERING = 64
"""Connections that may be closed with patience at once; any more are cut."""


class _Log(Logger):  # type: ignore[misc]
    """Hands gunicorn's lines to our own log instead of printing them in a form of their own."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        self.error_log.setLevel(logging.WARNING)


class _Worker(ThreadWorker):  # type: ignore[misc]
    """Says good-bye to each client in a thread of its own.

    gunicorn waits up to two seconds for a client to close its side, so that the end of an answer is not lost, and does
    so in the one thread that accepts: a client that holds on, as any may, held everybody up.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._room = threading.Semaphore(MOST_LINGERING)

    def finish_request(self, conn: Any, fs: Any) -> None:
        conn.close = partial(self._close, conn.sock)
        super().finish_request(conn, fs)

    def _close(self, sock: Any, graceful: bool = False) -> None:
        if graceful and self._room.acquire(blocking=False):
            threading.Thread(target=self._linger, args=(sock,), name="good-bye", daemon=True).start()
        else:
            util.close(sock)

    def _linger(self, sock: Any) -> None:
        try:
            sock.setblocking(True)
            util.close_graceful(sock)
        except OSError:
            util.close(sock)
        finally:
            self._room.release()


class _Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, build: Callable[[], Flask], options: dict[str, Any]) -> None:
        self._build = build
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        # Called in the worker process: databases and their threads must not cross a fork.
        return self._build()


def serve(build: Callable[[], Flask], *, bind: str, port: int, threads: int, workers: int = 1) -> None:
    """Serve what `build` makes at `bind:port` until SIGTERM or SIGINT."""
    options = {
        "bind": f"{bind}:{port}",
        "worker_class": _Worker,
        "workers": workers,
        "threads": threads,
        "keepalive": 75,
        # Longer request lines get gunicorn's own page; ours are problems.
        "limit_request_line": 8190,
        "timeout": 60,
        "graceful_timeout": GRACEFUL_SECONDS,
        "logger_class": _Log,
        "control_socket_disable": True,
    }
    _Server(build, options).run()
