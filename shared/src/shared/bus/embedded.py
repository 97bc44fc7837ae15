"""The bus for machines without a broker: one SQLite file on a local disk, one machine.

One transaction stores an event for every queue that wants it. A listener's mover hands rows to the inbox and
deletes them after the inbox has committed, so a kill at any line repeats a message and never loses one.
"""

from collections.abc import Sequence
from pathlib import Path
from threading import Event as Flag

from sqlalchemy import Column, Integer, MetaData, String, Table, Text, delete, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from shared.bus import BusUnavailableError, Deliver, topology
from shared.database import Database
from shared.events.envelope import LARGEST, Message

BATCH = 200

_METADATA = MetaData()
_MESSAGES = Table(
    "messages",
    _METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("queue", String(100), nullable=False, index=True),
    Column("id", String(200), nullable=False),
    Column("type", String(100), nullable=False),
    Column("body", Text, nullable=False),
    # A number is never given twice: a mover may still be about to delete what it has read.
    sqlite_autoincrement=True,
)


class EmbeddedBus:
    """All services of one machine open the same file."""

    def __init__(self, path: Path) -> None:
        self._database = Database(f"sqlite:///{path}", pool_size=4)
        self._declared = False

    def publish(self, messages: Sequence[Message]) -> set[str]:
        """Store each message once for every queue that wants it, all in one transaction."""
        rows = [
            {"queue": queue, "id": message.id, "type": message.type, "body": message.body}
            for message in messages
            for queue in topology.listeners(message.type)
        ]
        if rows:
            try:
                self._declare()
                with self._database.write() as tx:
                    tx.execute(insert(_MESSAGES), rows)
            except SQLAlchemyError as error:
                raise BusUnavailableError(f"the embedded bus can't be written: {type(error).__name__}") from error
        # As with a broker's `mandatory`: what nobody listens to is not sent, and stays visible in the outbox.
        return {row["id"] for row in rows}

    def run(self, queue: str, deliver: Deliver, stop: Flag) -> None:
        """Move messages to `deliver` in the order in which they came, until `stop` is set."""
        seen = -1
        try:
            self._declare()
            while not stop.is_set():
                if not self._move(queue, deliver):
                    seen = self._database.wait(seen, timeout=1)
        except SQLAlchemyError as error:
            raise BusUnavailableError(f"the embedded bus can't be read: {type(error).__name__}") from error

    def ping(self) -> None:
        """Raise `BusUnavailableError` when the file can't be read."""
        try:
            self._database.ping()
        except SQLAlchemyError as error:
            raise BusUnavailableError(f"the embedded bus can't be read: {type(error).__name__}") from error

    def depth(self, queue: str) -> int:
        """Count what `queue` holds."""
        self._declare()
        with self._database.read() as tx:
            count = select(func.count()).select_from(_MESSAGES).where(_MESSAGES.c.queue == queue)
            return tx.execute(count).scalar_one()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _declare(self) -> None:
        if not self._declared:
            with self._database.write() as tx:
                # Two services starting at once: the write lock makes the second find what the first has made.
                _METADATA.create_all(tx)
            self._declared = True

    def _move(self, queue: str, deliver: Deliver) -> int:
        with self._database.read() as tx:
            rows = tx.execute(
                select(_MESSAGES).where(_MESSAGES.c.queue == queue).order_by(_MESSAGES.c.seq).limit(BATCH)
            ).all()
        if rows:
            deliver([Message(row.id, row.type, row.body) for row in rows])
            # Forgotten by a power cut, they are delivered again, and the inbox knows their ids.
            with self._database.write(wake=False, lasting=False) as tx:
                # What is far too large is none of our events, and to overwrite it would hold up those who send.
                large = any(len(row.body) > LARGEST for row in rows)
                tx.exec_driver_sql(f"PRAGMA secure_delete = {'FAST' if large else 'ON'}")
                tx.execute(delete(_MESSAGES).where(_MESSAGES.c.seq.in_([row.seq for row in rows])))
        return len(rows)
