"""The way of a meeting at a Zoom that works: made, moved, deleted, in whatever order the events come."""

from datetime import timedelta

from integration.zoom_connector.bench import Bench, Bookings, Clock, Zoom
from shared.events import LocationFacts, MeetingReady, MeetingRemoved, MeetingUnavailable, ZoomLinksWaiting


def test_a_booking_gets_its_meeting_and_the_link_is_announced(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    booked = bookings.created()
    bench.hear(booked)
    bench.work()

    [meeting] = zoom.meetings()
    assert meeting["topic"] == "Introduction: Jörg Müller"
    assert meeting["start_time"] == booked.booking.start.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (meeting["duration"], meeting["timezone"], meeting["type"]) == (30, "Europe/London", 2)
    assert meeting["agenda"].startswith("[punctual:b1]")
    ready = bench.announced()[-1]
    assert isinstance(ready, MeetingReady)
    assert (ready.booking_id, ready.host_id, ready.booking_version) == ("b1", "h1", 1)
    assert (ready.join_url, ready.passcode, ready.note) == (meeting["join_url"], meeting["password"], None)


def test_only_use_pmi_is_said_about_the_settings(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    zoom.fault("pmi_by_default")
    bench.hear(bookings.created())
    bench.work()

    [meeting] = zoom.meetings()
    assert meeting["settings"]["use_pmi"] is False
    assert str(meeting["id"]) in meeting["join_url"]
    assert meeting["settings"]["waiting_room"] is True


def test_a_booking_elsewhere_than_at_zoom_is_none_of_ours(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    bench.hear(bookings.created(location=LocationFacts(kind="video", provider="custom", detail="https://x.example")))
    bench.hear(bookings.created("b2", location=LocationFacts(kind="phone", detail="+44")))
    bench.work()

    assert bench.rows() == []
    assert zoom.meetings() == []


def test_a_reschedule_moves_the_same_meeting(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    bench.hear(bookings.created())
    bench.work()
    [before] = zoom.meetings()
    moved = bookings.moved(hours=90)
    bench.hear(moved)
    bench.work()

    [after] = zoom.meetings()
    assert after["id"] == before["id"]
    assert after["start_time"] == moved.booking.start.strftime("%Y-%m-%dT%H:%M:%SZ")
    ready = [event for event in bench.announced() if isinstance(event, MeetingReady)]
    assert [(event.booking_version, event.revision) for event in ready] == [(1, 1), (2, 2)]
    assert ready[1].join_url == before["join_url"]


def test_a_cancel_deletes_the_meeting(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    bench.hear(bookings.created())
    bench.work()
    bench.hear(bookings.canceled())
    bench.work()

    assert zoom.meetings() == []
    removed = bench.announced()[-1]
    assert isinstance(removed, MeetingRemoved)
    assert (removed.cause, removed.booking_version) == ("canceled", 2)


def test_a_cancel_that_comes_first_means_that_nothing_is_ever_made(
    bench: Bench, bookings: Bookings, zoom: Zoom
) -> None:
    bench.connect()
    bench.hear(bookings.canceled(version=3), bookings.created(), bookings.moved(version=2))
    bench.work()

    assert zoom.calls("create_meeting") == 0
    assert bench.said() == ["zoom.connected", "meeting.removed"]


def test_repeated_and_reordered_events_change_nothing(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    created, moved = bookings.created(), bookings.moved(hours=100)
    for _ in range(3):
        bench.hear(moved, created, created)
        bench.work()

    assert zoom.calls("create_meeting") == 1
    assert zoom.calls("update_meeting") == 0
    assert bench.said() == ["zoom.connected", "meeting.ready"]


def test_a_meeting_that_was_deleted_at_zoom_is_made_anew_on_a_reschedule(
    bench: Bench, bookings: Bookings, zoom: Zoom
) -> None:
    bench.connect()
    bench.hear(bookings.created())
    bench.work()
    account = bench.parts.access("h1")
    account.delete(zoom.meetings()[0]["id"])
    bench.hear(bookings.moved())
    bench.work()

    [meeting] = zoom.meetings()
    ready = bench.announced()[-1]
    assert isinstance(ready, MeetingReady)
    assert ready.join_url == meeting["join_url"]


def test_a_meeting_that_is_gone_already_counts_as_deleted(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    zoom.fault("missing_meeting_300")
    bench.hear(bookings.created())
    bench.work()
    bench.parts.access("h1").delete(zoom.meetings()[0]["id"])
    bench.hear(bookings.canceled())
    bench.work()

    assert bench.said()[-1] == "meeting.removed"


def test_no_meeting_is_made_for_what_is_over(bench: Bench, bookings: Bookings, zoom: Zoom, clock: Clock) -> None:
    bench.connect()
    start = clock() - timedelta(hours=2)
    bench.hear(bookings.created(start=start, end=start + timedelta(hours=1)))
    bench.work()

    assert zoom.calls("create_meeting") == 0
    assert bench.said()[-1] == "meeting.failed"


def test_a_session_that_has_begun_still_gets_its_meeting(
    bench: Bench, bookings: Bookings, zoom: Zoom, clock: Clock
) -> None:
    bench.connect()
    start = clock() - timedelta(minutes=5)
    bench.hear(bookings.created(start=start, end=start + timedelta(minutes=30)))
    bench.work()

    assert len(zoom.meetings()) == 1
    assert bench.said()[-1] == "meeting.ready"
    assert not bench.waits()


def test_long_names_are_cut_to_what_zoom_takes(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    long = bookings.facts()
    title = long.session_type.model_copy(update={"title": "T" * 190, "description": "D" * 5000})
    client = long.client.model_copy(update={"name": "Ann\tB\x00ob " * 20})
    bench.hear(bookings.created(session_type=title, client=client))
    bench.work()

    [meeting] = zoom.meetings()
    assert len(meeting["topic"]) <= 200
    assert "\t" not in meeting["topic"]
    assert len(meeting["agenda"]) <= 2000


def test_without_a_passcode_the_link_alone_is_announced(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    zoom.fault("no_passcode")
    bench.hear(bookings.created())
    bench.work()

    ready = bench.announced()[-1]
    assert isinstance(ready, MeetingReady)
    assert ready.passcode is None


def test_booked_before_connecting_the_link_is_made_on_connecting(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.hear(bookings.created(), bookings.created("b2", hours=24))
    bench.work()
    told = bench.announced()
    assert [event.booking_id for event in told if isinstance(event, MeetingUnavailable)] == ["b2", "b1"]
    assert [event for event in told if isinstance(event, ZoomLinksWaiting)] == [
        ZoomLinksWaiting(host_id="h1", cause="disconnected", waiting=2)
    ]
    assert not bench.waits()

    bench.connect()
    bench.work()

    assert len(zoom.meetings()) == 2
    ready = [event.booking_id for event in bench.announced() if isinstance(event, MeetingReady)]
    assert ready == ["b2", "b1"], "the nearest appointment comes first"
    assert not bench.waits()


def test_the_hosts_start_link_is_kept_nowhere(bench: Bench, bookings: Bookings) -> None:
    bench.connect()
    bench.hear(bookings.created())
    bench.work()
    bench.close()

    for path in bench.folder.iterdir():
        assert b"zak=" not in path.read_bytes(), path.name
        assert b"start_url" not in path.read_bytes(), path.name
