"""The tables go up and down, and the code's tables are the database's."""

import sqlite3
from pathlib import Path

from sqlalchemy import text

from booking import storage
from integration.booking.service import SUNDAY
from shared import migrations
from shared.database import Database

HOST = """
INSERT INTO hosts (id, name, email, email_key, handle, timezone, default_video_provider, welcome_text, color, feed_key,
  created_at) VALUES ('h', 'H', 'h@example.com', 'h@example.com', 'hhh', 'UTC', 'zoom', '', '#000000', 'k', :now)
"""
OFFER = """
INSERT INTO session_types (id, host_id, slug, title, description, duration, location, buffer_before, buffer_after,
  min_notice, horizon, capacity, questions, color, created_at) VALUES ('t', 'h', 's', 'T', '', 30,
  '{"kind": "phone", "provider": null, "detail": null}', 0, 0, 0, 60, 1, '[]', '#000000', :now)
"""


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


def test_the_migrations_lead_down_and_up_with_data_in_the_tables(database_url: str) -> None:
    migrations.migrate(database_url, "booking", "0001")
    database = Database(database_url)
    with database.write() as tx:
        tx.execute(text(HOST), {"now": SUNDAY.isoformat(" ")})
        tx.execute(text(OFFER), {"now": SUNDAY.isoformat(" ")})
    migrations.migrate(database_url, "booking")
    migrations.check(database_url, "booking")
    with database.read() as tx:
        [offered] = storage.session_types(tx, "h", after=None, limit=2)
        found = storage.host(tx, "h")
    assert (offered.reminders, offered.availability) == ((1440, 60), None)
    assert found is not None
    assert (found.change_cutoff, found.logo, found.revision) == (0, None, 0)
    migrations.migrate(database_url, "booking", "-1")
    migrations.migrate(database_url, "booking")
    with database.read() as tx:
        assert storage.host(tx, "h") == found
    database.close()
