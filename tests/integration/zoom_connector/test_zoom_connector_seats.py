"""Group sessions: the bookings of one occupancy share one meeting, from the first seat to the last."""

from typing import Any

import pytest

from integration.zoom_connector.bench import CREATE, Bench, Bookings, Zoom
from shared.events import (
    BookingCreated,
    Event,
    MeetingDelayed,
    MeetingMoved,
    MeetingReady,
    MeetingRemoved,
    MeetingUnavailable,
)


def of(bench: Bench, kind: type[Event]) -> dict[str, Any]:
    """Give the last event of a kind for each booking."""
    return {event.booking_id: event for event in bench.announced() if isinstance(event, kind)}  # type: ignore[attr-defined]


def seat(bookings: Bookings, number: int, occupancy: str = "o1", *, hours: float = 48) -> BookingCreated:
    return bookings.created(f"b{number}", hours=hours, occupancy_id=occupancy)


def test_seats_share_one_meeting_that_names_no_client(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    for number in (1, 2, 3):
        bench.hear(seat(bookings, number))
        bench.work()

    [meeting] = zoom.meetings()
    assert zoom.calls("create_meeting") == 1
    assert meeting["agenda"].startswith("[punctual:o1]")
    assert meeting["topic"] == "Introduction"
    ready = of(bench, MeetingReady)
    assert {event.join_url for event in ready.values()} == {meeting["join_url"]}
    assert {(booking, event.booking_version, event.revision) for booking, event in ready.items()} == {
        ("b1", 1, 1),
        ("b2", 1, 1),
        ("b3", 1, 1),
    }
    assert bench.said().count("meeting.ready") == 3, "who has the link is not told again because somebody else came"


def test_the_meeting_stays_while_one_live_seat_is_left(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    bench.hear(seat(bookings, 1), seat(bookings, 2))
    bench.work()
    bench.hear(bookings.canceled("b1", occupancy_id="o1"))
    bench.work()

    assert len(zoom.meetings()) == 1
    assert {(event.booking_id, event.cause) for event in of(bench, MeetingRemoved).values()} == {("b1", "canceled")}
    bench.hear(bookings.canceled("b2"))
    bench.work()
    assert zoom.meetings() == []
    assert set(of(bench, MeetingRemoved)) == {"b1", "b2"}
    assert bench.said().count("meeting.removed") == 2


def test_a_seat_that_moves_changes_meetings(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    bench.hear(seat(bookings, 1), seat(bookings, 2), seat(bookings, 3, "o2", hours=72))
    bench.work()
    by_key = {meeting["agenda"].split("]")[0]: meeting for meeting in zoom.meetings()}
    bench.hear(bookings.moved("b1", occupancy_id="o2", hours=72))
    bench.work()

    assert len(zoom.meetings()) == 2
    ready = of(bench, MeetingReady)
    assert (ready["b1"].join_url, ready["b1"].booking_version) == (by_key["[punctual:o2"]["join_url"], 2)
    assert ready["b1"].replaced is True
    assert ready["b2"].join_url == by_key["[punctual:o1"]["join_url"]
    bench.hear(bookings.moved("b2", occupancy_id="o2", hours=72))
    bench.work()
    assert [meeting["id"] for meeting in zoom.meetings()] == [by_key["[punctual:o2"]["id"]]
    assert [row.id for row in bench.rows()] == ["o2"], "an empty meeting is forgotten"


def test_a_booking_that_becomes_a_seat_leaves_its_own_meeting(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    bench.hear(bookings.created("b1"))
    bench.work()
    bench.hear(bookings.moved("b1", occupancy_id="o1"))
    bench.work()

    [meeting] = zoom.meetings()
    assert meeting["agenda"].startswith("[punctual:o1]")
    assert of(bench, MeetingReady)["b1"].replaced is True


@pytest.mark.parametrize("fault", ["reset", "unreadable"])
def test_a_lost_answer_is_looked_for_by_the_shared_marker(
    bench: Bench, bookings: Bookings, zoom: Zoom, fault: str
) -> None:
    bench.connect()
    zoom.fault(fault, on=CREATE, after=True, times=1)
    bench.hear(seat(bookings, 1))
    bench.work()
    bench.hear(seat(bookings, 2))
    bench.rest()

    assert zoom.calls("create_meeting") == 1
    assert set(of(bench, MeetingReady)) == {"b1", "b2"}
    assert of(bench, MeetingDelayed)["b1"].booking_version == 1


def test_a_canceled_seat_hears_nothing_of_what_becomes_of_the_others(
    bench: Bench, bookings: Bookings, zoom: Zoom
) -> None:
    bench.hear(seat(bookings, 1), seat(bookings, 2))
    bench.work()
    bench.hear(bookings.canceled("b1"))
    bench.work()
    assert of(bench, MeetingRemoved)["b1"].booking_version == 2
    bench.connect()
    zoom.fault("status", status=503)
    bench.work()
    bench.hear(bookings.canceled("b2"))
    bench.work()
    zoom.mend()
    bench.rest()

    told = [event for event in bench.announced() if getattr(event, "booking_id", None) == "b1"]
    assert [type(event) for event in told] == [MeetingUnavailable, MeetingRemoved]
    assert zoom.meetings() == []


def test_the_seats_events_in_any_order_end_the_same(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    events = [
        seat(bookings, 1),
        bookings.moved("b1", 2, occupancy_id="o2", hours=72),
        seat(bookings, 2),
        bookings.canceled("b2", 2),
        seat(bookings, 3, "o2", hours=72),
    ]
    for event in (*reversed(events), *events):
        bench.hear(event)
        bench.work()

    [meeting] = zoom.meetings()
    assert meeting["agenda"].startswith("[punctual:o2]")
    assert zoom.calls("create_meeting") == 1


def test_what_the_host_did_to_a_shared_meeting_is_told_to_every_seat(
    bench: Bench, bookings: Bookings, zoom: Zoom
) -> None:
    bench.connect()
    bench.hear(seat(bookings, 1), seat(bookings, 2))
    bench.work()
    zoom.change(zoom.meetings()[0]["id"], start=bench.row("o1").start_at.isoformat().replace("T0", "T1"))
    zoom.move(zoom.meetings()[0]["id"], bench.row("o1").start_at.replace(minute=30))
    bench.overhear()
    bench.rest()
    assert set(of(bench, MeetingMoved)) == {"b1", "b2"}
    bench.hear(seat(bookings, 3))
    bench.rest()

    told = [event.type for event in bench.announced() if getattr(event, "booking_id", None) == "b3"]
    assert told == ["meeting.ready", "meeting.moved"], "who comes later gets the link and is told as well"
    assert zoom.calls("update_meeting") == 0
