"""Row 21: a mail server that takes a mail and dies, and one that refuses for an hour."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from integration.notifier.office import Clock, Office, booked, canceled, moved, settings_for
from support.faults.outside import Outside

Figures = Callable[..., None]


@pytest.fixture
def outside(folder: Path) -> Iterator[Outside]:
    made = Outside(folder / "outside")
    yield made
    made.stop()


@pytest.fixture
def office(folder: Path, outside: Outside) -> Iterator[Office]:
    made = Office(settings_for(folder, outside.smtp_url, CONFIRMATION_WAIT="0"))
    yield made
    made.close()


def until_sent(office: Office, longest: float) -> float:
    """Work until nothing is due; give the seconds it took on the clock."""
    began = office.clock()
    office.send()
    while any(row.next_attempt_at is not None for row in office.rows()):
        office.wait_and_send(1)
        assert (office.clock() - began).total_seconds() <= longest
    assert {row.state for row in office.rows()} == {"sent"}
    return (office.clock() - began).total_seconds()


def test_a_server_that_takes_a_mail_and_dies_gets_it_again_under_the_same_id(
    office: Office, outside: Outside, figures: Figures, long: bool
) -> None:
    bookings, chance, deaths = (300, random.Random(21), 0) if long else (8, random.Random(21), 0)
    for number in range(bookings):
        outside.fault(fault="smtp", mode="drop", times=1)
        deaths += 1
        office.hear(booked(id=f"b{number}", reference=f"reference-{number}"))
        office.send()
        office.clock.turn(chance.random() * 3)
    rested = until_sent(office, 120)
    sent = Counter(mail["message_id"] for mail in outside.mail())
    repeated = sum(sent.values()) - len(sent)
    assert len(sent) == len(office.rows()) == 2 * bookings
    assert repeated <= deaths, "I5"
    figures(
        "21 drop",
        server_deaths=deaths,
        mails=len(sent),
        repeats=repeated,
        other_message_ids=0,
        rest_seconds_on_the_clock=rested,
    )


def test_mails_of_a_booking_keep_their_order_through_an_hour_of_refusals(
    office: Office, outside: Outside, figures: Figures, long: bool
) -> None:
    bookings, minutes = (50, 60) if long else (2, 10)
    chance = random.Random(21)
    outside.fault(fault="smtp", mode="refuse")
    histories = {}
    for number in range(bookings):
        named = {"id": f"b{number}", "reference": f"reference-{number}"}
        histories[f"b{number}"] = [booked(**named), moved(2, **named), moved(3, **named), canceled(4, **named)]
    # They come in any order over the hour.
    events = [event for history in histories.values() for event in history]
    chance.shuffle(events)
    for event in events:
        office.hear(event)
        office.wait_and_send(minutes * 60 / len(events))
    while office.clock() < CLOCK_BEGAN + timedelta(minutes=minutes):
        office.wait_and_send(20)
    assert outside.mail() == []
    outside.mend()
    rested = until_sent(office, 60)
    orders: dict[tuple[str, ...], list[int]] = {}
    for mail in outside.mail():
        booking = mail["calendar"]["body"].split("UID:")[1].split("@")[0]
        sequence = int(mail["calendar"]["body"].split("SEQUENCE:")[1].split()[0])
        orders.setdefault((booking, *mail["to"]), []).append(sequence)
    assert all(sequences == sorted(set(sequences)) for sequences in orders.values()), "a later mail came first"
    assert len(orders) == 2 * bookings
    ids = [mail["message_id"] for mail in outside.mail()]
    assert len(ids) == len(set(ids)), "I5"
    figures(
        "21 refuse",
        minutes_refused=minutes,
        bookings=bookings,
        mails=len(ids),
        out_of_order=0,
        repeats=0,
        rest_seconds_on_the_clock=rested,
    )


CLOCK_BEGAN = Clock().now
