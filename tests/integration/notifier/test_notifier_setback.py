"""A clock that is set back by an hour holds up no mail by an hour."""

import pytest

from integration.notifier.office import Office, booked, canceled, moved
from integration.notifier.postbox import Postbox
from notifier.storage.tables import LEASES, METADATA, WAITS
from shared.events import MeetingReady
from unit.notifier.notifier_facts import BOOKING, LINK, WAIT

HOUR = 3600


@pytest.fixture
def watched(office: Office) -> Office:
    """Give a notifier that has seen what time it is."""
    office.worker.setback.step()
    return office


def set_back(office: Office) -> None:
    office.clock.turn(-HOUR)
    assert office.worker.setback.step() == 1


def kinds(office: Office) -> dict[str, str]:
    return {f"{row.kind} {row.version}": row.state for row in office.rows()}


def test_all_that_is_due_at_a_time_is_known() -> None:
    due = {table.name for table in METADATA.tables.values() if "next_attempt_at" in table.c}
    assert {moment.table.name for moment in WAITS} == due
    assert {moment.table.name for moment in LEASES} == due


@pytest.mark.parametrize("first", ["the setback", "the plan"])
def test_a_mail_that_waits_for_its_link_waits_no_longer(watched: Office, box: Postbox, first: str) -> None:
    watched.hear(booked())
    watched.clock.turn(-HOUR)
    if first == "the setback":
        watched.worker.setback.step()
    # News of a mail makes a new plan of all of them.
    watched.hear(moved(2))
    watched.worker.setback.step()
    watched.wait_and_send(WAIT.total_seconds() + 1)
    assert {message.recipient for message in box.got} == {"joerg@example.net", "ada@example.com"}


def test_a_mail_with_its_link_still_leaves_before_the_next_one(watched: Office, box: Postbox) -> None:
    watched.hear(booked())
    set_back(watched)
    ready = {"booking_id": BOOKING, "host_id": "h1", "booking_version": 1, "revision": 1, "join_url": LINK}
    watched.hear(MeetingReady(**ready), canceled(2))
    watched.wait_and_send(1)
    assert set(kinds(watched).values()) == {"sent"}
    assert len(box.got) == 4


def test_a_mail_that_waits_is_still_replaced_by_a_newer_one(watched: Office) -> None:
    watched.hear(booked())
    set_back(watched)
    watched.hear(canceled(2))
    watched.wait_and_send(1)
    assert kinds(watched) == {"client_canceled 2": "sent", "host_canceled 2": "sent"}


def test_a_mail_in_back_off_waits_no_longer(watched: Office, box: Postbox) -> None:
    box.answers["RCPT"] = lambda _: "451 later"
    watched.hear(booked(), canceled(2))
    watched.send()
    box.answers.clear()
    set_back(watched)
    watched.wait_and_send(60)
    assert set(kinds(watched).values()) == {"sent"}
    assert all(row.created_at <= watched.clock() for row in watched.rows())
