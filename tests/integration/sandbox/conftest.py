"""A sandbox and the app's side of it for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.sandbox.world import Clock, Receiver, World, receiver, settings
from sandbox import bootstrap


@pytest.fixture
def app() -> Iterator[Receiver]:
    """Listen where the app takes events."""
    with receiver() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path, app: Receiver) -> Iterator[World]:
    """Start a sandbox where nobody has been yet."""
    clock = Clock()
    made = World(bootstrap.start(settings(tmp_path, app.url), clock=clock), clock, app)
    yield made
    made.running.stop()
