"""What a host does to a meeting in Zoom itself: noticed, told, put back or accepted; our own echoes are nothing."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from integration.zoom_connector.bench import Bench, Bookings, Clock, Zoom
from shared.events import Event, MeetingMoved, MeetingReady, MeetingRemoved
from zoom_connector.storage import hosts, seats

READING = ["meeting:read:list_meetings", "meeting:read:meeting"]
WRITING = ["user:read:user", "meeting:write:meeting", "meeting:update:meeting", "meeting:delete:meeting"]


def of(bench: Bench, kind: type[Event]) -> list[Any]:
    return [event for event in bench.announced() if isinstance(event, kind)]


def made(bench: Bench, bookings: Bookings, zoom: Zoom, *, granted: list[str] | None = None) -> dict[str, Any]:
    """Give a booking's meeting, all of whose webhooks were heard."""
    if granted is not None:
        zoom.fault("scopes", granted=granted)
    bench.connect()
    bench.hear(bookings.created())
    bench.work()
    bench.overhear()
    bench.work()
    [meeting] = zoom.meetings()
    return meeting


def start_of(bench: Bench) -> datetime:
    start: datetime = bench.row().start_at
    return start


def retry(bench: Bench) -> None:
    with bench.parts.database.write() as tx:
        assert seats.retry(tx, bench.clock(), host_id="h1", booking_id="b1")
    bench.rest()


def accept(bench: Bench) -> bool | None:
    with bench.parts.database.write() as tx:
        accepted = seats.accept(tx, bench.clock(), host_id="h1", booking_id="b1")
    bench.rest()
    return accepted


@pytest.fixture(params=["asks", "believes"])
def granted(request: pytest.FixtureRequest) -> list[str]:
    """With leave to read, Zoom is asked after each hint; without, the hint is believed."""
    return WRITING + (READING if request.param == "asks" else [])


def test_a_move_is_told_with_the_new_time_and_the_link_stays(
    bench: Bench, bookings: Bookings, zoom: Zoom, granted: list[str]
) -> None:
    meeting = made(bench, bookings, zoom, granted=granted)
    start = start_of(bench) + timedelta(hours=3)
    zoom.move(meeting["id"], start)
    bench.overhear()
    bench.rest()

    [moved] = of(bench, MeetingMoved)
    assert (moved.start, moved.end) == (start, start + timedelta(minutes=30))
    assert (moved.booking_version, moved.revision) == (1, 2)
    assert zoom.calls("update_meeting") == 0, "nobody puts it back unasked"


def test_a_deletion_is_told(bench: Bench, bookings: Bookings, zoom: Zoom, granted: list[str]) -> None:
    meeting = made(bench, bookings, zoom, granted=granted)
    zoom.delete(meeting["id"])
    bench.overhear()
    bench.rest()

    [removed] = of(bench, MeetingRemoved)
    assert (removed.cause, removed.booking_version, removed.revision) == ("deleted_in_zoom", 1, 2)
    assert zoom.calls("create_meeting") == 1, "nobody makes another unasked"


def test_the_echoes_of_our_own_changes_are_nothing(
    bench: Bench, bookings: Bookings, zoom: Zoom, granted: list[str]
) -> None:
    made(bench, bookings, zoom, granted=granted)
    bench.hear(bookings.moved())
    bench.work()
    assert bench.overhear() == 1
    bench.hear(bookings.moved(version=3, hours=100))
    bench.work()
    bench.hear(bookings.canceled(version=4))
    bench.work()
    bench.overhear()
    bench.rest()

    assert bench.said() == ["zoom.connected", "meeting.ready", "meeting.ready", "meeting.ready", "meeting.removed"]
    assert zoom.calls("read_meeting") == 0, "an echo costs no call"


def test_an_old_echo_that_comes_after_a_newer_change_of_ours_is_nothing(
    bench: Bench, bookings: Bookings, zoom: Zoom, clock: Clock, granted: list[str]
) -> None:
    made(bench, bookings, zoom, granted=granted)
    bench.hear(bookings.moved())
    bench.work()
    clock.turn(60)
    bench.hear(bookings.moved(version=3, hours=100))
    bench.work()
    bench.overhear()
    bench.rest()

    assert of(bench, MeetingMoved) == []


def test_webhooks_told_twice_and_in_any_order_end_the_same(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    meeting = made(bench, bookings, zoom)
    zoom.fault("webhooks", duplicates=2)
    for hours in (1, 2, 5):
        zoom.move(meeting["id"], start_of(bench) + timedelta(hours=hours))
    # The last that is heard was the first that happened.
    for told in sorted(zoom.webhooks(), key=lambda one: -one["id"]):
        bench.overheard |= {one["id"] for one in zoom.webhooks()} - {told["id"]}
        bench.overheard.discard(told["id"])
        bench.overhear()
        bench.rest()

    assert [event.start for event in of(bench, MeetingMoved)] == [start_of(bench) + timedelta(hours=5)]


def test_a_change_of_topic_or_length_is_the_hosts_own(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    meeting = made(bench, bookings, zoom)
    zoom.change(meeting["id"], topic="Another topic", duration=45)
    bench.overhear()
    bench.rest()
    bench.hear(bookings.moved())
    bench.rest()

    assert of(bench, MeetingMoved) == []
    [after] = zoom.meetings()
    assert after["topic"] == "Another topic", "a reschedule sends the time and leaves the words alone"
    [body] = zoom.sent("update_meeting")
    assert set(body) == {"start_time", "duration", "timezone"}


def test_another_try_puts_a_moved_meeting_back(
    bench: Bench, bookings: Bookings, zoom: Zoom, granted: list[str]
) -> None:
    meeting = made(bench, bookings, zoom, granted=granted)
    zoom.move(meeting["id"], start_of(bench) + timedelta(hours=3))
    bench.overhear()
    bench.rest()
    retry(bench)
    bench.overhear()
    bench.rest()

    [after] = zoom.meetings()
    assert (after["id"], after["start_time"]) == (meeting["id"], meeting["start_time"])
    assert bench.said()[-2:] == ["meeting.moved", "meeting.ready"]
    ready = bench.announced()[-1]
    assert isinstance(ready, MeetingReady)
    assert ready.replaced is False


def test_another_try_makes_a_deleted_meeting_anew_and_says_that_the_link_changed(
    bench: Bench, bookings: Bookings, zoom: Zoom, granted: list[str]
) -> None:
    meeting = made(bench, bookings, zoom, granted=granted)
    zoom.delete(meeting["id"])
    bench.overhear()
    bench.rest()
    retry(bench)
    bench.overhear()
    bench.rest()

    [after] = zoom.meetings()
    assert after["id"] != meeting["id"]
    ready = bench.announced()[-1]
    assert isinstance(ready, MeetingReady)
    assert (ready.join_url, ready.replaced) == (after["join_url"], True)


def test_another_try_undoes_also_what_nobody_has_told_of(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    meeting = made(bench, bookings, zoom)
    zoom.move(meeting["id"], start_of(bench) + timedelta(hours=3))
    retry(bench)
    assert zoom.meetings()[0]["start_time"] == meeting["start_time"]
    zoom.delete(meeting["id"])
    retry(bench)

    assert len(zoom.meetings()) == 1
    assert of(bench, MeetingMoved) == []


def test_a_deletion_can_be_accepted_once(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    meeting = made(bench, bookings, zoom)
    assert accept(bench) is False
    zoom.delete(meeting["id"])
    bench.overhear()
    bench.rest()
    assert accept(bench) is True
    assert accept(bench) is True

    assert [event.cause for event in of(bench, MeetingRemoved)] == ["deleted_in_zoom", "accepted"]
    assert zoom.meetings() == []


def test_a_move_is_accepted_by_a_reschedule_to_its_time_which_changes_nothing_in_zoom(
    bench: Bench, bookings: Bookings, zoom: Zoom, granted: list[str]
) -> None:
    meeting = made(bench, bookings, zoom, granted=granted)
    start = start_of(bench) + timedelta(hours=3)
    zoom.move(meeting["id"], start)
    bench.overhear()
    bench.rest()
    bench.hear(bookings.moved(start=start, end=start + timedelta(minutes=30)))
    bench.rest()

    assert zoom.calls("update_meeting") == 0
    ready = bench.announced()[-1]
    assert isinstance(ready, MeetingReady)
    assert (ready.booking_version, ready.join_url, ready.replaced) == (2, meeting["join_url"], False)


def test_a_reschedule_elsewhere_ends_what_the_host_did(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    meeting = made(bench, bookings, zoom)
    zoom.move(meeting["id"], start_of(bench) + timedelta(hours=3))
    bench.overhear()
    bench.rest()
    moved = bookings.moved(hours=200)
    bench.hear(moved)
    bench.rest()
    assert zoom.meetings()[0]["start_time"] == moved.booking.start.strftime("%Y-%m-%dT%H:%M:%SZ")
    zoom.delete(meeting["id"])
    bench.overhear()
    bench.rest()
    bench.hear(bookings.moved(version=3, hours=220))
    bench.rest()

    assert len(zoom.meetings()) == 1
    assert bench.said()[-1] == "meeting.ready"


def test_a_meeting_taken_out_of_the_trash_is_ready_again(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    meeting = made(bench, bookings, zoom)
    zoom.delete(meeting["id"])
    bench.overhear()
    bench.rest()
    zoom.act(meeting["id"], "recover")
    bench.overhear()
    bench.rest()

    ready = bench.announced()[-1]
    assert isinstance(ready, MeetingReady)
    assert (ready.join_url, ready.replaced) == (meeting["join_url"], False)


def test_a_meeting_put_back_by_the_host_is_as_it_was(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    meeting = made(bench, bookings, zoom)
    for hours in (3, 0):
        zoom.move(meeting["id"], start_of(bench) + timedelta(hours=hours))
        bench.overhear()
        bench.rest()

    assert bench.said()[-3:] == ["meeting.ready", "meeting.moved", "meeting.ready"]


def test_a_cancel_deletes_a_moved_meeting_and_asks_nothing_of_a_deleted_one(
    bench: Bench, bookings: Bookings, zoom: Zoom
) -> None:
    meeting = made(bench, bookings, zoom)
    zoom.move(meeting["id"], start_of(bench) + timedelta(hours=3))
    bench.overhear()
    bench.rest()
    bench.hear(bookings.canceled())
    bench.rest()
    assert zoom.meetings() == []
    bench.hear(bookings.created("b2", hours=60))
    bench.rest()
    zoom.delete(zoom.meetings()[0]["id"])
    bench.overhear()
    bench.rest()
    deletes = zoom.calls("delete_meeting")
    bench.hear(bookings.canceled("b2", hours=60))
    bench.rest()

    assert zoom.calls("delete_meeting") == deletes
    assert [event.cause for event in of(bench, MeetingRemoved)] == ["canceled", "deleted_in_zoom", "canceled"]


def test_while_zoom_fails_nothing_is_said_about_a_meeting_that_is_looked_at(
    bench: Bench, bookings: Bookings, zoom: Zoom
) -> None:
    meeting = made(bench, bookings, zoom)
    zoom.move(meeting["id"], start_of(bench) + timedelta(hours=3))
    bench.overhear()
    zoom.fault("status", status=503)
    for _ in range(20):
        bench.work()
        bench.clock.turn(5)
    assert bench.said() == ["zoom.connected", "meeting.ready"]
    zoom.mend()
    bench.rest()

    assert bench.said()[-1] == "meeting.moved"


def test_a_stranger_to_us_or_a_meeting_that_is_over_changes_nothing(
    bench: Bench, bookings: Bookings, zoom: Zoom, clock: Clock
) -> None:
    meeting = made(bench, bookings, zoom)
    bench.told("meeting.deleted", {"id": 12345678901})
    bench.told("meeting.deleted", {"id": "not a number"})
    clock.turn(49 * 3600)
    bench.told("meeting.deleted", {"id": meeting["id"]})
    bench.rest()

    assert bench.said() == ["zoom.connected", "meeting.ready"]


LOOKING = [[*WRITING, *READING], [*WRITING, READING[0]], [*WRITING, READING[1]]]


@pytest.mark.parametrize("granted", LOOKING, ids=["list and read", "list", "read"])
def test_a_look_finds_what_no_webhook_told(bench: Bench, bookings: Bookings, zoom: Zoom, granted: list[str]) -> None:
    zoom.fault("scopes", granted=granted)
    bench.connect()
    bench.hear(*(bookings.created(f"b{n}", hours=40 + n) for n in range(4)))
    bench.rest()
    by_booking = {meeting["agenda"].split("]")[0].rpartition(":")[2]: meeting for meeting in zoom.meetings()}
    zoom.delete(by_booking["b1"]["id"])
    zoom.move(by_booking["b2"]["id"], bench.row("b2").start_at + timedelta(days=30))
    with bench.parts.database.write() as tx:
        hosts.order_look(tx, "h1", bench.clock())
    assert bench.worker.looking.step() == 1
    bench.rest()

    assert [event.booking_id for event in of(bench, MeetingRemoved)] == ["b1"]
    assert [event.booking_id for event in of(bench, MeetingMoved)] == ["b2"]
    reads = 0 if READING[1] not in granted else 2 if READING[0] in granted else 4
    assert zoom.calls("read_meeting") == reads, "a list costs one call for all of them"


@pytest.mark.parametrize("granted", LOOKING, ids=["list and read", "list", "read"])
def test_the_meetings_of_an_account_that_was_connected_before_are_not_taken_for_deleted(
    bench: Bench, bookings: Bookings, zoom: Zoom, granted: list[str]
) -> None:
    zoom.fault("scopes", granted=granted)
    bench.connect()
    bench.hear(*(bookings.created(f"b{n}", hours=40 + n) for n in range(3)))
    bench.rest()
    bench.connect(email="another@zoom.example")
    with bench.parts.database.write() as tx:
        hosts.order_look(tx, "h1", bench.clock())
    bench.worker.looking.step()
    bench.rest()

    assert of(bench, MeetingRemoved) == []
    assert of(bench, MeetingMoved) == []


def test_every_host_is_looked_after_once_a_night(bench: Bench, bookings: Bookings, zoom: Zoom, clock: Clock) -> None:
    bench.connect("h1", "one@zoom.example")
    bench.connect("h2", "two@zoom.example")
    bench.hear(bookings.created("b1", hours=200), bookings.created("b2", host_id="h2", hours=201))
    bench.rest()
    assert bench.worker.looking.step() == 0
    looked = []
    for _ in range(48):
        clock.turn(1800)
        while bench.worker.looking.step():
            looked.append(clock())
    assert zoom.calls("list_meetings") == 2
    assert all(1 <= moment.hour < 6 for moment in looked)

    assert hosts.next_night("h1", clock()) != hosts.next_night("h2", clock())


def test_a_look_that_zoom_does_not_answer_is_repeated(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    made(bench, bookings, zoom)
    zoom.fault("status", status=503, times=2)
    with bench.parts.database.write() as tx:
        hosts.order_look(tx, "h1", bench.clock())
    for _ in range(3):
        assert bench.worker.looking.step() == 1
        bench.clock.turn(300)

    assert bench.worker.looking.step() == 0
    assert bench.said() == ["zoom.connected", "meeting.ready"]
