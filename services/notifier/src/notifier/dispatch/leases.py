"""Keeps a lease while a slow server takes its time; a killed process renews nothing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import Table

from notifier import storage
from shared import logs
from shared.clock import Clock
from shared.database import Database

log = logs.get(__name__)

BATCH = 10
LEASE = timedelta(seconds=30)
RENEW_SECONDS = 10.0


@contextmanager
def kept(database: Database, table: Table, lease: str, clock: Clock) -> Iterator[None]:
    """Renew the lease in the background until the end of the block."""
    done = threading.Event()

    def renew() -> None:
        while not done.wait(RENEW_SECONDS):
            try:
                with database.write() as tx:
                    storage.extend(tx, table, lease, clock() + LEASE)
            except Exception as error:  # noqa: BLE001 - the next round may find the database again
                log.warning("lease_not_renewed", error=logs.where(error))

    thread = threading.Thread(target=renew, name="renew", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
