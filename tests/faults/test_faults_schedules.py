"""Rows 14 to 16: events come again, in any order, and clocks jump. In one thread, on the simulation's parts."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from support.faults.fleet import room
from support.faults.schedules import MONDAY, TOGETHER, come_to_rest, many, world
from support.simulation.world import templates

Figures = Callable[..., None]
SCHEDULES = int(os.environ.get("SCHEDULES", "10000"))
"""How many in the long form."""
LONGEST_LEASE = timedelta(seconds=45)
QUIET = timedelta(seconds=60)
"""So long a world without jumps may take to its rest."""


@pytest.fixture(scope="module")
def tables() -> Iterator[Path]:
    folder = templates(Path(tempfile.mkdtemp(dir=room())))
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize(("row", "order"), [("14", False), ("15", True)], ids=["repeated", "reordered"])
def test_a_bookings_events_end_the_same_however_they_come(
    tables: Path, figures: Figures, long: bool, row: str, order: bool
) -> None:
    worlds = SCHEDULES // TOGETHER if long else 1
    ended = many(tables, worlds, again=True, order=order)
    figures(
        row,
        schedules=worlds * TOGETHER,
        changes=sum(one.changes for one in ended),
        deliveries=sum(one.deliveries for one in ended),
        other_ends=0,
        longest_to_rest_on_the_clock=f"{max(one.rested for one in ended).total_seconds():.0f} s",
    )


def test_clocks_that_jump_an_hour_and_disagree_change_no_end(tables: Path, figures: Figures, long: bool) -> None:
    worlds = SCHEDULES // TOGETHER if long else 1
    ended = many(tables, worlds, again=False, order=True, jumps=True)
    longest = max(one.rested for one in ended)
    figures(
        "16",
        schedules=worlds * TOGETHER,
        jumps=sum(one.steps for one in ended),
        other_ends=0,
        longest_to_rest_on_the_clock=f"{longest.total_seconds():.0f} s",
    )
    assert longest <= QUIET + LONGEST_LEASE


def test_a_clock_that_is_set_back_stalls_nothing_for_longer_than_a_lease(tables: Path) -> None:
    with world(tables, seed=1) as lived:
        lived.book(MONDAY)
        lived.relay("booking")
        lived.deliver("zoom-connector", 0, again=False)
        lived.clocks["zoom-connector"].ahead -= timedelta(hours=1)
        come_to_rest(lived, longest=QUIET + LONGEST_LEASE)
