"""The sandbox's one SQLite file: its tables and how a transaction is opened. Nothing here knows what the rows mean."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account_id TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE COLLATE NOCASE,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    timezone TEXT NOT NULL,
    pmi INTEGER NOT NULL,
    created_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS codes (
    code TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    challenge TEXT,
    scopes TEXT NOT NULL,
    expires_at REAL NOT NULL,
    used_at REAL
);
CREATE TABLE IF NOT EXISTS grants (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at REAL NOT NULL,
    ended_at REAL
);
CREATE TABLE IF NOT EXISTS tokens (
    token TEXT PRIMARY KEY,
    grant_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    expires_at REAL NOT NULL,
    superseded_at REAL
);
CREATE INDEX IF NOT EXISTS tokens_of_grant ON tokens (grant_id);
CREATE TABLE IF NOT EXISTS meetings (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL,
    host_id TEXT NOT NULL,
    type INTEGER NOT NULL,
    topic TEXT NOT NULL,
    start_at REAL NOT NULL,
    duration INTEGER NOT NULL,
    timezone TEXT NOT NULL,
    agenda TEXT NOT NULL,
    password TEXT,
    pmi INTEGER,
    settings TEXT NOT NULL,
    extra TEXT NOT NULL,
    status TEXT NOT NULL,
    creation_source TEXT NOT NULL,
    created_at REAL NOT NULL,
    touched_at REAL NOT NULL,
    deleted_at REAL
);
CREATE INDEX IF NOT EXISTS meetings_of_host ON meetings (host_id, start_at, id);
CREATE TABLE IF NOT EXISTS webhooks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL,
    subject TEXT NOT NULL,
    body BLOB NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    last_result TEXT,
    created_at REAL NOT NULL,
    next_attempt_at REAL,
    ended_at REAL
);
CREATE INDEX IF NOT EXISTS webhooks_of_event ON webhooks (event, created_at);
CREATE INDEX IF NOT EXISTS webhooks_due ON webhooks (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS compliance (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    document TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    query TEXT NOT NULL,
    operation TEXT,
    user_id TEXT,
    status INTEGER,
    fault TEXT,
    refused INTEGER NOT NULL DEFAULT 0,
    tracking_id TEXT NOT NULL,
    body TEXT
);
CREATE INDEX IF NOT EXISTS requests_of_user ON requests (user_id, at);
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document TEXT NOT NULL,
    remaining INTEGER,
    created_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS mail (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    recipients TEXT NOT NULL,
    document TEXT NOT NULL,
    raw BLOB NOT NULL,
    received_at REAL NOT NULL
);
"""

# Users stay through a reset: the people at "Zoom" are still the same people.
CLEARED_BY_RESET = ("codes", "grants", "tokens", "meetings", "webhooks", "compliance", "requests", "faults", "mail")


class Store:
    """One connection behind one lock: the process owns its file, and each transaction takes microseconds."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        # Set after every commit, so that whoever sends webhooks need not poll.
        self.committed = threading.Event()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(SCHEMA)
        if "body" not in {row["name"] for row in self._db.execute("PRAGMA table_info(requests)")}:
            # A file from before bodies were kept.
            self._db.execute("ALTER TABLE requests ADD COLUMN body TEXT")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing: commit at the end, roll back on any exception."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        self.committed.set()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Look without changing anything; wakes nobody."""
        with self._lock:
            yield self._db

    def close(self) -> None:
        """End after the transaction that is under way."""
        with self._lock:
            self._db.close()


def reset(db: sqlite3.Connection) -> None:
    """Forget everything but the users."""
    for table in CLEARED_BY_RESET:
        db.execute(f"DELETE FROM {table}")  # noqa: S608 - a name from the tuple above
