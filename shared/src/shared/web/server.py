"""Serves an app with gunicorn: one port, threads, and nothing opened before the fork."""

import logging
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

GRACEFUL_SECONDS = 3


class _Log(Logger):  # type: ignore[misc]
    """Hands gunicorn's lines to our own log instead of printing them in a form of their own."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        self.error_log.setLevel(logging.WARNING)


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
        "worker_class": "gthread",
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
