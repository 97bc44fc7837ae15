"""The process at its start: what it says when it can't, and how its tables come and go."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import inspect

from integration.zoom_connector.bench import environ
from shared import migrations
from shared.database import Database


def run(folder: Path, *arguments: str, **changed: str) -> tuple[int, str]:
    given = {**environ(folder, "http://127.0.0.1:1", **changed), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-m", "zoom_connector", *arguments],
        env=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


def test_it_says_what_it_can_do(tmp_path: Path) -> None:
    assert run(tmp_path, "dance") == (2, "usage: python -m zoom_connector api|worker|migrate\n")


def test_bad_settings_are_named_in_one_line(tmp_path: Path) -> None:
    code, said = run(tmp_path, "worker", ZOOM_CLIENT_SECRET="", ZOOM_API_URL="zoom")

    assert code == 2
    [line] = said.splitlines()
    assert "ZOOM_CLIENT_SECRET is missing" in line
    assert "ZOOM_API_URL must begin with http" in line


@pytest.mark.parametrize("command", ["api", "worker"])
def test_a_key_that_others_may_read_ends_the_start_with_a_sentence(tmp_path: Path, command: str) -> None:
    (tmp_path / "tokens.key").write_bytes(b"k" * 32)
    (tmp_path / "tokens.key").chmod(0o644)

    code, said = run(tmp_path, command)
    assert code == 2
    assert said == "zoom-connector: bad settings: tokens.key must be its owner's alone (mode 0600, not 0644)\n"


def test_the_tables_come_and_go(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'connector.sqlite3'}"
    migrations.migrate(url, "zoom_connector")
    migrations.check(url, "zoom_connector")
    assert "meetings" in tables(url)
    migrations.migrate(url, "zoom_connector", "base")
    assert tables(url) == {"alembic_version"}
    migrations.migrate(url, "zoom_connector")
    assert "meetings" in tables(url)


def tables(url: str) -> set[str]:
    database = Database(url)
    with database.read() as tx:
        names = set(inspect(tx).get_table_names())
    database.close()
    return names
