"""Migrations look whose database it is."""

import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from shared.database import Database
from shared.migrations import migrate

ENV = """
from sqlalchemy import MetaData
from shared.migrations import run_env
run_env(MetaData())
"""
SLOW = """
from alembic import op
revision, down_revision = "0001", None
def upgrade():
    op.execute("CREATE TABLE limits AS SELECT name, setting FROM pg_settings WHERE name LIKE '%timeout'")
def downgrade():
    op.execute("DROP TABLE limits")
"""


def test_another_services_database_is_refused_with_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path / 'booking.sqlite3'}"
    migrate(url, "booking")
    with pytest.raises(SystemExit) as ended:
        migrate(url, "notifier")
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "belongs to another service" in said


def test_an_own_database_can_be_migrated_again_and_taken_down(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'notifier.sqlite3'}"
    migrate(url, "notifier")
    migrate(url, "notifier")
    migrate(url, "notifier", "base")
    migrate(url, "notifier")


def test_a_migration_may_take_long_but_not_wait_long_for_others(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path, content in {"__init__.py": "", "migrations/env.py": ENV, "migrations/versions/0001.py": SLOW}.items():
        file = tmp_path / "slow_service" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    migrate(postgres_url, "slow_service")
    monkeypatch.delitem(sys.modules, "slow_service")
    database = Database(postgres_url)
    with database.read() as tx:
        limits = {row.name: row.setting for row in tx.execute(text("SELECT name, setting FROM limits"))}
    database.close()
    assert (limits["statement_timeout"], limits["lock_timeout"]) == ("0", "10000")
