"""What a host has not granted: there is another way, and people are told what it costs."""

from typing import Any

import pytest

from integration.zoom_connector.bench import CHANGE, Bench, Bookings, Zoom
from shared.events import Event, MeetingReady, MeetingRemoved, ZoomNeedsReconnect

WRITE = ["user:read:user", "meeting:write:meeting"]
UPDATE, DELETE, READ, LIST = (
    "meeting:update:meeting",
    "meeting:delete:meeting",
    "meeting:read:meeting",
    "meeting:read:list_meetings",
)


def of(bench: Bench, kind: type[Event]) -> list[Any]:
    return [event for event in bench.announced() if isinstance(event, kind)]


def booked(bench: Bench, bookings: Bookings, zoom: Zoom, *granted: str) -> dict[str, Any]:
    zoom.fault("scopes", granted=[*WRITE, *granted])
    bench.connect()
    bench.hear(bookings.created())
    bench.rest()
    [meeting] = zoom.meetings()
    return meeting


def test_without_update_a_reschedule_replaces_the_meeting(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    before = booked(bench, bookings, zoom, DELETE, READ, LIST)
    moved = bookings.moved()
    bench.hear(moved)
    bench.rest()

    [after] = zoom.meetings()
    assert after["id"] != before["id"]
    assert after["start_time"] == moved.booking.start.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert zoom.calls("update_meeting") == 0
    ready = of(bench, MeetingReady)
    assert [(event.replaced, event.booking_version) for event in ready] == [(False, 1), (True, 2)]
    assert ready[1].join_url == after["join_url"]
    assert ready[1].note is None
    bench.overhear()
    bench.rest()
    assert of(bench, MeetingRemoved) == [], "the echo of our own deletion is nothing"


def test_without_update_a_replacement_waits_for_the_quota_before_it_deletes(
    bench: Bench, bookings: Bookings, zoom: Zoom
) -> None:
    booked(bench, bookings, zoom, DELETE)
    zoom.fault("rate_limit", kind="user_daily")
    bench.hear(bookings.created("b2"))
    bench.work()
    bench.hear(bookings.moved())
    bench.work()

    assert len(zoom.meetings()) == 1, "better the old link than none"


def test_without_delete_a_cancel_says_that_the_meeting_remains(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    booked(bench, bookings, zoom, UPDATE)
    bench.hear(bookings.canceled())
    bench.rest()

    assert len(zoom.meetings()) == 1
    assert zoom.calls("delete_meeting") == 0
    [removed] = of(bench, MeetingRemoved)
    assert removed.cause == "canceled"
    assert "remains in Zoom" in removed.note
    zoom.mend()
    bench.connect()
    bench.rest()
    assert zoom.meetings() == [], "granted later, it is deleted then"
    assert [event.note for event in of(bench, MeetingRemoved)][1:] == [None]


def test_with_neither_a_reschedule_leaves_the_old_meeting_and_says_so(
    bench: Bench, bookings: Bookings, zoom: Zoom
) -> None:
    before = booked(bench, bookings, zoom, LIST)
    for version in (2, 3):
        bench.hear(bookings.moved(version=version, hours=48 + version))
        bench.rest()

    assert len(zoom.meetings()) == 3
    ready = of(bench, MeetingReady)
    assert len({event.join_url for event in ready}) == 3
    assert [event.replaced for event in ready] == [False, True, True]
    assert all("remains in Zoom" in event.note for event in ready[1:])
    zoom.fault("reset", on="POST /v2/users/me/meetings", after=True, times=1)
    bench.hear(bookings.moved(version=4, hours=53))
    bench.rest()
    assert len(zoom.meetings()) == 4, "the look does not take what was left behind for the new one"
    assert of(bench, MeetingReady)[-1].join_url not in {before["join_url"], ready[1].join_url, ready[2].join_url}


@pytest.mark.parametrize("form", ["400/4711", "401/4700"])
def test_zoom_denies_an_update_that_it_had_granted(bench: Bench, bookings: Bookings, zoom: Zoom, form: str) -> None:
    booked(bench, bookings, zoom, UPDATE, DELETE)
    if form == "401/4700":
        zoom.fault("scope_error_401")
    zoom.fault("scopes", granted=[*WRITE, DELETE], existing=True)
    bench.hear(bookings.moved())
    bench.rest()

    assert of(bench, MeetingReady)[-1].replaced is True
    assert of(bench, ZoomNeedsReconnect) == []
    assert UPDATE not in bench.connection().scopes.split(), "the connection's page says what is missing"


def test_zoom_denies_a_deletion_that_it_had_granted(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    booked(bench, bookings, zoom, UPDATE, DELETE)
    zoom.fault("scopes", granted=[*WRITE, UPDATE], existing=True)
    bench.hear(bookings.canceled())
    bench.rest()

    assert "remains in Zoom" in of(bench, MeetingRemoved)[-1].note
    assert bench.connection().status == "connected"


def test_an_update_denied_without_a_word_on_what_was_granted_asks_for_a_new_consent(
    bench: Bench, bookings: Bookings, zoom: Zoom
) -> None:
    booked(bench, bookings, zoom, UPDATE, DELETE)
    zoom.fault("status", status=400, body={"code": 4711, "message": "does not contain scopes"}, on=CHANGE)
    zoom.fault("scopes", granted=["user:read", "meeting:write"])
    bench.connect()
    bench.hear(bookings.moved())
    bench.rest()

    assert bench.connection().status == "needs_reconnect"
    [asked] = of(bench, ZoomNeedsReconnect)
    assert "permission is missing" in asked.reason


def test_a_meeting_of_another_zoom_account_is_left_there_and_made_anew(
    bench: Bench, bookings: Bookings, zoom: Zoom
) -> None:
    booked(bench, bookings, zoom, UPDATE, DELETE)
    bench.connect(email="another@zoom.example")
    bench.hear(bookings.moved())
    bench.rest()

    assert len(zoom.meetings()) == 2
    ready = of(bench, MeetingReady)[-1]
    assert ready.replaced is True
    assert "another Zoom account" in ready.note


def test_only_the_named_fields_are_ever_sent(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    booked(bench, bookings, zoom, UPDATE, DELETE)
    bench.hear(bookings.moved())
    bench.rest()

    [create] = zoom.sent("create_meeting")
    assert set(create) == {"topic", "agenda", "type", "start_time", "duration", "timezone", "settings"}
    assert create["type"] == 2
    assert create["settings"] == {"use_pmi": False}
    assert create["agenda"].startswith("[punctual:b1]")
    [change] = zoom.sent("update_meeting")
    assert set(change) == {"start_time", "duration", "timezone"}
