"""What is kept is the same on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from booking import storage
from booking.bookings import Client, Host, Refused, SessionType, WorkingHours
from booking.handlers import booking, hosts, logos, meetings, offers, reading, session_types, why
from booking.handlers.booking import Wish
from booking.handlers.desk import Desk, of_host
from booking.handlers.hosts import Profile
from booking.handlers.offers import Question
from booking.slots import Interval, Vacation
from booking.storage import Filters
from booking.storage.tables import METADATA
from shared import inbox, migrations
from shared.database import Database
from shared.events import MeetingMoved, MeetingReady
from shared.events.envelope import wrap

NOW = datetime(2026, 12, 6, 12, 0, tzinfo=UTC)
MONDAY = date(2026, 12, 7)
NINE = datetime(2026, 12, 7, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURS = WorkingHours(
    {0: [Interval(540, 720), Interval(780, 1020)], 4: [Interval(0, 1440)]},
    {MONDAY + timedelta(days=1): [Interval(600, 660)], MONDAY + timedelta(days=2): []},
    [Vacation(date(2026, 12, 24), date(2027, 1, 3))],
)
CLIENT = Client("Ada", "ada@example.com", "UTC")


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    migrations.migrate(database_url, "booking")
    made = Desk(Database(database_url), lambda: NOW)
    hosts.welcome(made, "h", Profile("Grace", "grace@example.com", "grace", "Europe/Berlin"))
    yield made
    made.database.close()


def offered(desk: Desk, **changes: object) -> SessionType:
    with desk.database.read() as tx:
        [found] = storage.session_types(tx, "h", after=None, limit=2)
    return session_types.change_session_type(desk, "h", found.id, changes)


def slots(desk: Desk) -> list[datetime]:
    question = Question(MONDAY, MONDAY + timedelta(days=6), None)
    return [slot.start for slot in offers.free_slots(desk, "grace", "intro", question)[1]]


def book(desk: Desk, start: datetime, name: str = "Ada") -> str:
    wish = Wish(start, Client(name, "ada@example.com", "UTC"), "", {})
    return booking.book(desk, "grace", "intro", wish, key=None)[0].booking.id


def test_hours_come_back_as_they_were_given(desk: Desk) -> None:
    _host, found = hosts.set_working_hours(desk, "h", HOURS, None)
    assert found == HOURS
    own = WorkingHours({5: (Interval(0, 60),)}, {MONDAY: (), MONDAY + timedelta(days=7): (Interval(5, 1440),)})
    assert offered(desk, availability=own, reminders=(5,)).availability == own
    with desk.database.read() as tx:
        [kept] = storage.session_types(tx, "h", after=None, limit=2)
    assert (kept.availability, kept.reminders) == (own, (5,))


def test_what_is_booked_is_busy_to_the_second(desk: Desk) -> None:
    hosts.set_working_hours(desk, "h", HOURS, None)
    kind = offered(desk, duration=60, buffer_after=30, max_per_day=3, capacity=2)
    assert slots(desk)[:3] == [NINE, NINE + HOUR, NINE + 2 * HOUR]
    book(desk, NINE)
    book(desk, NINE)
    assert slots(desk)[:2] == [NINE + 2 * HOUR, NINE + 4 * HOUR]
    assert why.why(desk, "h", kind.id, NINE).rule == "seats_taken"
    assert why.why(desk, "h", kind.id, NINE + HOUR).text.endswith("but their buffers do.")
    book(desk, NINE + 2 * HOUR)
    assert [start for start in slots(desk) if start.date() == MONDAY] == []
    assert why.why(desk, "h", kind.id, NINE + 4 * HOUR).rule == "day_full"


def test_lists_run_both_ways_through_every_page(desk: Desk) -> None:
    kind = offered(desk, capacity=5)
    made = sorted((start, book(desk, start)) for start in [NINE, NINE, NINE + HOUR, NINE + HOUR, NINE + HOUR])
    for newest_first in (False, True):
        filters = Filters(session_type=kind.id, video_state="pending", newest_first=newest_first)
        found: list[tuple[datetime, str]] = []
        with desk.database.read() as tx:
            while page := storage.bookings(tx, "h", filters, after=found[-1] if found else None, limit=2):
                found += [(one.start, one.id) for one in page]
        assert found == sorted(made, reverse=newest_first)
    _host, pages = reading.all_bookings(desk, "h", lambda _zone: Filters())
    assert [one.id for page in pages for one in page] == [booking_id for _, booking_id in made]


def test_a_move_in_zoom_and_a_logo_are_kept(desk: Desk) -> None:
    made = book(desk, NINE)
    about = {"booking_id": made, "host_id": "h", "booking_version": 1}
    moved = MeetingMoved.model_validate(about | {"revision": 2, "start": NINE + HOUR, "end": NINE + 2 * HOUR})
    ready = MeetingReady.model_validate(about | {"revision": 1, "join_url": "https://zoom.example/j/1"})
    with desk.database.write() as tx:
        meetings.meeting_is_elsewhere(moved, tx, NOW)
        meetings.client_can_be_told_where(ready, tx, NOW)
    video = reading.booking(desk, of_host("h", made)).booking.video
    assert (video.state, video.moved_to) == ("ready", (NINE + HOUR, NINE + 2 * HOUR))
    png = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    logos.set_logo(desk, "h", "image/png", png)
    assert logos.logo(desk, "grace").content == png


def test_an_account_leaves_nothing(desk: Desk) -> None:
    hosts.set_working_hours(desk, "h", HOURS, None)
    booking.book(desk, "grace", "intro", Wish(NINE, CLIENT, "", {}), key="k")
    made = book(desk, NINE + HOUR)
    about = {"booking_id": made, "host_id": "h", "booking_version": 1, "revision": 1}
    ready = MeetingReady.model_validate(about | {"join_url": "https://zoom.example/j/1"})
    inbox.receive(desk.database, [wrap(ready, source="zoom-connector", now=NOW)], NOW)
    hosts.remove_host(desk, "h")
    with desk.database.read() as tx:
        left = {
            name
            for name, table in METADATA.tables.items()
            if tx.execute(select(func.count()).select_from(table)).scalar_one()
        }
    assert left == {"outbox"}
    with pytest.raises(Refused, match="no_such_host"):
        hosts.host(desk, "h")
    again, new = hosts.welcome(desk, "h2", Profile("Grace", "grace@example.com", "grace", "UTC"))
    assert (new, isinstance(again, Host)) == (True, True)
