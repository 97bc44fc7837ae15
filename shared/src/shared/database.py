"""One service's own database: SQLite in WAL mode or PostgreSQL, behind the same SQLAlchemy Core code."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import psycopg
from sqlalchemy import Connection, DateTime, Dialect, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import TypeDecorator

from shared import logs

log = logs.get(__name__)

SQLITE_BUSY_MS = 10_000
POLL_SECONDS = 0.005
"""How often SQLite's `data_version` is read: 2 microseconds of work, so that a commit is seen within 5 ms."""
CHANNEL = "punctual_commit"
POSTGRES_OPTIONS = "-c statement_timeout=30000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000"


class Instant(TypeDecorator[datetime]):
    """A moment, aware and in UTC on the way in and out. Its text on SQLite sorts like time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive datetime: it would mean another moment on another machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a zone can't be stored")
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give back an aware moment in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """A service's database. Made after a fork, never before one.

    `pool_size` is the number of threads that use it at once.
    """

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        self.url = url
        self.engine = _engine(url, pool_size)
        self._commits = _Commits(self)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open one write transaction: committed at the end, rolled back by any exception.

        On SQLite it takes the write lock at once, so nothing read in it can have changed when it is written.
        """
        with self.engine.begin() as tx:
            yield tx

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that only reads. It never waits for a writer."""
        with self.engine.connect().execution_options(read_only=True) as tx:
            yield tx

    def wait(self, seen: int, timeout: float) -> int:
        """Block until something has been committed since `seen`, or for `timeout` seconds; give what to pass next time.

        A wake-up is a hint: it may come without cause, and the time-out is the safety net if it never comes.
        """
        return self._commits.wait(seen, timeout)

    def ping(self) -> None:
        """Raise `SQLAlchemyError` when the database doesn't answer."""
        with self.read() as tx:
            tx.execute(text("SELECT 1"))

    def close(self) -> None:
        """Stop watching and close every connection."""
        self._commits.stop()
        self.engine.dispose()


def _engine(url: str, pool_size: int) -> Engine:
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_engine(url, pool_size=pool_size, max_overflow=8, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=8,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"connect_timeout": 5, "options": POSTGRES_OPTIONS},
    )
    event.listen(engine, "commit", _notify_postgres)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own BEGIN would come too late and be the wrong one.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {SQLITE_BUSY_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def _notify_postgres(connection: Connection) -> None:
    if not connection.get_execution_options().get("read_only", False):
        connection.exec_driver_sql(f"NOTIFY {CHANNEL}")


class _Commits:
    """Counts commits by anybody. One thread watches for the whole process, started at the first wait."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changed = threading.Condition()
        self._count = 0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def wait(self, seen: int, timeout: float) -> int:
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="commits", daemon=True)
                self._thread.start()
            self._changed.wait_for(lambda: self._count != seen or self._stopping.is_set(), timeout)
            return self._count

    def stop(self) -> None:
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
        sqlite = self._database.engine.dialect.name == "sqlite"
        while not self._stopping.is_set():
            try:
                self._poll_sqlite() if sqlite else self._listen_postgres()
            except (SQLAlchemyError, sqlite3.Error, psycopg.Error) as error:
                log.warning("commit_watch_interrupted", error=type(error).__name__)
                self._stopping.wait(1)

    def _poll_sqlite(self) -> None:
        with self._database.engine.connect() as connection:
            raw = connection.connection.driver_connection
            if raw is None:
                return
            last = None
            while not self._stopping.wait(POLL_SECONDS):
                current = raw.execute("PRAGMA data_version").fetchone()[0]
                if current != last:
                    last = current
                    self._tell()

    def _listen_postgres(self) -> None:
        with self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"LISTEN {CHANNEL}")
            self._tell()
            raw: Any = connection.connection.driver_connection
            while not self._stopping.is_set():
                for _ in raw.notifies(timeout=1, stop_after=1):
                    self._tell()
            with suppress(SQLAlchemyError):
                connection.exec_driver_sql(f"UNLISTEN {CHANNEL}")
