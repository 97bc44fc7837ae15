"""A worker's loops: they outlive what their steps meet, and end when they are told to."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import loops
from shared.database import Database
from shared.testing import eventually


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'service.sqlite3'}")
    yield database
    database.close()


def test_a_step_that_fails_is_called_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "AFTER_ERROR", 0.01)
    stop, calls = threading.Event(), []

    def step() -> int:
        calls.append(1)
        if len(calls) < 3:
            raise ValueError
        return 0

    finish = loops.start(database, {"step": step}, stop)
    eventually(lambda: len(calls) >= 3)
    stop.set()
    finish()


def test_a_step_that_hangs_does_not_keep_the_process_from_ending(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops, "LAST_CALL", 0.2)
    stop, release = threading.Event(), threading.Event()
    hanging = {f"step-{n}": lambda: int(release.wait(60)) for n in range(5)}
    finish = loops.start(database, hanging, stop)
    stop.set()
    began = time.monotonic()
    finish()
    assert time.monotonic() - began < 5
    release.set()
