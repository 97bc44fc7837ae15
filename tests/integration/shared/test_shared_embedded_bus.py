"""The bus in a file: what was moved is gone from the file as well."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert

from shared.bus import topology
from shared.bus.embedded import _MESSAGES, EmbeddedBus
from shared.events import HostChanged, HostFacts
from shared.events.envelope import LARGEST, Message, wrap
from shared.testing import eventually

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def moved(bus: EmbeddedBus, queue: str) -> list[Message]:
    """Move one message, and end."""
    got: list[Message] = []
    stop = threading.Event()

    def deliver(messages: Sequence[Message]) -> None:
        got.extend(messages)

    mover = threading.Thread(target=bus.run, args=(queue, deliver, stop))
    mover.start()
    eventually(lambda: got and bus.depth(queue) == 0)
    stop.set()
    mover.join()
    return got


def test_whom_an_event_told_of_is_not_left_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "bus.sqlite3"
    bus = EmbeddedBus(file)
    bus._declare()
    with bus._database.write() as tx:
        rows = [{"queue": "notifier.events", "id": "p1", "type": "mail.sent", "body": "5" * (LARGEST + 1)}]
        tx.execute(insert(_MESSAGES), rows)
    moved(bus, "notifier.events")
    # So long that it takes pages of its own.
    facts = HostFacts(id="h1", name="Ada " * 3_000, email="ada@example.com", handle="ada", timezone="UTC")
    host = HostChanged(host=facts, revision=1)
    bus.publish([wrap(host, source="booking", now=NOW)])
    for queue in topology.listeners(host.type):
        assert "ada@example.com" in moved(bus, queue)[0].body
    bus.close()
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert not {word for word in (b"ada@example.com", b"Ada Ada") if word in file.read_bytes()}


def test_it_does_not_depend_on_how_sqlite_was_built(tmp_path: Path) -> None:
    bus = EmbeddedBus(tmp_path / "bus.sqlite3")
    with bus._database.read() as tx:
        assert tx.exec_driver_sql("PRAGMA secure_delete").scalar_one() == 1
    bus.close()
