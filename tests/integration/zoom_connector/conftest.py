"""A sandbox and a connector for each test that asks for them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.zoom_connector.bench import Bench, Bookings, Clock, Zoom, start_sandbox


@pytest.fixture
def clock() -> Clock:
    """Give both sides one clock."""
    return Clock()


@pytest.fixture
def zoom(tmp_path: Path, clock: Clock) -> Iterator[Zoom]:
    """Run a Zoom that works until it is told otherwise."""
    running = start_sandbox(tmp_path / "zoom", clock)
    yield Zoom(running.url)
    running.stop()


@pytest.fixture
def bench(tmp_path: Path, zoom: Zoom, clock: Clock) -> Iterator[Bench]:
    """Make a connector that nobody has connected yet."""
    folder = tmp_path / "connector"
    folder.mkdir()
    made = Bench(folder, zoom, clock)
    yield made
    made.close()


@pytest.fixture
def bookings(clock: Clock) -> Bookings:
    """Give what makes example bookings."""
    return Bookings(clock)
