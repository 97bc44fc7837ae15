"""Links that wait, for the quota or for a connection: the host is told once a day. Limits are kept ahead of time."""

from datetime import timedelta
from threading import Thread
from typing import Any

from integration.zoom_connector.bench import Bench, Bookings, Clock, Zoom
from shared.events import Event, MeetingDelayed, MeetingReady, ZoomLinksWaiting


def of(bench: Bench, kind: type[Event]) -> list[Any]:
    return [event for event in bench.announced() if isinstance(event, kind)]


def test_the_host_is_told_once_how_many_links_wait_for_the_quota(
    bench: Bench, bookings: Bookings, zoom: Zoom, clock: Clock
) -> None:
    bench.connect()
    zoom.fault("rate_limit", kind="user_daily")
    bench.hear(*(bookings.created(f"b{n}", hours=60 + n) for n in range(3)))
    bench.work()
    bench.hear(bookings.created("b9", hours=90))
    bench.work()

    [waiting] = of(bench, ZoomLinksWaiting)
    midnight = (clock() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    assert (waiting.host_id, waiting.cause, waiting.waiting) == ("h1", "quota", 3)
    assert midnight <= waiting.until <= midnight + timedelta(minutes=3)
    assert waiting.until == bench.connection().parked_until


def test_a_quota_that_is_spent_again_the_next_day_is_told_again(
    bench: Bench, bookings: Bookings, zoom: Zoom, clock: Clock
) -> None:
    bench.connect()
    zoom.fault("rate_limit", kind="user_daily")
    bench.hear(bookings.created("b1", hours=90))
    for _ in range(3):
        bench.work()
        clock.turn(86_400)

    assert 2 <= len(of(bench, ZoomLinksWaiting)) <= 3


def test_a_real_quota_is_used_up_nearest_first_and_the_rest_follows_after_midnight(
    bench: Bench, bookings: Bookings, zoom: Zoom, clock: Clock
) -> None:
    bench.connect()
    zoom.fault("quotas", user_daily=3)
    bench.hear(*(bookings.created(f"b{n}", hours=80 - n) for n in range(5)))
    bench.work()
    assert [event.booking_id for event in of(bench, MeetingReady)] == ["b4", "b3", "b2"]
    assert {event.booking_id for event in of(bench, MeetingDelayed)} == {"b0", "b1"}
    assert [event.waiting for event in of(bench, ZoomLinksWaiting)] == [2]
    now = clock()
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    clock.turn((midnight - now).total_seconds() + 180)
    bench.work()

    assert [event.booking_id for event in of(bench, MeetingReady)][3:] == ["b1", "b0"]


def test_while_disconnected_the_host_is_told_once_a_day(bench: Bench, bookings: Bookings, clock: Clock) -> None:
    for day in range(3):
        for number in range(2):
            bench.hear(bookings.created(f"b{day}-{number}", hours=200 + day * 24 + number))
            bench.work()
            clock.turn(3600)
        clock.turn(86_400)

    waiting = of(bench, ZoomLinksWaiting)
    assert [(event.cause, event.waiting, event.until) for event in waiting] == [
        ("disconnected", 1, None),
        ("disconnected", 3, None),
        ("disconnected", 5, None),
    ]


def test_an_ended_connection_has_its_own_word_and_the_waiting_links_theirs_a_day_later(
    bench: Bench, bookings: Bookings, zoom: Zoom, clock: Clock
) -> None:
    bench.connect()
    zoom.fault("status", status=404, body={"code": 1001, "message": "No."}, on="POST /v2/users/me/meetings")
    bench.hear(bookings.created("b1", hours=90))
    bench.work()
    assert of(bench, ZoomLinksWaiting) == []
    clock.turn(90_000)
    bench.hear(bookings.created("b2", hours=90))
    bench.work()

    assert [event.waiting for event in of(bench, ZoomLinksWaiting)] == [2]


def test_after_the_day_on_which_links_waited_all_of_the_future_ones_are_made_on_connecting(
    bench: Bench, bookings: Bookings, zoom: Zoom, clock: Clock
) -> None:
    bench.hear(bookings.created("past", hours=20), bookings.created("b1", hours=90), bookings.created("b2", hours=60))
    bench.work()
    clock.turn(86_400)
    bench.connect()
    bench.work()

    assert [event.booking_id for event in of(bench, MeetingReady)] == ["b2", "b1"]
    assert len(zoom.meetings()) == 2


def test_two_workers_together_keep_to_the_limit_per_second(
    bench: Bench, bookings: Bookings, zoom: Zoom, clock: Clock
) -> None:
    bench.connect()
    # Connecting made calls of its own.
    clock.turn(5)
    zoom.fault("quotas", per_second=4)
    bench.hear(*(bookings.created(f"b{n}", hours=60 + n) for n in range(9)))
    slow = [Bench(bench.folder, zoom, clock, {"ZOOM_CALLS_PER_SECOND": "4"}) for _ in range(2)]

    def work(which: Bench) -> None:
        while which.waits():
            which.worker.reconcile.step()

    threads = [Thread(target=work, args=(each,)) for each in slow]
    begun = clock()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in slow:
        each.close()

    assert len(zoom.meetings()) == 9
    assert zoom.calls("create_meeting") == 9, "Zoom never had to say that it was too fast"
    assert clock() - begun >= timedelta(seconds=2), "nine calls take more than two seconds"
