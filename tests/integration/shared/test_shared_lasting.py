"""What must outlive a power cut waits for the disk, and what need not does not; on both databases."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from shared.database import Database


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url, pool_size=1)
    with made.write() as tx:
        tx.execute(text("CREATE TABLE notes (body TEXT)"))
    yield made
    made.close()


def waits(tx: Connection) -> bool:
    """Tell whether a commit waits for the disk, by what the database itself says."""
    if tx.dialect.name == "sqlite":
        return bool(tx.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2)
    return bool(tx.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on")


@pytest.mark.parametrize("wake", [True, False])
def test_what_need_not_last_is_committed_all_the_same_and_the_next_on_its_connection_waits(
    database: Database, wake: bool
) -> None:
    with database.write(wake=wake, lasting=False) as tx:
        tx.execute(text("INSERT INTO notes VALUES ('a lease')"))
    with database.write() as tx:
        assert waits(tx)
        assert tx.execute(text("SELECT body FROM notes")).scalars().all() == ["a lease"]


def test_what_need_not_last_is_rolled_back_by_an_exception_like_anything_else(database: Database) -> None:
    with pytest.raises(RuntimeError), database.write(lasting=False) as tx:
        tx.execute(text("INSERT INTO notes VALUES ('a lease')"))
        raise RuntimeError
    with database.read() as tx:
        assert tx.execute(text("SELECT count(*) FROM notes")).scalar_one() == 0
