"""One service's own database: SQLite in WAL mode or PostgreSQL, behind the same SQLAlchemy Core code."""

import math
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from psycopg import Error as PsycopgError
from psycopg.types.string import StrDumperUnknown
from sqlalchemy import URL, Connection, DateTime, Dialect, Engine, Select, create_engine, event, make_url, text
from sqlalchemy.exc import InvalidatePoolError, SQLAlchemyError
from sqlalchemy.types import TypeDecorator

from shared.commits import CHANNEL, Commits
from shared.readiness import NotReadyError

SQLITE_BUSY_MS = 10_000
# Both statements in one round trip. A transaction that changed nothing has no id, and wakes nobody.
COMMIT_AND_WAKE = f"SELECT pg_notify('{CHANNEL}', '') WHERE pg_current_xact_id_if_assigned() IS NOT NULL; COMMIT"
UNWAITED = "SET LOCAL synchronous_commit TO off; "
POSTGRES_OPTIONS = "-c statement_timeout=30000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000"
POSTGRES_DEFAULTS = {
    "connect_timeout": 5,
    "fallback_application_name": "punctual",
    # A server that vanished without a word is noticed within half a minute, also by who only listens.
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
REST = 1.0
"""Seconds that a connection may lie unused and still be taken without asking whether the server is there."""


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


class DatabaseUnavailableError(NotReadyError, SQLAlchemyError):
    """The database can't be used. The text says why and what to look at."""


class Database:
    """A service's database. After a fork the child's first use makes connections of its own.

    `pool_size` is the number of threads that use it at once.
    """

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        self.url = url
        self.engine = _engine(make_url(url), pool_size)
        self._commits = Commits(self.engine)
        self._turn = threading.Lock()
        self._process = os.getpid()

    @contextmanager
    def write(self, *, wake: bool = True, lasting: bool = True) -> Iterator[Connection]:
        """Open one write transaction: committed at the end, rolled back by any exception.

        On SQLite it takes the write lock at once, so nothing read in it can have changed when it is written.
        Without `wake` nobody needs to hear of it: for bookkeeping that makes nothing due. What is not `lasting` doesn't
        wait for the disk: a crash of the machine or of PostgreSQL may undo it, as if the process had died before it.
        """
        self._own()
        with self._in_turn(), self.engine.connect() as connection:
            tx = connection.execution_options(lasting=lasting)
            with tx.begin():
                yield tx
                if tx.dialect.name == "postgresql" and (wake or not lasting):
                    tx.exec_driver_sql(("" if lasting else UNWAITED) + (COMMIT_AND_WAKE if wake else "COMMIT"))

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that sees one moment and can't write. It never waits for a writer."""
        self._own()
        with self.engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                yield connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            else:
                yield connection.execution_options(read_only=True)

    def finds(self, query: Select[Any], **values: Any) -> bool:
        """Tell whether `query` has a row now. Made for loops that look at each commit: on PostgreSQL one round trip."""
        if self.engine.dialect.name != "postgresql":
            with self.read() as tx:
                return tx.execute(query, values).first() is not None
        self._own()
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            return connection.execute(query, values).first() is not None

    def wait(self, seen: int, timeout: float) -> int:
        """Block until something has been committed since `seen`, or for `timeout` seconds; give what to pass next time.

        A wake-up is a hint: it may come without cause, and the time-out is the safety net if it never comes.
        """
        self._own()
        return self._commits.wait(seen, timeout)

    def ping(self) -> None:
        """Raise `DatabaseUnavailableError` when the database can't be used."""
        try:
            with self.read() as tx:
                tx.execute(text("SELECT 1"))
        except SQLAlchemyError as error:
            raise DatabaseUnavailableError(_explain(error, self.engine.url)) from error

    def close(self) -> None:
        """Stop watching and close every connection."""
        self._commits.stop()
        self.engine.dispose()

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """Let this process's own threads queue for SQLite's one writer: SQLite itself has them sleep and ask again."""
        if self.engine.dialect.name != "sqlite":
            yield
            return
        # Whoever waits in vain asks SQLite, which has an error for it.
        mine = self._turn.acquire(timeout=SQLITE_BUSY_MS / 1000)
        try:
            yield
        finally:
            if mine:
                self._turn.release()

    def _own(self) -> None:
        """Leave to the parent what was made before a fork: two processes on one connection garble each other."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self.engine.dispose(close=False)
            self._commits = Commits(self.engine)
            self._turn = threading.Lock()


def _explain(error: SQLAlchemyError, url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return f"{url.database} can't be read: see DATA and the rights on that file"
    server, said = f"PostgreSQL at {url.host}:{url.port or 5432}", str(getattr(error, "orig", error))
    refusal = re.search(r"FATAL:\s+(.+)", said)
    if refusal is None:
        return f"{server} can't be reached ({said.splitlines()[0].rpartition('failed: ')[2]})"
    if refusal[1].startswith("the database system is"):
        return f"{server} is not ready: {refusal[1]}"
    return f"{server} refuses: {refusal[1]}: see DATABASE_URL"


def _engine(url: URL, pool_size: int) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, pool_size=pool_size, max_overflow=8, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    # What the URL says itself wins, except that its options add to ours.
    arguments = {name: value for name, value in POSTGRES_DEFAULTS.items() if name not in url.query}
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=4,
        pool_timeout=10,
        hide_parameters=True,
        connect_args=arguments | {"options": f"{POSTGRES_OPTIONS} {url.query.get('options', '')}"},
    )
    event.listen(engine, "connect", _prepare_postgres)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _ask_after_rest)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own BEGIN would come too late and be the wrong one.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {SQLITE_BUSY_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    # What is erased is gone from the file as well; by itself SQLite does so in some builds only.
    cursor.execute("PRAGMA secure_delete = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("read_only", False):
        connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql(f"PRAGMA synchronous = {'FULL' if options.get('lasting', True) else 'NORMAL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


class _WithoutNul(StrDumperUnknown):
    """SQLite keeps a NUL in a text and PostgreSQL refuses the whole row; a message may hold one."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\x00", "\ufffd"))


def _prepare_postgres(connection: Any, _record: Any) -> None:
    connection.adapters.register_dumper(str, _WithoutNul)


def _note_use(_connection: Any, record: Any) -> None:
    record.info["used"] = time.monotonic()


def _ask_after_rest(connection: Any, record: Any, _fairy: Any) -> None:
    """Let the pool drop what a restart of the server has cut. Asking at every use would cost a fifth of its time."""
    if time.monotonic() - record.info.get("used", math.inf) <= REST:
        return
    try:
        connection.autocommit = True
        connection.execute("")
        connection.autocommit = False
    except PsycopgError as error:
        raise InvalidatePoolError from error
