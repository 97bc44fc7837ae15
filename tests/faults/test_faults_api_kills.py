"""Row 1: the api is killed before its transaction, inside it, and after the commit before the answer."""

import itertools
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from support.faults import verdict
from support.faults.fleet import Fleet
from support.faults.people import People
from support.faults.plugs import API, WISH


def test_a_booking_whose_api_is_killed_is_made_once_by_the_repeat(
    new_fleet: Callable[..., Fleet], figures: Callable[..., None], long: bool
) -> None:
    kills = 1_000 if long else 12
    fleet = new_fleet()
    verdict.watch_versions(fleet)
    fleet.mortal(now=True)
    plug: dict[str, Any] = {"plug": "mortal", "folder": str(fleet.folder), "places": API, "chance": 1, "seed": "1"}
    fleet.start_all(plugs=lambda name, _birth: [plug] if name == "booking-api" else [])
    people = People(fleet.url, seed=1)
    people.sign_up(4 if long else 1, fleet.connect_zoom)
    handles = itertools.cycle(people.hosts)
    began = time.monotonic()
    numbers = itertools.count()

    def book_on() -> None:
        while len(fleet.deaths()) < kills:
            number = next(numbers)
            people.book(next(handles), notes=f"{WISH}{API[number % len(API)]} {number}")

    # Two clients at once: a kill that one has wished for meets the other anywhere.
    with ThreadPoolExecutor(2) as clients:
        for job in [clients.submit(book_on) for _ in range(2)]:
            job.result()
    took = time.monotonic() - began

    places = Counter(death["place"] for death in fleet.deaths())
    found = verdict.check(fleet, people)
    figures(
        "1",
        kills=sum(places.values()),
        **{place.replace(" ", "_"): count for place, count in places.items()},
        bookings=found.bookings,
        lost=0,
        doubled=0,
        calls_repeated=people.unanswered,
        seconds=round(took),
        rest_seconds=found.rested,
    )
