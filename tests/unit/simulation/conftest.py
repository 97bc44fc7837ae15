"""Migrated databases, made once for all simulations, and a world that begins with copies of them."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.simulation.world import World, templates

ROOT = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else Path(tempfile.gettempdir())  # noqa: S108


@pytest.fixture(scope="session")
def migrated() -> Iterator[Path]:
    folder = templates(Path(tempfile.mkdtemp(dir=ROOT)))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def world(migrated: Path, tmp_path: Path) -> Iterator[World]:
    world = World.of(migrated, tmp_path, seed=1)
    yield world
    world.close()
