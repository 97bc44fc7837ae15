"""One stack of containers for all tests that need it."""

from collections.abc import Iterator

import pytest

from support.compose import Stack, composed


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """`make up PROFILE=demo`, built from the files as they are."""
    running = composed()
    yield running
    running.end()
