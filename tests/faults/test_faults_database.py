"""Row 8: PostgreSQL is killed and away; what was answered with a 2xx is there, and all goes on when it is back."""

import threading
import time
from collections.abc import Callable

from shared.testing import eventually
from support.engines import Postgres
from support.faults import verdict
from support.faults.fleet import Engines, Fleet
from support.faults.people import People

PROBE = 0.05


def test_a_killed_database_costs_error_pages_and_no_booking(
    new_fleet: Callable[..., Fleet],
    real: Callable[..., Engines],
    postgres: Postgres,
    figures: Callable[..., None],
    long: bool,
) -> None:
    fleet = new_fleet(real(), LOG_FORMAT="json")
    verdict.watch_versions(fleet)
    # In the short form nobody waits half a minute for what a worker had in hand when its database died.
    fleet.start_all(plugs=lambda *_: [] if long else [{"plug": "lease", "seconds": 3}])
    people = People(fleet.url, seed=8)
    people.sign_up(8 if long else 2, fleet.connect_zoom)
    over = threading.Event()
    load = threading.Thread(target=lambda: people.work(clients=3, until=over.is_set, pause=3 if long else 0.6))
    load.start()
    time.sleep(3 if long else 0.5)
    postgres.kill()
    began = time.monotonic()
    answers = []
    while time.monotonic() - began < (30 if long else 1):
        answers.append(people.call("GET", "/hosts/nobody", timeout=60))
        time.sleep(PROBE * 10)
    postgres.restart()
    back = time.monotonic()
    eventually(fleet.is_ready, timeout=20, every=PROBE)
    ready_after = time.monotonic() - back
    people.book(next(iter(people.hosts)))
    booked_after = time.monotonic() - back
    over.set()
    load.join()
    assert {answer.status_code for answer in answers} == {503}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)
    assert ready_after <= 2
    # Each of the two loops that send may have had one mail between the server's answer and its own commit.
    found = verdict.check(fleet, people, mail_kills=2)
    figures(
        "8",
        away=f"{back - began:.1f} s",
        error_pages=people.unanswered,
        bookings=found.bookings,
        lost_2xx=0,
        repeated_mails=found.repeated_mails,
        ready_again_after=f"{ready_after:.2f} s",
        booked_again_after=f"{booked_after:.2f} s",
        rest_seconds=found.rested,
    )
