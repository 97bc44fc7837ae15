"""Notices that something has been committed, so that who waits for work need not poll the tables."""

import threading
from contextlib import closing
from typing import Any

from sqlalchemy import Engine

from shared import logs

log = logs.get(__name__)

CHANNEL = "punctual_commit"
POLL_SECONDS = 0.005
"""How often SQLite's `data_version` is read: 2 microseconds of work, so that a commit is seen within 5 ms."""
LOOK_UP = 0.2
"""Seconds of silence after which the watch looks whether it is to end."""
AGAIN_SECONDS = 0.5
"""When the watch is taken up again after the database went away."""


class Commits:
    """Counts commits by anybody. One thread watches for the whole process, started at the first wait."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._changed = threading.Condition()
        self._count = 0
        self._stopping = threading.Event()
        self._watching = True
        self._thread: threading.Thread | None = None

    def wait(self, seen: int, timeout: float) -> int:
        """Block until the count differs from `seen`, or for `timeout` seconds; give the count."""
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="commits", daemon=True)
                self._thread.start()
            self._changed.wait_for(lambda: self._count != seen or self._stopping.is_set(), timeout)
            return self._count

    def stop(self) -> None:
        """End the watch and every wait."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=2)

    def _tell(self) -> None:
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def _watch(self) -> None:
        watch = self._poll_sqlite if self._engine.dialect.name == "sqlite" else self._listen_postgres
        while not self._stopping.is_set():
            try:
                watch()
            except Exception as error:  # noqa: BLE001 - without the watch every wake-up would wait for the safety poll
                if self._watching:
                    log.warning("commit_watch_interrupted", error=logs.where(error))
                self._watching = False
                self._stopping.wait(AGAIN_SECONDS)

    def _poll_sqlite(self) -> None:
        with self._engine.connect() as connection:
            raw = connection.connection.driver_connection
            if raw is None:
                return
            last = None
            while not self._stopping.wait(POLL_SECONDS):
                current = raw.execute("PRAGMA data_version").fetchone()[0]
                self._watching = True
                if current != last:
                    last = current
                    self._tell()

    def _listen_postgres(self) -> None:
        pooled = self._engine.raw_connection()
        raw: Any = pooled.driver_connection
        # It listens for as long as the process lives, and must not take a place from those who come and go.
        pooled.detach()
        with closing(raw):
            raw.autocommit = True
            raw.execute(f"LISTEN {CHANNEL}")
            self._watching = True
            # What was committed before this moment was heard by nobody.
            self._tell()
            while not self._stopping.is_set():
                for _ in raw.notifies(timeout=LOOK_UP, stop_after=1):
                    self._tell()
                # The first is told at once, and those on its heels together: each time, everybody looks.
                self._stopping.wait(POLL_SECONDS)
