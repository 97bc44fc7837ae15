"""SQLite has one writer at a time: the threads of one process queue for it, and none of them is sent away."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from shared.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(f"sqlite:///{tmp_path / 'service.sqlite3'}")
    # Without patience of its own, SQLite sends whoever comes second away at once.
    event.listen(made.engine, "connect", lambda raw, _record: raw.execute("PRAGMA busy_timeout = 0"))
    with made.write() as tx:
        tx.execute(text("CREATE TABLE notes (body TEXT)"))
    return made


def test_threads_that_write_at_once_take_turns(database: Database) -> None:
    troubles: list[Exception] = []

    def write() -> None:
        try:
            for _ in range(50):
                with database.write() as tx:
                    tx.execute(text("INSERT INTO notes VALUES ('x')"))
        except OperationalError as error:
            troubles.append(error)

    threads = [threading.Thread(target=write) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    with database.read() as tx:
        assert tx.execute(text("SELECT count(*) FROM notes")).scalar_one() == 250
    database.close()


def test_a_write_that_fails_lets_the_next_one_in(database: Database) -> None:
    for _ in range(2):
        with pytest.raises(RuntimeError), database.write():
            raise RuntimeError
    with database.write() as tx:
        tx.execute(text("INSERT INTO notes VALUES ('x')"))
    database.close()
