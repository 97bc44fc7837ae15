"""Row 3: workers are killed around the inbox insert, inside handlers, before Zoom, and after it before the commit."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import select

from booking.storage.tables import BOOKINGS
from support.faults import verdict
from support.faults.fleet import Fleet
from support.faults.people import People
from support.faults.plugs import CONSUMER, HANDLER, MAIL, ZOOM
from support.faults.storms import SENDERS
from zoom_connector.storage.tables import SEATS

PLACES = {
    "booking": (*CONSUMER, *HANDLER),
    "zoom-connector": (*CONSUMER, *HANDLER, *ZOOM),
    "notifier": (*CONSUMER, *HANDLER, *MAIL),
}


def in_turn(fleet: Fleet, service: str, rounds: int, lease: float) -> Callable[[int], Sequence[dict[str, Any]]]:
    """Let each life of a worker end at the next place, and the last one never."""
    ends = PLACES[service] * rounds

    def plugs(birth: int) -> Sequence[dict[str, Any]]:
        made: list[dict[str, Any]] = [{"plug": "lease", "seconds": lease}] if lease else []
        if birth <= len(ends):
            places = [ends[birth - 1]]
            made.append({"plug": "mortal", "folder": str(fleet.folder), "places": places, "chance": 1, "seed": "1"})
        return made

    return plugs


def test_workers_killed_at_every_place_lose_nothing_and_do_nothing_twice(
    new_fleet: Callable[..., Fleet], figures: Callable[..., None], long: bool
) -> None:
    rounds = 30 if long else 1
    fleet = new_fleet()
    verdict.watch_versions(fleet)
    fleet.mortal(now=True)
    # In the long form leases are what they are; their 45 seconds would be most of the short one.
    for service in PLACES:
        fleet.start(service, "worker", plugs=in_turn(fleet, service, rounds, 0 if long else 3))  # type: ignore[arg-type]
    fleet.start("booking", "api")
    fleet.wait_ready()
    people = People(fleet.url, seed=3)
    people.sign_up(40 if long else 4, fleet.connect_zoom)

    expected = sum(len(places) for places in PLACES.values()) * rounds
    deadline = time.monotonic() + (1_800 if long else 30)
    people.work(clients=2, until=lambda: len(fleet.deaths()) >= expected or time.monotonic() > deadline, pause=0.5)
    deaths = Counter(death["place"] for death in fleet.deaths())
    assert sum(deaths.values()) == expected, deaths
    found = verdict.check(fleet, people, mail_kills=SENDERS * fleet.lost("notifier"))
    waits = sorted(waited(fleet))
    figures(
        "3",
        kills=expected,
        at_places=len(deaths),
        bookings=found.bookings,
        lost=0,
        second_meetings=0,
        repeated_mails=f"{found.repeated_mails} by {fleet.lost('notifier')} kills of the notifier",
        rest_seconds=found.rested,
        last_word_of_zoom_after=f"{waits[len(waits) // 2]:.2f} s median, {waits[-1]:.1f} s worst",
    )


def waited(fleet: Fleet) -> list[float]:
    """List how long after its booking each meeting was there, for bookings that were never changed."""
    with fleet.databases["booking"].read() as tx:
        rows = tx.execute(select(BOOKINGS.c.id, BOOKINGS.c.created_at).where(BOOKINGS.c.version == 1))
        made = {row.id: row.created_at for row in rows}
    with fleet.databases["zoom-connector"].read() as tx:
        said = tx.execute(select(SEATS.c.id, SEATS.c.said_at).where(SEATS.c.version == 1)).all()
    return [(row.said_at - made[row.id]).total_seconds() for row in said]
