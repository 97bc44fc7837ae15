"""Tokens that end under load: renewed once over all workers, whatever Zoom does with the old ones."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest

from integration.zoom_connector import process
from integration.zoom_connector.bench import TOKEN, Bench, Bookings, Clock, Zoom
from shared.bus import connect
from shared.events import ZoomNeedsReconnect
from shared.events.envelope import wrap
from shared.testing import eventually

MOMENT_OF_EXPIRY = 3_600
BOOKINGS = 24


@pytest.fixture
def other(bench: Bench, zoom: Zoom, clock: Clock) -> Iterator[Bench]:
    """Give a second worker on the same data."""
    made = Bench(bench.folder, zoom, clock)
    yield made
    made.close()


def together(*benches: Bench) -> None:
    """Let a worker of each bench reconcile at the same time until nothing is due."""
    start = Barrier(len(benches))

    def work(which: Bench) -> None:
        worker = which.reconciler()
        start.wait()
        while worker.step():
            pass

    threads = [Thread(target=work, args=(which,)) for which in benches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def rest(bench: Bench, other: Bench, seconds: int = 60) -> None:
    """Let both work until all is at rest."""
    together(bench, other)
    bench.rest(seconds=seconds)


@pytest.mark.parametrize("grace", [0, 60], ids=["strict rotation", "rotation with grace"])
def test_bookings_at_the_moment_of_expiry_cause_one_renewal_and_lose_no_link(
    bench: Bench, other: Bench, zoom: Zoom, clock: Clock, grace: int
) -> None:
    bench.connect()
    bookings = Bookings(clock)
    zoom.fault("rotation", grace=grace)
    zoom.fault("latency", on=TOKEN, seconds=0.1)
    clock.turn(MOMENT_OF_EXPIRY)
    bench.hear(*(bookings.created(f"b{number}", hours=30 + number) for number in range(BOOKINGS)))
    rest(bench, other)

    assert zoom.calls("token") == 1 + 1, "one for the code, one renewal"
    assert len(zoom.meetings()) == BOOKINGS
    assert bench.said().count("meeting.ready") == BOOKINGS


def test_two_real_workers_renew_once_for_all_bookings(
    bench: Bench, bookings: Bookings, zoom: Zoom, clock: Clock
) -> None:
    bench.connect()
    # Real processes have the machine's clock, so they have to be told by Zoom that the token is over.
    zoom.fault("expire_tokens")
    carrier = connect("", bench.folder)
    workers = [process.start("worker", bench.folder, zoom.url, ZOOM_CALLS_PER_SECOND="1000") for _ in range(2)]
    try:
        made = [bookings.created(f"b{number}", hours=30 + number) for number in range(8)]
        carrier.publish([wrap(event, source="booking", now=clock()) for event in made])
        eventually(lambda: len(zoom.meetings()) == 8, timeout=30)
        eventually(lambda: not bench.waits(), timeout=10)
    finally:
        for worker in workers:
            process.stop(worker)
        carrier.close()

    assert zoom.calls("token") == 1 + 1
    assert bench.connection().status == "connected"


@pytest.mark.parametrize(
    "fault", [{"fault": "token_lost"}, {"fault": "unreadable", "after": True, "on": TOKEN}], ids=str
)
def test_an_answer_lost_after_the_rotation_is_survived_within_the_grace(
    bench: Bench, other: Bench, zoom: Zoom, clock: Clock, fault: dict[str, Any]
) -> None:
    bench.connect()
    bookings = Bookings(clock)
    clock.turn(MOMENT_OF_EXPIRY)
    zoom.fault("rotation", grace=120)
    zoom.fault(**fault, times=1)
    bench.hear(*(bookings.created(f"b{number}", hours=30 + number) for number in range(6)))
    rest(bench, other)

    assert len(zoom.meetings()) == 6
    assert bench.connection().status == "connected"


def test_an_answer_lost_under_strict_rotation_ends_in_one_request_to_connect_anew(
    bench: Bench, other: Bench, bookings: Bookings, zoom: Zoom, clock: Clock
) -> None:
    bench.connect()
    clock.turn(MOMENT_OF_EXPIRY)
    zoom.fault("token_lost", times=1)
    bench.hear(*(bookings.created(f"b{number}", hours=30 + number) for number in range(6)))
    rest(bench, other)
    assert bench.connection().status == "needs_reconnect"
    assert sum(isinstance(event, ZoomNeedsReconnect) for event in bench.announced()) == 1

    bench.connect()
    rest(bench, other)
    assert len(zoom.meetings()) == 6, "every link that waited is made"


def test_tokens_that_end_early_are_renewed_once_by_all_who_meet_it(
    bench: Bench, other: Bench, bookings: Bookings, zoom: Zoom
) -> None:
    bench.connect()
    zoom.fault("expire_tokens")
    bench.hear(*(bookings.created(f"b{number}", hours=30 + number) for number in range(8)))
    rest(bench, other)

    assert zoom.calls("token") == 1 + 1
    assert len(zoom.meetings()) == 8


def test_a_worker_that_is_killed_in_a_renewal_holds_nobody_up_for_long(
    bench: Bench, other: Bench, bookings: Bookings, zoom: Zoom, clock: Clock
) -> None:
    bench.connect()
    zoom.fault("hang", on=TOKEN, seconds=3, times=1)
    bench.hear(bookings.created())
    # Its clock is the machine's, so it has to be told by Zoom that its token is over.
    zoom.fault("expire_tokens")
    worker = process.start("worker", bench.folder, zoom.url)
    try:
        eventually(lambda: zoom.calls("token") == 2, timeout=20)
    finally:
        worker.kill()
        worker.wait()
    clock.turn(46)
    rest(bench, other)

    assert len(zoom.meetings()) == 1


def test_a_connection_is_renewed_ahead_for_as_long_as_nobody_uses_it(bench: Bench, zoom: Zoom, clock: Clock) -> None:
    bench.connect()
    # A refresh token lives 90 days; nobody books for a year.
    for _ in range(12):
        clock.turn(timedelta(days=31).total_seconds())
        bench.worker.upkeep.step()
    assert zoom.calls("token") == 1 + 12

    bench.parts.access("h1")
    assert bench.connection().status == "connected"


def test_a_connection_in_use_is_not_renewed_for_being_idle(bench: Bench, zoom: Zoom, clock: Clock) -> None:
    bench.connect()
    clock.turn(timedelta(days=29).total_seconds())
    bench.parts.access("h1")
    calls = zoom.calls("token")
    clock.turn(timedelta(days=2).total_seconds())
    bench.worker.upkeep.step()

    assert zoom.calls("token") == calls


# What the host is shown of it


def test_what_zoom_did_last_is_kept_in_words(bench: Bench, bookings: Bookings, zoom: Zoom, clock: Clock) -> None:
    bench.connect()
    bench.hear(bookings.created("b1"))
    bench.work()
    good = bench.connection()
    assert (good.last_failure_at, good.last_failure) == (None, None)
    assert good.last_success_at >= good.connected_at

    clock.turn(60)
    zoom.fault("status", status=503)
    bench.hear(bookings.created("b2"))
    bench.work()
    bad = bench.connection()
    assert bad.last_failure_at > good.last_success_at
    assert "Zoom" in bad.last_failure
    zoom.mend()
    bench.rest()
    assert bench.connection().last_success_at > bad.last_failure_at


def test_a_check_asks_zoom_and_says_what_is_wrong(bench: Bench, zoom: Zoom, clock: Clock) -> None:
    bench.connect()
    clock.turn(5)
    bench.parts.checking.check("h1")
    assert bench.connection().last_failure is None
    assert bench.connection().last_success_at > bench.connection().connected_at

    zoom.fault("status", status=503)
    bench.parts.checking.check("h1")
    assert bench.connection().last_failure == "Zoom does not answer as it should."
    zoom.mend()
    zoom.fault("webhooks", off=True)
    zoom.deauthorize()
    bench.parts.checking.check("h1")
    assert bench.connection().status == "needs_reconnect"
    assert "connect again" in bench.connection().last_failure
