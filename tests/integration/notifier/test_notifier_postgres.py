"""The notifier on PostgreSQL: the same migrations, the same mails, and several workers at once."""

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from integration.notifier.office import Office, booked, canceled, moved, settings_for
from integration.notifier.postbox import Postbox
from notifier.worker import SETTLE
from shared import migrations
from shared.events import (
    ClientFacts,
    HostChanged,
    HostRemoved,
    LocationFacts,
    MeetingReady,
    SessionTypeFacts,
    ZoomNeedsReconnect,
)
from unit.notifier.notifier_facts import LINK, facts

PHONE = LocationFacts(kind="phone", detail="+49 30 1234")
CLIENT = ClientFacts(name="C", email="c@example.net", timezone="UTC")


@pytest.fixture
def office(postgres_url: str, box: Postbox, tmp_path: Path) -> Iterator[Office]:
    """Give a notifier whose database is PostgreSQL."""
    made = Office(settings_for(tmp_path, box.url, DATABASE_URL=postgres_url))
    yield made
    made.close()


def ready(booking: str, version: int) -> MeetingReady:
    about = {"booking_id": booking, "host_id": "h1", "booking_version": version, "revision": version}
    return MeetingReady(**about, join_url=LINK)


def test_migrations_go_up_and_down_on_postgresql(postgres_url: str) -> None:
    migrations.migrate(postgres_url, "notifier")
    migrations.check(postgres_url, "notifier")
    migrations.migrate(postgres_url, "notifier", "base")
    migrations.migrate(postgres_url, "notifier")


def test_the_life_of_a_booking_is_told_from_postgresql(office: Office, box: Postbox) -> None:
    office.hear(booked(client=CLIENT))
    office.wait_and_send(16)
    office.hear(ready("unknown", 1), ready(booked().booking.id, 1))
    office.claim_and_die()
    office.hear(moved(client=CLIENT), ready(booked().booking.id, 2), canceled(3, client=CLIENT))
    office.wait_and_send(31)
    subjects = [str(got.mail["Subject"]).partition(":")[0] for got in box.to("c@example.net")]
    assert subjects == ["Booked", "Canceled"]


def test_workers_that_share_the_mails_send_each_once(office: Office, box: Postbox) -> None:
    bookings = [f"b{number}" for number in range(12)]
    failed: list[BaseException] = []

    def send(done: threading.Event) -> None:
        try:
            while not done.is_set():
                office.worker.dispatch.step()
        except BaseException as error:  # noqa: BLE001 - the test tells what a thread met
            failed.append(error)

    done = threading.Event()
    threads = [threading.Thread(target=send, args=(done,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for booking in bookings:
        office.hear(booked(id=booking), ready(booking, 1), canceled(id=booking))
    done.set()
    for thread in threads:
        thread.join()
    office.send()
    assert failed == []
    assert set(Counter(got.mail["Message-ID"] for got in box.got).values()) == {1}
    # Whoever was told of the booking hears of its end, and who was not, hears of both in one.
    told = Counter(str(got.mail["Subject"]).partition(":")[0] for got in box.got)
    assert told["Canceled"] == 2 * len(bookings)
    assert len(box.got) == len(office.rows())
    assert {row.state for row in office.rows()} == {"sent"}


def test_reminders_notices_and_the_end_of_a_host_from_postgresql(office: Office, box: Postbox) -> None:
    kind = SessionTypeFacts(id="s", slug="s", title="Talk", duration=45, reminders=[60])
    host = facts().host
    office.hear(ZoomNeedsReconnect(host_id="h1", reason="x"), booked(client=CLIENT, session_type=kind, location=PHONE))
    office.hear(HostChanged(host=host.model_copy(update={"email": "ada@new.example"}), revision=1))
    office.send()
    assert [got.recipient for got in box.got].count("ada@new.example") == 2
    office.clock.now = facts().start - timedelta(hours=1)
    office.send()
    assert "Reminder" in str(box.to("c@example.net")[-1].mail["Subject"])
    office.hear(HostRemoved(host_id="h1", at=office.clock()))
    office.clock.now += SETTLE
    office.worker.cleaner.step()
    assert office.rows() == []
