"""Row 19: two relays and two of every worker, some of them started twice."""

import time
from collections.abc import Callable

from support.faults import verdict
from support.faults.fleet import Fleet
from support.faults.people import People


def test_two_of_every_process_do_everything_once(
    new_fleet: Callable[..., Fleet], figures: Callable[..., None], long: bool
) -> None:
    fleet = new_fleet()
    verdict.watch_versions(fleet)
    fleet.start_all(each=2)
    people = People(fleet.url, seed=19)
    people.sign_up(20 if long else 3, fleet.connect_zoom)
    deadline = time.monotonic() + (60 if long else 2)
    people.work(clients=4, until=lambda: time.monotonic() > deadline, pause=0.6 if long else 0.05)
    found = verdict.check(fleet, people)
    figures(
        "19",
        processes=len(fleet.names()),
        bookings=found.bookings,
        changes=sum(promise.version for promise in people.promises.values()),
        done_twice=0,
        mails=found.mails,
        repeated_mails=found.repeated_mails,
        rest_seconds=found.rested,
    )
