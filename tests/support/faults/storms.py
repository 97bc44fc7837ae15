"""A storm: everything runs, people use it, and somebody kills at random; then the verdict."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from support.faults import verdict
from support.faults.fleet import Fleet
from support.faults.people import People
from support.faults.plugs import CONSUMER, HANDLER, MAIL, RELAY, ZOOM

PLACES = (*RELAY, *CONSUMER, *HANDLER, *ZOOM, *MAIL)
SENDERS = 2
"""Loops of a notifier that send: whoever kills it, each may have a mail between the answer and its commit."""
Plug = dict[str, Any]


@dataclass(frozen=True)
class Weather:
    """How bad it gets. `chance` is that of a death at each place that a worker comes to."""

    seconds: float
    every: float
    chance: float
    hosts: int
    pause: float
    lease: float = 0.0


@dataclass(frozen=True)
class Passed:
    """What a storm has done, and how it ended."""

    kills: Counter[str]
    unanswered: int
    found: verdict.Verdict


def storm(fleet: Fleet, seed: int, weather: Weather, *, mistakes: Sequence[Plug] = ()) -> Passed:
    """Let a storm pass over a fleet that has tables and nothing else. Fails when an invariant does not hold."""
    verdict.watch_versions(fleet)
    chance = random.Random(seed)

    def plugs(name: str, birth: int) -> Sequence[Plug]:
        made = [dict(mistake) for mistake in mistakes]
        if weather.lease:
            made.append({"plug": "lease", "seconds": weather.lease})
        mortal = {"plug": "mortal", "folder": str(fleet.folder), "places": PLACES, "chance": weather.chance}
        return [*made, mortal | {"seed": f"{seed}:{name}:{birth}"}]

    fleet.start_all(each=2, plugs=plugs)
    people = People(fleet.url, seed)
    people.sign_up(weather.hosts, fleet.connect_zoom)
    fleet.mortal(now=True)
    over = threading.Event()
    clients = _in_background(lambda: people.work(clients=4, until=over.is_set, pause=weather.pause))
    ends = time.monotonic() + weather.seconds
    while (left := ends - time.monotonic()) > 0:
        time.sleep(min(left, chance.expovariate(1 / weather.every)))
        fleet.kill(chance.choice(fleet.names()))
    fleet.mortal(now=False)
    over.set()
    clients()
    kills = Counter(death["place"] for death in fleet.deaths())
    kills["anywhere"] = len(fleet.kills)
    found = verdict.check(fleet, people, mail_kills=SENDERS * fleet.lost("notifier"))
    return Passed(kills, people.unanswered, found)


def _in_background(work: Callable[[], None]) -> Callable[[], None]:
    met: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised where somebody sees it
            met.append(error)

    thread = threading.Thread(target=run, name="people")
    thread.start()

    def finish() -> None:
        thread.join()
        if met:
            raise met[0]

    return finish
