"""A Zoom that fails in every way it knows: one meeting per live booking all the same, and everybody is told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event as Flag
from threading import Thread
from typing import Any

import pytest

from integration.zoom_connector.bench import CHANGE, CREATE, DELETE, Bench, Bookings, Clock, Zoom
from shared.events import Event, MeetingDelayed, MeetingFailed, MeetingReady, MeetingUnavailable, ZoomNeedsReconnect
from shared.testing import eventually
from zoom_connector.storage import connections, seats

LOST: list[dict[str, Any]] = [
    {"fault": "status", "status": 503, "after": True},
    {"fault": "status", "status": 502, "after": True, "body": "html"},
    {"fault": "status", "status": 500, "after": True, "body": "empty"},
    {"fault": "hang", "after": True, "seconds": 3},
    {"fault": "reset", "after": True},
    {"fault": "unreadable", "after": True},
    {"fault": "status", "status": 503},
    {"fault": "hang", "seconds": 3},
    {"fault": "reset"},
    {"fault": "unreadable"},
    {"fault": "redirect"},
]


def named(fault: dict[str, Any]) -> str:
    return "-".join(str(value) for key, value in fault.items() if key != "seconds")


def of(bench: Bench, kind: type[Event]) -> list[Any]:
    return [event for event in bench.announced() if isinstance(event, kind)]


@pytest.mark.parametrize("fault", LOST, ids=named)
def test_a_create_whose_answer_is_lost_is_looked_for_before_another(
    bench: Bench, bookings: Bookings, zoom: Zoom, fault: dict[str, Any]
) -> None:
    bench.connect()
    zoom.fault(**fault, on=CREATE, times=1)
    bench.hear(bookings.created())
    bench.work()
    [delayed] = of(bench, MeetingDelayed)
    assert delayed.next_attempt_at is not None
    bench.rest()

    [meeting] = zoom.meetings()
    [ready] = of(bench, MeetingReady)
    assert ready.join_url == meeting["join_url"]
    assert ready.passcode == meeting["password"], "an adopted meeting's passcode is read for itself"
    assert zoom.calls("list_meetings") >= 1
    assert zoom.calls("create_meeting") == (1 if fault.get("after") else 2)


@pytest.mark.parametrize(
    "fault", [fault for fault in LOST if fault["fault"] != "hang" and "body" not in fault], ids=named
)
def test_a_change_or_deletion_whose_answer_is_lost_is_repeated(
    bench: Bench, bookings: Bookings, zoom: Zoom, fault: dict[str, Any]
) -> None:
    bench.connect()
    bench.hear(bookings.created())
    bench.work()
    zoom.fault(**fault, on=CHANGE, times=1)
    moved = bookings.moved()
    bench.hear(moved)
    bench.rest()
    [meeting] = zoom.meetings()
    assert meeting["start_time"] == moved.booking.start.strftime("%Y-%m-%dT%H:%M:%SZ")

    zoom.fault(**fault, on=DELETE, times=1)
    bench.hear(bookings.canceled(version=3))
    bench.rest()
    assert zoom.meetings() == []
    assert bench.said()[-1] == "meeting.removed"


def test_a_booking_canceled_while_its_create_is_in_doubt_leaves_no_meeting(
    bench: Bench, bookings: Bookings, zoom: Zoom
) -> None:
    bench.connect()
    zoom.fault("reset", on=CREATE, after=True, times=1)
    bench.hear(bookings.created())
    bench.work()
    assert len(zoom.meetings()) == 1
    bench.hear(bookings.canceled())
    bench.rest()

    assert zoom.meetings() == []
    assert bench.said()[-1] == "meeting.removed"


def test_a_booking_moved_while_its_create_is_in_doubt_moves_the_meeting_that_was_made(
    bench: Bench, bookings: Bookings, zoom: Zoom
) -> None:
    bench.connect()
    zoom.fault("reset", on=CREATE, after=True, times=1)
    bench.hear(bookings.created())
    bench.work()
    [before] = zoom.meetings()
    moved = bookings.moved(hours=500)
    bench.hear(moved)
    bench.rest()

    [after] = zoom.meetings()
    assert after["id"] == before["id"]
    assert after["start_time"] == moved.booking.start.strftime("%Y-%m-%dT%H:%M:%SZ")
    [ready] = of(bench, MeetingReady)
    assert ready.booking_version == 2


def test_without_leave_to_look_it_waits_then_makes_another_and_says_so(
    bench: Bench, bookings: Bookings, zoom: Zoom, clock: Clock
) -> None:
    needed = ["user:read:user", "meeting:write:meeting", "meeting:update:meeting", "meeting:delete:meeting"]
    zoom.fault("scopes", granted=needed)
    bench.connect()
    zoom.fault("reset", on=CREATE, after=True, times=1)
    begun = clock()
    bench.hear(bookings.created())
    bench.rest()

    assert clock() - begun > timedelta(minutes=1.5)
    assert "stray" in of(bench, MeetingDelayed)[-1].reason
    [ready] = of(bench, MeetingReady)
    assert "stray" in (ready.note or "")
    assert zoom.calls("create_meeting") == 2


def test_an_outage_is_told_of_at_once_and_healed_nearest_first(
    bench: Bench, bookings: Bookings, zoom: Zoom, clock: Clock
) -> None:
    bench.connect()
    zoom.fault("status", status=503)
    bench.hear(*(bookings.created(f"b{number:02}", hours=200 - number) for number in range(10)))
    bench.work()
    assert len(of(bench, MeetingDelayed)) == 10, "each booking's page can say so"
    for _ in range(60):
        clock.turn(10)
        bench.work()
    tried = zoom.calls("create_meeting")
    assert tried < 60, "one meeting asks whether Zoom is back, not all of them"
    assert len(of(bench, MeetingDelayed)) <= 10 * 5, "a wait that goes on is told of now and then"

    zoom.mend()
    healed = clock()
    bench.rest(seconds=60)
    assert clock() - healed < timedelta(seconds=60)
    assert len(zoom.meetings()) == 10
    ready = [event.booking_id for event in of(bench, MeetingReady)]
    assert ready[1:] == sorted(ready[1:], reverse=True), "all but the one that asked come nearest first"


def test_a_meeting_that_alone_fails_does_not_hold_up_the_others(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    bench.hear(bookings.created("b1", hours=24))
    bench.work()
    zoom.fault("status", status=500, on=CHANGE)
    bench.hear(bookings.moved("b1", hours=30), bookings.created("b2", hours=40), bookings.created("b3", hours=50))
    for _ in range(30):
        bench.clock.turn(1)
        bench.work()

    assert {event.booking_id for event in of(bench, MeetingReady)} == {"b1", "b2", "b3"}
    assert bench.seat("b1").said == "delayed"


@pytest.mark.parametrize(
    ("form", "code"), [("seconds", 429), ("date", 429), ("iso", 429), ("none", 429), ("none", 4001)]
)
def test_a_limit_per_second_is_waited_out(bench: Bench, bookings: Bookings, zoom: Zoom, form: str, code: int) -> None:
    clock = bench.clock
    bench.connect()
    zoom.fault("rate_limit", kind="per_second", retry_after=form, code=code, times=2)
    begun = clock()
    bench.hear(bookings.created())
    bench.rest(seconds=30)

    assert clock() - begun < timedelta(seconds=20)
    assert len(zoom.meetings()) == 1
    assert zoom.calls("list_meetings") == 0, "nothing was done, so there is nothing to look for"
    assert of(bench, MeetingDelayed) == [], "a moment's wait is nobody's news"


@pytest.mark.parametrize("form", ["seconds", "date", "iso", "none"])
@pytest.mark.parametrize("kind", ["daily", "user_daily"])
def test_a_daily_limit_parks_the_host_until_midnight_utc(
    bench: Bench, bookings: Bookings, zoom: Zoom, kind: str, form: str
) -> None:
    clock = bench.clock
    bench.connect()
    zoom.fault("rate_limit", kind=kind, retry_after=form, times=1)
    bench.hear(bookings.created("b1", hours=44), bookings.created("b2", hours=40), bookings.created("b3", hours=50))
    bench.work()

    now = clock()
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    assert zoom.calls("create_meeting") == 1, "the others wait without asking"
    delayed = of(bench, MeetingDelayed)
    assert len(delayed) == 3
    assert all(midnight <= event.next_attempt_at <= midnight + timedelta(minutes=3) for event in delayed)
    clock.turn((midnight - now).total_seconds() + 180)
    bench.work()
    assert [event.booking_id for event in of(bench, MeetingReady)] == ["b2", "b1", "b3"]


def test_the_old_status_of_the_daily_limit_is_known(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    zoom.fault("rate_limit", kind="user_daily", code=300, times=1)
    bench.hear(bookings.created())
    bench.work()

    [delayed] = of(bench, MeetingDelayed)
    assert "00:00 UTC" in delayed.reason


def test_a_cancel_goes_through_while_creates_are_parked(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    bench.hear(bookings.created("b1"))
    bench.work()
    zoom.fault("rate_limit", kind="user_daily")
    bench.hear(bookings.created("b2"))
    bench.work()
    bench.hear(bookings.canceled("b1"))
    bench.work()

    assert zoom.meetings() == []
    assert bench.said()[-1] == "meeting.removed"


def test_one_hosts_limit_is_not_anothers(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect("h1", "one@zoom.example")
    bench.connect("h2", "two@zoom.example")
    zoom.fault("rate_limit", kind="daily", user="one@zoom.example")
    bench.hear(bookings.created("b1", hours=20), bookings.created("b2", host_id="h2", hours=30))
    bench.work()

    assert [event.booking_id for event in of(bench, MeetingReady)] == ["b2"]


def test_a_host_whose_zoom_hangs_holds_up_nobody_else(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect("h1", "one@zoom.example")
    bench.connect("h2", "two@zoom.example")
    zoom.fault("hang", user="one@zoom.example", seconds=30)
    stop = Flag()
    workers = [bench.reconciler() for _ in range(2)]
    threads = [Thread(target=until, args=(stop, worker.step)) for worker in workers]
    bench.hear(*(bookings.created(f"slow-{n}", hours=20 + n) for n in range(5)))
    for thread in threads:
        thread.start()
    try:
        eventually(lambda: zoom.calls("create_meeting") >= 1)
        began = datetime.now(UTC)
        bench.hear(*(bookings.created(f"quick-{n}", host_id="h2", hours=100 + n) for n in range(5)))
        eventually(lambda: len(of(bench, MeetingReady)) == 5)
        assert datetime.now(UTC) - began < timedelta(seconds=3)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def until(stop: Flag, step: Any) -> None:
    while not stop.is_set():
        if not step():
            stop.wait(0.01)


def refusal(status: int, code: int) -> dict[str, Any]:
    return {"fault": "status", "status": status, "body": {"code": code, "message": "No."}, "on": CREATE}


@pytest.mark.parametrize(
    ("status", "code"), [(400, 3161), (400, 300), (400, 200), (403, 200), (400, 3000), (403, 1234)]
)
def test_what_zoom_refuses_for_good_is_told_once_and_not_asked_again(
    bench: Bench, bookings: Bookings, zoom: Zoom, status: int, code: int
) -> None:
    bench.connect()
    zoom.fault(**refusal(status, code))
    bench.hear(bookings.created())
    bench.work()
    bench.clock.turn(3600)
    bench.work()

    [failed] = of(bench, MeetingFailed)
    assert failed.code == f"zoom_{code}"
    assert failed.reason.endswith(".")
    assert zoom.calls("create_meeting") == 1


@pytest.mark.parametrize(("status", "code"), [(400, 4711), (404, 1001)])
def test_what_only_a_new_consent_mends_asks_for_one(
    bench: Bench, bookings: Bookings, zoom: Zoom, status: int, code: int
) -> None:
    bench.connect()
    zoom.fault(**refusal(status, code))
    bench.hear(bookings.created("b1"), bookings.created("b2", hours=60))
    bench.work()

    assert bench.connection().status == "needs_reconnect"
    assert len(of(bench, ZoomNeedsReconnect)) == 1
    assert {event.booking_id for event in of(bench, MeetingUnavailable)} == {"b1", "b2"}
    assert zoom.calls("create_meeting") == 1
    assert not bench.waits()
    zoom.mend()
    bench.connect()
    bench.work()
    assert len(zoom.meetings()) == 2


def test_a_scope_error_in_its_other_form_is_known(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    zoom.fault("scope_error_401")
    zoom.fault("scopes", granted=["user:read:user"], existing=True)
    bench.hear(bookings.created())
    bench.work()

    assert bench.connection().status == "needs_reconnect"


def test_another_try_that_fails_alike_is_told_of_again(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    zoom.fault(**refusal(400, 3161))
    bench.hear(bookings.created())
    bench.work()
    with bench.parts.database.write() as tx:
        seats.retry(tx, bench.clock(), host_id="h1", booking_id="b1")
    bench.work()

    assert [event.revision for event in of(bench, MeetingFailed)] == [1, 2]


def test_tokens_that_can_not_be_opened_are_waited_for(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    key = bench.folder / "tokens.key"
    right = key.read_bytes()
    key.write_bytes(b"x" * 32)
    locked = Bench(bench.folder, zoom, bench.clock)
    locked.hear(bookings.created("b1"), bookings.created("b2", hours=60))
    for _ in range(60):
        locked.work()
        bench.clock.turn(5)
    key.write_bytes(right)
    locked.close()

    assert {event.booking_id for event in of(bench, MeetingDelayed)} == {"b1", "b2"}
    assert "store" in of(bench, MeetingDelayed)[0].reason
    assert zoom.calls("create_meeting") == 0
    assert bench.connection().status == "connected"
    bench.clock.turn(15)
    bench.work()
    assert len(zoom.meetings()) == 2


def test_a_meeting_in_progress_is_deleted_later(bench: Bench, bookings: Bookings, zoom: Zoom, clock: Clock) -> None:
    bench.connect()
    bench.hear(bookings.created())
    bench.work()
    body = {"code": 3002, "message": "You cannot delete the meeting since it is in progress."}
    zoom.fault("status", status=400, body=body, on=DELETE, times=1)
    bench.hear(bookings.canceled())
    bench.work()
    assert "in progress" in of(bench, MeetingDelayed)[-1].reason
    clock.turn(301)
    bench.work()

    assert zoom.meetings() == []


def test_a_meeting_that_has_ended_counts_as_deleted(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    bench.hear(bookings.created())
    bench.work()
    zoom.fault("status", status=400, body={"code": 3007, "message": "Ended."}, on=DELETE)
    bench.hear(bookings.canceled())
    bench.work()

    assert bench.said()[-1] == "meeting.removed"


def test_another_try_waits_for_no_park(bench: Bench, bookings: Bookings, zoom: Zoom, clock: Clock) -> None:
    bench.connect()
    zoom.fault("rate_limit", kind="daily")
    bench.hear(bookings.created())
    bench.work()
    zoom.mend()
    bench.work()
    assert zoom.meetings() == []
    with bench.parts.database.write() as tx:
        seats.retry(tx, clock(), host_id="h1", booking_id="b1")
        connections.unpark(tx, "h1")
    bench.work()

    assert len(zoom.meetings()) == 1


def test_what_has_not_had_its_turn_is_told_of_all_the_same(bench: Bench, bookings: Bookings, clock: Clock) -> None:
    bench.connect()
    bench.hear(bookings.created())
    clock.turn(15)
    assert bench.worker.late.step() == 0
    clock.turn(10)
    assert bench.worker.late.step() == 1
    assert bench.worker.late.step() == 0
    [delayed] = of(bench, MeetingDelayed)
    assert "turn" in delayed.reason
    bench.work()
    assert bench.said()[-1] == "meeting.ready"


def test_a_zoom_that_is_not_there_at_all_is_an_outage(
    bench: Bench, bookings: Bookings, zoom: Zoom, clock: Clock
) -> None:
    bench.connect()
    worker = bench.reconciler()
    worker.accounts = replace(bench.parts.access, api_url="http://127.0.0.1:1/v2")
    bench.hear(bookings.created())
    while worker.step():
        pass

    assert len(of(bench, MeetingDelayed)) == 1
    assert bench.row().intent_at is None, "nothing can have been made"
    clock.turn(60)
    bench.work()
    assert zoom.calls("list_meetings") == 0
    assert len(zoom.meetings()) == 1
