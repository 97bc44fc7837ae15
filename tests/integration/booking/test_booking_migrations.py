"""The tables go up and down, and the code's tables are the database's."""

import sqlite3
from pathlib import Path

from shared import migrations


def names(path: Path) -> set[str]:
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall()
    return {name for (name,) in found} - {"alembic_version"}


def test_the_migrations_lead_up_down_and_up_again(tmp_path: Path) -> None:
    path = tmp_path / "booking.sqlite3"
    url = f"sqlite:///{path}"
    migrations.migrate(url, "booking")
    first = names(path)
    assert {"bookings", "occupancies", "inbox", "outbox", "occupancies_no_overlap_on_insert"} <= first
    migrations.migrate(url, "booking", "base")
    assert names(path) == set()
    migrations.migrate(url, "booking")
    assert names(path) == first


def test_the_migrations_make_what_the_code_expects(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/booking.sqlite3"
    migrations.migrate(url, "booking")
    migrations.check(url, "booking")
