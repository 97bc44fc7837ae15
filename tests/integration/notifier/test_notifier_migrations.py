"""The notifier's tables, up and down."""

from pathlib import Path

from sqlalchemy import create_engine, inspect

from shared import migrations


def tables(url: str) -> set[str]:
    engine = create_engine(url)
    names = set(inspect(engine).get_table_names())
    engine.dispose()
    return names - {"alembic_version"}


def test_migrations_go_up_and_down_and_are_what_the_code_says(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'notifier.sqlite3'}"
    migrations.migrate(url, "notifier")
    migrations.check(url, "notifier")
    assert tables(url) == {
        "bookings", "changes", "deliveries", "hosts", "inbox", "notices", "outbox", "reminders",
    }  # fmt: skip
    migrations.migrate(url, "notifier", "base")
    assert tables(url) == set()
    migrations.migrate(url, "notifier")
    migrations.check(url, "notifier")
