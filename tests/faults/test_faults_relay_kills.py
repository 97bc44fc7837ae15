"""Row 2: the relay is killed after the select, amid the publish, after the confirm, and before its commit."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from shared import outbox
from shared.bus import topology
from shared.bus.embedded import _MESSAGES
from shared.database import Database
from shared.events import MeetingReady
from shared.testing import eventually
from support.faults.fleet import Fleet
from support.faults.plugs import RELAY

BURST = 20


def promise(database: Database, count: int) -> None:
    """Leave events in the outbox, as a service that is sure of them does."""
    now = datetime.now(UTC)
    with database.write() as tx:
        for number in range(count):
            event = MeetingReady(
                booking_id=f"b{number}", host_id="h", booking_version=1, revision=1, join_url="https://zoom.example/j/1"
            )
            outbox.add(tx, event, source="booking", now=now)


def all_sent(database: Database) -> bool:
    with database.read() as tx:
        return outbox.waiting(tx) == 0


def killed_again_and_again(fleet: Fleet, place: str, kills: int) -> tuple[int, list[float]]:
    """Let the relay die at one place so often; give the events promised and how long each was stopped by it."""
    fleet.mortal(now=True)

    def plugs(birth: int) -> Sequence[dict[str, Any]]:
        # Every second life is a long one.
        mortal = {"plug": "mortal", "folder": str(fleet.folder), "places": [place], "chance": 1, "seed": "1"}
        return [mortal] if birth % 2 else []

    child = fleet.start("booking", "worker", plugs=plugs)
    database = fleet.databases["booking"]
    promised, stopped = 0, []
    for number in range(kills):
        if number:
            fleet.kill(child.name)
            eventually(lambda: child.births % 2 == 1 and child.born.is_set(), timeout=10)
        promise(database, BURST)
        promised += BURST
        eventually(lambda number=number: len(fleet.deaths()) > number, timeout=20)  # type: ignore[misc]
        eventually(lambda: all_sent(database), timeout=20, every=0.01)
        stopped.append(time.time() - fleet.deaths()[-1]["at"])
    return promised, stopped


def repeats(folder: Path, promised: int) -> int:
    """Count what the bus has more than once. Fails when an event is missing from a queue."""
    database = Database(f"sqlite:///{folder / 'bus.sqlite3'}")
    with database.read() as tx:
        rows = tx.execute(select(_MESSAGES.c.queue, _MESSAGES.c.id).where(_MESSAGES.c.queue != "booking.events")).all()
    database.close()
    carried = Counter((row.queue, row.id) for row in rows)
    queues = [queue for queue in topology.listeners("meeting.ready") if queue != "booking.events"]
    assert len(carried) == promised * len(queues), "an event is lost"
    return (sum(carried.values()) - len(carried)) // len(queues)


def test_a_killed_relays_events_are_sent_by_the_next(
    new_fleet: Callable[..., Fleet], figures: Callable[..., None], long: bool
) -> None:
    kills = 25 if long else 1
    fleets = {place: new_fleet() for place in RELAY}
    with ThreadPoolExecutor(len(fleets)) as threads:
        jobs = {place: threads.submit(killed_again_and_again, fleet, place, kills) for place, fleet in fleets.items()}
    runs = {place: job.result() for place, job in jobs.items()}
    stopped = sorted(seconds for _, times in runs.values() for seconds in times)
    repeated = {place: repeats(fleets[place].folder, promised) for place, (promised, _) in runs.items()}
    for place, (promised, _) in runs.items():
        assert repeated[place] <= promised
    assert repeated["relay after the select"] == repeated["relay amid the publish"] == 0
    assert stopped[-1] < 4 if long else True
    figures(
        "2",
        kills=len(stopped),
        events=sum(promised for promised, _ in runs.values()),
        lost=0,
        repeats_a_kill=round(sum(repeated.values()) / len(stopped), 1),
        resumed_median=f"{stopped[len(stopped) // 2]:.2f} s",
        resumed_worst=f"{stopped[-1]:.2f} s",
    )
