"""One running system for all tests that need one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.system import System


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """`make run` with data of its own; the tests sign up hosts of their own and never count what is not theirs."""
    running = System(Path(tmp_path_factory.mktemp("system")) / "data").start()
    yield running
    running.stop()
