"""Migrations look whose database it is."""

from pathlib import Path

import pytest

from shared.migrations import migrate


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
