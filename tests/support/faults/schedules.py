"""Many bookings' lives in one simulated world: their events come again, in any order, on clocks that jump."""

import logging
import multiprocessing
import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy import update

from booking.bookings import Refused
from booking.storage.tables import SESSION_TYPES
from support.simulation.world import SERVICES, World

TOGETHER = 25
"""Schedules in one world. They don't meet: order and repetition are a matter of each booking by itself."""
ROUNDS = 6
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SPRING = datetime(2027, 3, 25, 8, 0, tzinfo=UTC)
"""Three days before Berlin's clocks go forward."""


@dataclass(frozen=True)
class Ended:
    """What one world has seen. `rested` is how long it took on the true clock, once everything was delivered."""

    changes: int
    deliveries: int
    steps: int
    rested: timedelta


@contextmanager
def world(tables: Path, seed: int) -> Iterator[World]:
    """Begin a world that ends with its files."""
    folder = Path(tempfile.mkdtemp(dir=tables.parent))
    made = World.of(tables, folder, seed)
    with made.databases["booking"].write() as tx:
        tx.execute(update(SESSION_TYPES).values(horizon=200, min_notice=0))
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(folder)


def run(tables: Path, seed: int, *, again: bool, order: bool, jumps: bool = False) -> Ended:
    """Run one world to its rest, where all invariants hold."""
    chance = random.Random(seed)
    with world(tables, seed) as lived:
        if jumps:
            _disagree(lived, chance)
        _live(lived, chance)
        deliveries = steps = 0
        for _ in range(ROUNDS):
            for service in SERVICES:
                lived.relay(service)
            deliveries += _scramble(lived, chance, again=again, order=order)
            if jumps and chance.random() < 0.7:
                lived.clocks[chance.choice(SERVICES)].ahead += chance.choice((-1, 1)) * timedelta(hours=1)
                steps += 1
            lived._work()
            lived.clock.now += timedelta(seconds=1)
        lived.check()
        rested = come_to_rest(lived)
        return Ended(sum(promise.version for promise in lived.promises.values()), deliveries, steps, rested)


def _disagree(lived: World, chance: random.Random) -> None:
    for clock in lived.clocks.values():
        clock.ahead = timedelta(minutes=chance.choice((-5, 0, 5)))
    # That is no jump: each process has known its own clock from the start.
    for setback in lived.setbacks:
        setback.step()


def _live(lived: World, chance: random.Random) -> None:
    """Let each booking have a life of its own."""
    days = [MONDAY + timedelta(days=n) for n in range(5)] + [SPRING + timedelta(days=n) for n in (0, 1, 4, 5)]
    starts = [day + timedelta(minutes=30 * slot) for day in days for slot in range(14)]
    chance.shuffle(starts)
    for _ in range(TOGETHER):
        booking = lived.book(starts.pop())
        for _ in range(chance.choice((0, 0, 1, 2))):
            with suppress(Refused):
                lived.move(booking.id, starts.pop())
        if chance.random() < 0.5:
            lived.cancel(booking.id)


def _scramble(lived: World, chance: random.Random, *, again: bool, order: bool) -> int:
    """Deliver what the queues hold: each message up to five times, and in any order, amid other work."""
    delivered = 0
    for service in SERVICES:
        queue = lived.bus.queues[f"{service}.events"]
        messages = [message for message in queue for _ in range(chance.randint(1, 5) if again else 1)]
        if order:
            chance.shuffle(messages)
        queue[:] = messages
        while queue:
            lived.deliver(service, 0, again=False)
            delivered += 1
            if chance.random() < 0.1:
                lived.handle(service)
    return delivered


def come_to_rest(lived: World, longest: timedelta = timedelta(hours=3)) -> timedelta:
    """Work until nothing is left, then check; `World.rest` checks after each second, which takes most of its time."""
    began = lived.clock.now
    while lived._work() or not lived._at_rest():
        lived.clock.now += timedelta(seconds=1)
        assert lived.clock.now - began <= longest, f"I3: not at rest: {list(lived._left())}"
    lived._check_rest()
    return lived.clock.now - began


def run_all(tables: Path, seeds: range, *, again: bool, order: bool, jumps: bool = False) -> list[Ended]:
    """Run many worlds; a failure names its seed."""
    ended = []
    for seed in seeds:
        try:
            ended.append(run(tables, seed, again=again, order=order, jumps=jumps))
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
    return ended


def be_quiet() -> None:
    """Write no log: nobody reads a million lines."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def many(tables: Path, worlds: int, *, again: bool, order: bool, jumps: bool = False) -> list[Ended]:
    """Run worlds of schedules, many of them on every core."""
    work = partial(run_all, tables, again=again, order=order, jumps=jumps)
    if worlds < 10:
        return work(range(worlds))
    parts = [range(first, min(first + 10, worlds)) for first in range(0, worlds, 10)]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=spawn, initializer=be_quiet) as processes:
        return [ended for part in processes.map(work, parts) for ended in part]
