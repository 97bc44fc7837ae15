"""How a service is told its settings: by the environment, or by files that the environment names."""

from pathlib import Path

import pytest

from shared.settings import EXIT_BAD_SETTINGS, Common, load

KEY = "k" * 32
GIVEN = {"PUBLIC_URL": "http://127.0.0.1:8080", "SERVICE_KEY": KEY, "BROKER_URL": "amqp://broker/punctual"}


def written(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


def test_a_secret_is_read_from_the_file_that_is_named(tmp_path: Path) -> None:
    url = written(tmp_path, "url", "postgresql://booking:secret@database/booking\n")
    key = written(tmp_path, "key", f"{KEY}\n")
    files = {"BOOKING_DATABASE_URL_FILE": url, "SERVICE_KEY": "", "SERVICE_KEY_FILE": key}
    settings = load(Common, GIVEN | files, service="booking")
    assert settings.database_url == "postgresql+psycopg://booking:secret@database/booking"
    assert settings.service_key == KEY


def test_what_is_set_itself_wins_over_a_file(tmp_path: Path) -> None:
    url = written(tmp_path, "url", "sqlite:///other.sqlite3")
    files = {"DATABASE_URL": "sqlite:///mine.sqlite3", "DATABASE_URL_FILE": url}
    assert load(Common, GIVEN | files, service="booking").database_url == "sqlite:///mine.sqlite3"


def test_a_file_that_cannot_be_read_ends_the_start_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = str(tmp_path / "missing")
    with pytest.raises(SystemExit) as ended:
        load(Common, GIVEN | {"DATABASE_URL_FILE": missing}, service="booking")
    assert ended.value.code == EXIT_BAD_SETTINGS
    [line] = capsys.readouterr().err.splitlines()
    assert line == f"booking: bad settings: {missing} can't be read: No such file or directory"
