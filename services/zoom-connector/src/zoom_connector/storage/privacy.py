"""Sees to it that what was deleted is no longer in the database's file. PostgreSQL's VACUUM does so by itself."""

from typing import Any

from sqlalchemy import event

from shared import logs
from shared.database import SQLITE_BUSY_MS, Database

log = logs.get(__name__)

SCRUB_PATIENCE_MS = 1500


def overwrite_deleted(database: Database) -> None:
    """Let SQLite overwrite with zeros whatever it deletes. To be called before the database is first used."""
    if database.engine.dialect.name == "sqlite":
        event.listen(database.engine, "connect", _secure_delete)


def scrub(database: Database) -> None:
    """Empty SQLite's write-ahead log: what was just overwritten in the file may still stand in there."""
    if database.engine.dialect.name != "sqlite":
        return
    raw = database.engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {SCRUB_PATIENCE_MS}")
        busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        cursor.execute(f"PRAGMA busy_timeout = {SQLITE_BUSY_MS}")
        cursor.close()
    finally:
        raw.close()
    if busy:
        # A reader was in the way; the log is overwritten by and by.
        log.warning("scrub_postponed")


def _secure_delete(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA secure_delete = ON")
    cursor.close()
