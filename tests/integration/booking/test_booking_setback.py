"""A clock that is set back by an hour holds up no news by an hour."""

from booking.storage.tables import LEASES, METADATA, WAITS
from integration.booking.service import MONDAY, Service
from integration.booking.test_booking_news import news
from shared import inbox, loops
from shared.events import MeetingReady
from shared.events.envelope import wrap


def test_all_that_is_due_at_a_time_is_known() -> None:
    due = {table.name for table in METADATA.tables.values() if "next_attempt_at" in table.c}
    assert {moment.table.name for moment in WAITS} == due
    assert {moment.table.name for moment in LEASES} == due


def test_a_link_that_came_before_the_clock_was_set_back_is_shown(service: Service) -> None:
    host = service.sign_up()
    service.offer(host)
    booking = service.book(host, f"{MONDAY}T09:00:00+01:00")
    worker = service.worker()
    steps: dict[str, loops.Step] = dict(worker.steps())
    steps["setback"]()
    ready = news(booking, MeetingReady, 1)
    inbox.receive(service.database, [wrap(ready, source="zoom-connector", now=service.clock())], service.clock())
    service.clock.turn(hours=-1)
    steps["setback"]()
    while steps["inbox"]():
        pass
    worker.database.close()
    assert service.get(f"/bookings/{booking['reference']}")["video"]["join_url"] == ready.join_url
