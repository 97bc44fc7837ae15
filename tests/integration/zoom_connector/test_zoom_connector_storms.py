"""Storms over a connector with two workers: whatever is lost, repeated or killed, Zoom ends as the bookings want it.

FAULTS=long makes it a thousand storms; STORM names the seed of one.
"""

import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests
from sqlalchemy import select

from integration.zoom_connector.bench import (
    CHANGE,
    CREATE,
    DELETE,
    LIST,
    TOKEN,
    Bench,
    Bookings,
    Clock,
    Zoom,
    start_sandbox,
)
from shared.events import BookingFacts, Event
from zoom_connector.reconcile import Reconcile
from zoom_connector.storage.tables import SEATS

STORMS = 1_000 if os.environ.get("FAULTS") == "long" else 6
SEEDS = [int(os.environ["STORM"])] if "STORM" in os.environ else list(range(STORMS))
A_TEST = 50
"""So many storms are one test in the long form."""
ACTS = 40
HEARD = 0.6
"""How often a piece of news is heard after an act; some are heard long after newer ones."""
READ_SECONDS = 0.15
PLACES = [
    "after claim",
    *(f"{when} zoom {what}" for when in ("before", "after") for what in ("create", "update", "delete", "look")),
    "inside settle",
    "after settle",
]
FAULTS: list[dict[str, Any]] = [
    {"fault": "reset", "after": True},
    {"fault": "reset"},
    {"fault": "unreadable", "after": True},
    {"fault": "status", "status": 500},
    {"fault": "status", "status": 502, "after": True, "body": "html"},
    {"fault": "status", "status": 503, "after": True},
    {"fault": "hang", "after": True, "seconds": 0.25},
    {"fault": "rate_limit", "kind": "per_second"},
]


class Killed(BaseException):
    """What a kill looks like from inside: nothing after it runs."""


@dataclass
class Storm:
    """One connector, two processes' views of it, people who change their minds, and bad luck."""

    one: Bench
    two: Bench
    zoom: Zoom
    clock: Clock
    chance: random.Random
    wishes: dict[str, BookingFacts] = field(default_factory=dict)
    told: list[Event] = field(default_factory=list)
    unheard: list[Event] = field(default_factory=list)

    def pass_over(self) -> None:
        for host in ("h1", "h2"):
            self.one.connect(host, f"{host}@zoom.example")
        acts = [self.book, self.book, self.change, self.change, self.hear_again, self.break_zoom, self.break_zoom]
        acts += [self.work, self.work, self.work_and_be_killed, self.work_and_be_killed, self.work_together, self.wait]
        for _ in range(ACTS):
            self.chance.choice(acts)()
            self.clock.turn(self.chance.choice([0, 1, 4]))
            if self.chance.random() < HEARD:
                self.hear()

    def calm(self) -> None:
        """Let it all be heard, in any order, and come to rest."""
        self.zoom.mend()
        self.zoom.fault("webhooks", off=True)
        while self.unheard:
            self.hear()
        self.clock.turn(46)
        self.one.rest(seconds=400)

    def book(self) -> None:
        booking_id = f"b{len(self.wishes)}"
        host = self.chance.choice(["h1", "h2"])
        event = Bookings(self.clock).created(booking_id, host_id=host, hours=self.chance.randint(30, 60))
        self._wish(event.booking, event)

    def change(self) -> None:
        live = [facts for facts in self.wishes.values() if facts.status == "confirmed"]
        if not live:
            return
        facts, bookings = self.chance.choice(live), Bookings(self.clock)
        known: dict[str, Any] = {"version": facts.version + 1, "host": facts.host}
        if self.chance.random() < 0.5:
            moved = bookings.moved(facts.id, hours=self.chance.randint(61, 90), **known)
            self._wish(moved.booking, moved)
        else:
            canceled = bookings.canceled(facts.id, start=facts.start, end=facts.end, **known)
            self._wish(canceled.booking, canceled)

    def _wish(self, facts: BookingFacts, event: Event) -> None:
        self.wishes[facts.id] = facts
        self.told.append(event)
        self.unheard.append(event)

    def hear(self) -> None:
        if self.unheard:
            self._either().hear(self.unheard.pop(self.chance.randrange(len(self.unheard))))

    def hear_again(self) -> None:
        if self.told:
            self._either().hear(self.chance.choice(self.told))

    def break_zoom(self) -> None:
        on = self.chance.choice([CREATE, CREATE, CHANGE, DELETE, LIST, TOKEN])
        fault = self.chance.choice(FAULTS)
        if on == TOKEN:
            # An answer that is lost after a rotation may cost the connection; that is not this storm's.
            fault = {"fault": "status", "status": 503}
            self.zoom.fault("expire_tokens")
        self.zoom.fault(**fault, on=on, times=self.chance.randint(1, 2))

    def work(self) -> None:
        worker = self._worker(self._either())
        while worker.step():
            pass

    def work_and_be_killed(self) -> None:
        place = self.chance.choice(PLACES)

        def die(here: str) -> None:
            if here == place:
                raise Killed(place)

        worker = self._worker(self._either())
        worker.crash = die
        with suppress(Killed):
            while worker.step():
                pass

    def work_together(self) -> None:
        threads = [Thread(target=self._worker(bench).step) for bench in (self.one, self.two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def wait(self) -> None:
        self.clock.turn(self.chance.choice([10, 46]))

    def _either(self) -> Bench:
        return self.chance.choice([self.one, self.two])

    def _worker(self, bench: Bench) -> Reconcile:
        worker = bench.reconciler()
        worker.accounts = replace(bench.parts.access, read_seconds=READ_SECONDS)
        return worker


def judge(storm: Storm) -> None:
    """Compare the sandbox's meetings with the live bookings, and what people were told with both."""
    live = {facts.id: facts for facts in storm.wishes.values() if facts.status == "confirmed"}
    meetings = {meeting["agenda"].splitlines()[0]: meeting for meeting in storm.zoom.meetings()}
    assert len(meetings) == len(storm.zoom.meetings()), "two meetings for one booking"
    assert sorted(meetings) == sorted(f"[punctual:{booking}]" for booking in live)
    for booking, facts in live.items():
        assert meetings[f"[punctual:{booking}]"]["start_time"] == facts.start.strftime("%Y-%m-%dT%H:%M:%SZ")
    ever = Counter(meeting["agenda"].splitlines()[0] for meeting in storm.zoom._items("meetings?deleted=1"))
    assert max(ever.values(), default=1) == 1, "a second meeting existed for a moment"
    with storm.one.parts.database.read() as tx:
        said = {row.id: (row.said, row.said_version) for row in tx.execute(select(SEATS))}
    assert said == {
        facts.id: ("ready" if facts.status == "confirmed" else "removed", facts.version)
        for facts in storm.wishes.values()
    }


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def zoom(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[Zoom]:
    running = start_sandbox(Path(tmp_path_factory.mktemp("zoom")), clock)
    yield Zoom(running.url)
    running.stop()


@pytest.mark.parametrize("first", SEEDS[::A_TEST] if STORMS > A_TEST else SEEDS)
def test_after_a_storm_zoom_has_the_meetings_of_the_live_bookings_and_no_others(
    first: int, tmp_path: Path, zoom: Zoom, clock: Clock
) -> None:
    last = min(first + A_TEST, STORMS) if STORMS > A_TEST and len(SEEDS) > 1 else first + 1
    for seed in range(first, last):
        requests.post(f"{zoom.url}/sandbox/reset", timeout=5).raise_for_status()
        zoom.fault("webhooks", off=True)
        folder = tmp_path / str(seed)
        folder.mkdir()
        one, two = Bench(folder, zoom, clock), Bench(folder, zoom, clock)
        storm = Storm(one, two, zoom, clock, random.Random(f"storm {seed}"))
        try:
            storm.pass_over()
            storm.calm()
            judge(storm)
        except AssertionError as error:
            raise AssertionError(f"STORM={seed}: {error}") from error
        finally:
            one.close()
            two.close()
