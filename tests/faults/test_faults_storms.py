"""Storms over everything at once, and the proof that they would show a mistake."""

import os
from collections import Counter
from collections.abc import Callable

import pytest

from support.faults.fleet import Engines, Fleet
from support.faults.mistakes import KNOWN
from support.faults.storms import Passed, Weather, storm

Figures = Callable[..., None]
NewFleet = Callable[..., Fleet]
LONG = Weather(seconds=60, every=1.5, chance=0.004, hosts=20, pause=1.0)
SHORT = Weather(seconds=3, every=0.7, chance=0.02, hosts=3, pause=0.5, lease=4)
STORMS = int(os.environ.get("STORMS", "20"))
"""How many in the long form."""
BAD = Weather(seconds=15, every=1.0, chance=0.02, hosts=4, pause=0.3, lease=4)


def noted(figures: Figures, row: str, passed: list[Passed]) -> None:
    kills = sum((one.kills for one in passed), Counter[str]())
    figures(
        row,
        storms=len(passed),
        kills=sum(kills.values()),
        at_places=len(kills) - 1,
        bookings=sum(one.found.bookings for one in passed),
        lost=0,
        second_meetings=0,
        repeated_mails=f"{sum(one.found.repeated_mails for one in passed)} of {sum(one.found.mails for one in passed)}",
        calls_repeated=sum(one.unanswered for one in passed),
        longest_rest=f"{max(one.found.rested for one in passed)} s",
    )


def weathered(fleet: Fleet, seed: int, *, long: bool) -> Passed:
    """Let a storm pass, and end its fleet: the next one is not to share the machine with it."""
    try:
        return storm(fleet, seed, LONG if long else SHORT)
    finally:
        fleet.stop()


def test_a_storm_over_files_ends_with_every_promise_kept(new_fleet: NewFleet, figures: Figures, long: bool) -> None:
    passed = [weathered(new_fleet(), seed, long=long) for seed in range(STORMS if long else 1)]
    noted(figures, "storms, embedded", passed)


def test_a_storm_over_real_servers_ends_with_every_promise_kept(
    new_fleet: NewFleet, real: Callable[..., Engines], figures: Figures, long: bool
) -> None:
    passed = [weathered(new_fleet(real()), seed, long=long) for seed in range(STORMS if long else 1)]
    noted(figures, "storms, real", passed)


def test_the_same_storm_passes_over_no_mistake(new_fleet: NewFleet, figures: Figures, long: bool) -> None:
    if not long:
        pytest.skip("the counterpart of the mistakes below")
    noted(figures, "seeded bug, none", [storm(new_fleet(), seed, BAD) for seed in range(3)])


@pytest.mark.parametrize("mistake", KNOWN)
def test_a_storm_over_a_mistake_ends_badly(new_fleet: NewFleet, figures: Figures, long: bool, mistake: str) -> None:
    if not long:
        pytest.skip("the simulation proves it in the short form")
    for seed in range(3):
        fleet = new_fleet()
        try:
            storm(fleet, seed, BAD, mistakes=[{"plug": mistake}])
        except AssertionError as caught:
            figures(
                f"seeded bug, {mistake.replace('_', ' ')}", caught=str(caught).split("\n")[0][:160], storms=seed + 1
            )
            return
    raise AssertionError(f"three storms passed over a process that {mistake.replace('_', ' ')}")
