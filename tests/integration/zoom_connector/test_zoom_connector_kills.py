"""A connector killed at any line: no second meeting, none lost, and the rest done by whoever comes next."""

import signal
from threading import Barrier, Thread

import pytest

from integration.zoom_connector import process
from integration.zoom_connector.bench import CREATE, Bench, Bookings, Zoom
from shared import inbox
from shared.bus import connect
from shared.events.envelope import wrap
from shared.testing import eventually
from zoom_connector.meetings import Made
from zoom_connector.storage import meetings

PLACES = ("after claim", "before zoom create", "after zoom create", "inside settle", "after settle")
LEASE_SECONDS = 46


class Killed(BaseException):
    """What a kill looks like from inside: nothing after it runs."""


class Killer:
    """Kills at the given place, once."""

    def __init__(self, place: str) -> None:
        self.place: str | None = place

    def __call__(self, place: str) -> None:
        if place == self.place:
            self.place = None
            raise Killed(place)


@pytest.mark.parametrize("place", PLACES)
def test_a_worker_killed_at_any_line_leaves_one_meeting(
    bench: Bench, bookings: Bookings, zoom: Zoom, place: str
) -> None:
    bench.connect()
    bench.hear(bookings.created())
    with pytest.raises(Killed):
        bench.reconciler(Killer(place)).step()
    bench.clock.turn(LEASE_SECONDS)
    bench.rest(seconds=60)

    assert len(zoom.meetings()) == 1
    assert zoom.calls("create_meeting") == 1
    assert bench.said().count("meeting.ready") == 1


@pytest.mark.parametrize("place", ["before zoom update", "after zoom update"])
def test_a_worker_killed_around_a_change_leaves_the_meeting_changed(
    bench: Bench, bookings: Bookings, zoom: Zoom, place: str
) -> None:
    bench.connect()
    bench.hear(bookings.created())
    bench.work()
    moved = bookings.moved()
    bench.hear(moved)
    with pytest.raises(Killed):
        bench.reconciler(Killer(place)).step()
    bench.clock.turn(LEASE_SECONDS)
    bench.rest(seconds=10)

    [meeting] = zoom.meetings()
    assert meeting["start_time"] == moved.booking.start.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("place", ["before zoom delete", "after zoom delete", "after zoom create"])
def test_a_worker_killed_around_a_cancel_leaves_nothing(
    bench: Bench, bookings: Bookings, zoom: Zoom, place: str
) -> None:
    bench.connect()
    bench.hear(bookings.created())
    killed = bench.reconciler(Killer(place))
    if place == "after zoom create":
        with pytest.raises(Killed):
            killed.step()
    else:
        bench.work()
    bench.hear(bookings.canceled())
    if place != "after zoom create":
        with pytest.raises(Killed):
            killed.step()
    bench.clock.turn(LEASE_SECONDS)
    bench.rest(seconds=60)

    assert zoom.meetings() == []
    assert bench.said()[-1] == "meeting.removed"


@pytest.mark.parametrize(("fault", "held"), [(CREATE, "before"), (CREATE, "after")], ids=["before", "after"])
def test_a_real_process_killed_while_zoom_answers_leaves_one_meeting(
    bench: Bench, bookings: Bookings, zoom: Zoom, fault: str, held: str
) -> None:
    bench.connect()
    # The worker hangs in the create, whose work is done or not, and is killed before it can commit what came of it.
    zoom.fault("hang", on=fault, after=held == "after", seconds=4, times=1)
    carrier = connect("", bench.folder)
    worker = process.start("worker", bench.folder, zoom.url)
    try:
        carrier.publish([wrap(bookings.created(), source="booking", now=bench.clock())])
        eventually(lambda: zoom.calls("create_meeting") == 1, timeout=20)
        eventually(lambda: len(zoom.meetings()) == (held == "after"))
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        carrier.close()
    assert bench.row().intent_at is not None
    bench.clock.turn(LEASE_SECONDS)
    bench.rest(seconds=60)

    assert len(zoom.meetings()) == 1
    assert zoom.calls("create_meeting") == (1 if held == "after" else 2)
    assert bench.said().count("meeting.ready") == 1


def test_a_real_worker_goes_the_whole_way_and_stops_when_told(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    carrier = connect("", bench.folder)
    worker = process.start("worker", bench.folder, zoom.url)
    try:
        carrier.publish([wrap(bookings.created(), source="booking", now=bench.clock())])
        eventually(lambda: len(zoom.meetings()) == 1, timeout=20)
        carrier.publish([wrap(bookings.canceled(), source="booking", now=bench.clock())])
        eventually(lambda: zoom.meetings() == [], timeout=10)
        eventually(lambda: bench.announced() == [], timeout=5)
    finally:
        process.stop(worker)
        carrier.close()
    assert worker.returncode == 0
    log = (bench.folder / "worker.log").read_text()
    assert "zoe@zoom.example" not in log
    assert "/j/" not in log


def test_two_workers_on_one_booking_make_one_meeting(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    other = Bench(bench.folder, zoom, bench.clock)
    bench.hear(*(bookings.created(f"b{n}", hours=30 + n) for n in range(6)))
    start = Barrier(4)

    def work(which: Bench) -> None:
        worker = which.reconciler()
        start.wait()
        while worker.step() or which.waits():
            pass

    threads = [Thread(target=work, args=([bench, other][n % 2],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()

    assert len(zoom.meetings()) == 6
    assert zoom.calls("create_meeting") == 6
    assert bench.said().count("meeting.ready") == 6


def test_a_worker_that_stood_still_takes_back_what_it_made_too_late(
    bench: Bench, bookings: Bookings, zoom: Zoom
) -> None:
    bench.connect()
    bench.hear(bookings.created())
    slow = bench.reconciler()
    opened = slow.accounts("h1")

    class StandsStill:
        """Another worker has all the time in the world before this one sends its create."""

        def create(self, wanted: object) -> Made:
            bench.clock.turn(LEASE_SECONDS)
            bench.rest(seconds=60)
            return opened.create(wanted)  # type: ignore[arg-type]

    slow.accounts = lambda _host: StandsStill() if not zoom.meetings() else bench.parts.access("h1")  # type: ignore[assignment,return-value]
    slow.step()

    assert zoom.calls("create_meeting") == 2
    [meeting] = zoom.meetings()
    assert meeting["id"] == bench.row().zoom_id


def test_strays_with_our_marker_are_deleted_when_they_are_seen(bench: Bench, bookings: Bookings, zoom: Zoom) -> None:
    bench.connect()
    zoom.fault("reset", on=CREATE, after=True, times=1)
    bench.hear(bookings.created())
    bench.work()
    task = bench.row()
    account = bench.parts.access("h1")
    account.create(meetings.read(task).wanted)
    assert len(zoom.meetings()) == 2
    bench.rest()

    [meeting] = zoom.meetings()
    assert meeting["id"] == bench.row().zoom_id


def test_an_event_is_handled_once_however_often_it_comes(bench: Bench, bookings: Bookings) -> None:
    bench.connect()
    message = wrap(bookings.created(), source="booking", now=bench.clock())
    for _ in range(3):
        inbox.receive(bench.parts.database, [message], bench.clock())
        while bench.worker.inbox.step():
            pass
        bench.work()
    assert bench.said() == ["zoom.connected", "meeting.ready"]
