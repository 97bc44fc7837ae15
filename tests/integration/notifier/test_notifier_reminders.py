"""Reminders: at their moment, before the start, of what holds, and never twice."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from integration.notifier.office import Office, booked, canceled, moved
from integration.notifier.postbox import Got, Postbox
from notifier import storage
from shared.events import (
    BookingCreated,
    BookingRescheduled,
    ClientFacts,
    LocationFacts,
    MailFailed,
    MailSent,
    MeetingReady,
    MeetingRemoved,
    MeetingUnavailable,
    SessionTypeFacts,
)
from unit.notifier.notifier_facts import BOOKING, LINK, NOW, START

CLIENT, HOST = "joerg@example.net", "ada@example.com"
PHONE = LocationFacts(kind="phone", detail="+49 30 1234")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ABOUT = {"booking_id": BOOKING, "host_id": "h1"}


def reminded(*minutes: int) -> SessionTypeFacts:
    return SessionTypeFacts(id="s1", slug="intro", title="Introduction", duration=45, reminders=list(minutes))


def made(**changed: Any) -> BookingCreated:
    return booked(**{"session_type": reminded(1440, 60), "location": PHONE, **changed})


def shifted(version: int = 2, **changed: Any) -> BookingRescheduled:
    return moved(version, **{"session_type": reminded(1440, 60), "location": PHONE, **changed})


def at(office: Office, moment: datetime) -> None:
    office.clock.now = moment
    office.send()


def told(box: Postbox, address: str = CLIENT) -> list[str]:
    return [str(got.mail["Subject"]).partition(":")[0] for got in box.to(address)]


def moments(office: Office) -> dict[int, datetime]:
    with office.worker.database.read() as tx:
        rows = tx.execute(select(storage.REMINDERS))
        return {row.minutes: row.due_at for row in rows}


def test_both_are_reminded_at_each_moment_and_once(office: Office, box: Postbox) -> None:
    office.hear(made())
    office.send()
    at(office, START - DAY - timedelta(seconds=1))
    assert told(box) == ["Booked"]
    for moment in (START - DAY, START - DAY + HOUR, START - HOUR, START - timedelta(minutes=1), START + DAY):
        at(office, moment)
    assert told(box) == ["Booked", "Reminder", "Reminder"]
    assert told(box, HOST) == ["New booking", "Reminder", "Reminder"]
    assert moments(office) == {}


def test_a_reminder_is_in_its_readers_zone_and_leaves_the_calendar_alone(office: Office, box: Postbox) -> None:
    office.hear(made())
    office.send()
    at(office, START - HOUR)
    client, host = box.to(CLIENT)[-1], box.to(HOST)[-1]
    assert str(client.mail["Subject"]) == "Reminder: Introduction with Ada Lovelace, Wed 2 Dec 2026, 00:30"
    assert str(host.mail["Subject"]) == "Reminder: Introduction with Jörg Müller, Tue 1 Dec 2026, 23:30"
    assert "text/calendar" not in [part.get_content_type() for part in client.mail.walk()]


def test_a_reminder_says_how_it_stands_with_the_link(office: Office, box: Postbox) -> None:
    zoom = LocationFacts(kind="video", provider="zoom")
    office.hear(made(location=zoom), MeetingUnavailable(**ABOUT, booking_version=1, revision=1, reason="x"))
    office.send()
    at(office, START - DAY)
    assert "isn't connected" in box.to(CLIENT)[-1].text
    office.hear(MeetingReady(**ABOUT, booking_version=1, revision=2, join_url=LINK))
    at(office, START - HOUR)
    assert told(box) == ["Booked", "Reminder", "Video link", "Reminder"]
    assert LINK in box.to(CLIENT)[-1].text


def test_no_reminder_lies_before_the_booking_was_made(office: Office, box: Postbox) -> None:
    soon = NOW + timedelta(hours=2)
    office.hear(made(start=soon, end=soon + HOUR, session_type=reminded(1440, 120, 60)))
    assert moments(office) == {60: soon - HOUR}
    office.wait_and_send(16)
    at(office, soon - HOUR)
    assert told(box) == ["Booked", "Reminder"]


def test_a_move_moves_the_reminders_and_a_cancel_ends_them(office: Office, box: Postbox) -> None:
    office.hear(made())
    office.send()
    office.hear(shifted())
    assert moments(office) == {1440: START, 60: START + DAY - HOUR}
    at(office, START - HOUR)
    assert told(box) == ["Booked", "Moved"]
    office.hear(canceled(3, session_type=reminded(1440, 60), location=PHONE))
    assert moments(office) == {}
    at(office, START + 2 * DAY - HOUR)
    assert told(box) == ["Booked", "Moved", "Canceled"]


@pytest.mark.parametrize("change", [shifted, lambda: canceled(2, location=PHONE)])
def test_a_reminder_that_waits_is_withdrawn_by_a_move_or_a_cancel(
    office: Office, box: Postbox, change: Callable[[], Any]
) -> None:
    office.hear(made())
    office.send()
    box.answers["RCPT"] = lambda _: "451 later"
    at(office, START - HOUR)
    assert office.states()["client_reminder"] == "retrying"
    office.hear(change())
    assert "client_reminder" not in office.states()


def test_an_older_version_that_comes_late_brings_no_reminder_back(office: Office) -> None:
    office.hear(canceled(2, session_type=reminded(60), location=PHONE), made())
    assert moments(office) == {}


def test_a_reminder_is_never_sent_after_the_start_and_its_failure_is_told(office: Office, box: Postbox) -> None:
    office.hear(made(session_type=reminded(5)))
    office.send()
    box.answers["RCPT"] = lambda _: "451 later"
    for seconds in range(0, 301, 10):
        at(office, START - timedelta(minutes=5) + timedelta(seconds=seconds))
    box.mend()
    at(office, START + HOUR)
    assert told(box) == ["Booked"]
    assert office.states()["client_reminder"] == "failed"
    last = [e for e in office.announced() if isinstance(e, MailFailed) and e.kind == "client_reminder"][-1]
    assert last.final


def test_after_an_outage_only_the_last_of_the_late_reminders_is_sent(office: Office, box: Postbox) -> None:
    office.hear(made())
    office.send()
    at(office, START - timedelta(minutes=10))
    assert told(box) == ["Booked", "Reminder"]
    assert {row.turn for row in office.rows() if row.kind == "client_reminder"} == {60}


def test_a_later_reminder_takes_the_place_of_one_that_still_waits(office: Office, box: Postbox) -> None:
    office.hear(made())
    office.send()
    box.answers["RCPT"] = lambda _: "451 later"
    at(office, START - DAY)
    at(office, START - HOUR)
    box.mend()
    at(office, START - HOUR + timedelta(minutes=11))
    assert told(box) == ["Booked", "Reminder"]


def test_who_has_not_got_the_mail_about_the_booking_needs_no_reminder_beside_it(office: Office, box: Postbox) -> None:
    office.clock.now = START - 2 * HOUR
    box.answers["RCPT"] = lambda line: "451 later" if CLIENT in line else "250 ok"
    office.hear(made())
    office.send()
    at(office, START - HOUR)
    box.mend()
    at(office, START - HOUR + timedelta(minutes=11))
    assert told(box) == ["Booked"]
    assert told(box, HOST) == ["New booking", "Reminder"]


def test_a_clock_that_is_set_back_sends_no_reminder_early(office: Office, box: Postbox) -> None:
    office.hear(made(session_type=reminded(60)))
    office.send()
    office.clock.now = START - HOUR
    office.worker.reminders.step()
    office.clock.now = START - 2 * HOUR
    office.worker.dispatch.step()
    assert told(box) == ["Booked"]
    # Claimed while the clock was ahead, looked at when it is right again.
    office.clock.now = START - HOUR
    office.hear(MeetingRemoved(**ABOUT, booking_version=1, revision=1, cause="canceled"))
    office.claim_and_die()
    office.clock.now = START - HOUR + timedelta(seconds=31)
    with office.worker.database.write() as tx:
        rows = storage.claim(tx, now=office.clock(), lease_for=HOUR, limit=10)
    office.clock.now = START - 2 * HOUR
    assert [office.worker.dispatch._opened(row) for row in rows] == [None, None]
    assert {row.next_attempt_at for row in office.rows() if "reminder" in row.kind} == {START - HOUR}
    office.send()
    assert told(box) == ["Booked"]
    at(office, START - HOUR)
    assert told(box) == ["Booked", "Reminder"]


def test_reminders_are_told_to_the_timeline_like_any_mail(office: Office) -> None:
    office.hear(made(session_type=reminded(60)))
    office.send()
    at(office, START - HOUR)
    kinds = {event.kind for event in office.announced() if isinstance(event, MailSent)}
    assert {"client_reminder", "host_reminder"} <= kinds


def test_the_host_of_a_group_session_is_reminded_once_and_each_client_too(office: Office, box: Postbox) -> None:
    for seat in ("b1", "b2", "b3"):
        client = ClientFacts(name=seat, email=f"{seat}@example.net", timezone="UTC")
        office.hear(made(id=seat, client=client, occupancy_id="o1", session_type=reminded(60)))
    office.send()
    at(office, START - HOUR)
    assert told(box, HOST) == ["New booking"] * 3 + ["Reminder"]
    reminder = box.to(HOST)[-1]
    assert str(reminder.mail["Subject"]) == "Reminder: Introduction, Tue 1 Dec 2026, 23:30"
    assert not any(f"b{n}" in reminder.text for n in (1, 2, 3))
    assert all(told(box, f"b{n}@example.net") == ["Booked", "Reminder"] for n in (1, 2, 3))


STEPS = st.lists(
    st.one_of(
        st.integers(0, 3),
        st.sampled_from(["send", "remind", "refuse", "mend", "die"]),
        st.timedeltas(-3 * HOUR, 30 * HOUR),
    ),
    max_size=14,
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(STEPS)
def test_in_any_order_of_events_and_clocks_reminders_are_timely_and_true(
    office: Office, box: Postbox, steps: list[Any]
) -> None:
    with office.worker.database.write() as tx:
        for table in reversed(storage.METADATA.sorted_tables):
            tx.execute(table.delete())
    office.clock.now = START - timedelta(days=3)
    box.mend()
    box.got.clear()
    sent_at: list[datetime] = []

    def take(_: Got) -> str:
        sent_at.append(office.clock.now)
        return "250 taken"

    box.after_data = take
    story = [
        made(created_at=START - timedelta(days=3)),
        shifted(2),
        shifted(3, start=START, end=START + HOUR),
        canceled(4, location=PHONE, session_type=reminded(1440, 60)),
    ]
    heard = 0
    for step in steps:
        if isinstance(step, int):
            office.hear(story[step])
            heard = max(heard, step + 1)
        elif isinstance(step, timedelta):
            office.clock.now += step
        else:
            {
                "send": office.send,
                "remind": office.worker.reminders.step,
                "refuse": lambda: box.answers.update(RCPT=lambda _: "451 later"),
                "mend": box.answers.clear,
                "die": office.claim_and_die,
            }[step]()
    box.answers.clear()
    office.wait_and_send(41)
    starts = {1: START, 2: START + DAY, 3: START}
    for number, got in enumerate(box.got):
        if str(got.mail["Subject"]).startswith("Reminder"):
            assert any(start - DAY <= sent_at[number] < start for start in starts.values())
    reminders = [got.mail["Message-ID"] for got in box.got if str(got.mail["Subject"]).startswith("Reminder")]
    assert len(reminders) == len(set(reminders))
    if heard == 4:
        assert moments(office) == {}
        assert not [row for row in office.rows() if "reminder" in row.kind and row.state in ("queued", "retrying")]
