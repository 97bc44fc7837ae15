"""What a worker process shows of itself to whoever looks after it."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import loops
from shared.database import Database
from shared.testing import eventually


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path}/own.sqlite3")
    yield made
    made.close()


@pytest.mark.parametrize("fails", [False, True])
def test_a_worker_has_a_pulse_once_each_of_its_loops_has_come_round(
    database: Database, tmp_path: Path, fails: bool
) -> None:
    stop, pulse, turned = threading.Event(), tmp_path / "pulse", threading.Event()

    def step() -> int:
        turned.set()
        if fails:
            raise ConnectionError
        return 0

    finish = loops.start(database, {"good": lambda: 0, "other": step}, stop, pulse=pulse)
    worker = threading.Thread(target=finish)
    worker.start()
    try:
        assert turned.wait(5)
        if fails:
            assert not threading.Event().wait(0.6), "the pulse would have been there by now"
            assert not pulse.exists()
        else:
            eventually(pulse.exists)
    finally:
        stop.set()
        worker.join()
