"""A mail server and a notifier for each test that asks for them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.notifier.office import Office, settings_for
from integration.notifier.postbox import Postbox, postbox


@pytest.fixture
def box() -> Iterator[Postbox]:
    """Give a mail server that takes everything until it is told otherwise."""
    with postbox() as running:
        yield running


@pytest.fixture
def office(box: Postbox, tmp_path: Path) -> Iterator[Office]:
    """Give a notifier that hands its mail to `box`."""
    made = Office(settings_for(tmp_path, box.url))
    yield made
    made.close()
