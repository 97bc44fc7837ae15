"""A worker's loops: they outlive what their steps meet, and end when they are told to."""

import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

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


def test_a_commit_wakes_only_those_who_wait_for_one(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "SAFETY_POLL", 60)
    stop, calls = threading.Event(), {"woken": 0, "by the clock": 0}

    def count(name: str) -> int:
        calls[name] += 1
        return 0

    steps = {name: partial(count, name) for name in calls}
    finish = loops.start(database, steps, stop, by_clock={"by the clock"})
    for number in range(3):
        before = calls["woken"]
        with database.write() as tx:
            tx.execute(text(f"CREATE TABLE t{number} (a TEXT)"))
        eventually(lambda: calls["woken"] > before)  # noqa: B023 - it is over before the next turn
    assert calls["by the clock"] == 1
    stop.set()
    finish()


def test_a_loop_by_the_clock_that_is_none_of_the_steps_is_a_mistake(database: Database) -> None:
    with pytest.raises(ValueError, match="setback"):
        loops.start(database, {"step": lambda: 0}, threading.Event(), by_clock={"step", "setback"})
