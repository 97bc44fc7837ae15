"""The pure parts of the dashboard: words, typed times, the layout of a week, and hours as a form has them."""

from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from gateway.pages import agenda_layout, availability_form, desk_times, desk_words, session_type_form
from notifier.deliveries import kinds

BERLIN = "Europe/Berlin"


def booking(start: str, end: str, slug: str = "intro") -> dict[str, Any]:
    return {"start": start, "end": end, "session_type": {"slug": slug}}


def test_every_mail_that_the_notifier_sends_has_a_name() -> None:
    found = {
        kind for name in vars(kinds) for kind in _texts(getattr(kinds, name)) if kind.startswith(("client_", "host_"))
    }
    assert len(found) > 10
    assert [kind for kind in found if kind.partition("_")[2] not in desk_words.SUBJECT] == []


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, (frozenset, set, tuple, list)):
        return [text for inner in value for text in _texts(inner)]
    return []


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "0 minutes"), (1, "1 minute"), (90, "1 hour 30 minutes"), (1440, "1 day"), (10_085, "7 days 5 minutes")],
)
def test_minutes_are_said_in_the_units_that_people_use(minutes: int, words: str) -> None:
    assert desk_words.minutes(minutes) == words


@pytest.mark.parametrize(
    ("day", "clock", "read"),
    [
        ("2026-12-01", "10:00", "2026-12-01T10:00:00+01:00"),
        ("2027-03-28", "02:30", "2027-03-28T03:30:00+02:00"),
        ("2026-10-25", "02:30", "2026-10-25T02:30:00+02:00"),
    ],
)
def test_a_typed_time_is_read_on_the_hosts_clock(day: str, clock: str, read: str) -> None:
    found = desk_times.read(day, clock, BERLIN)
    assert found is not None
    assert found.isoformat() == read


@pytest.mark.parametrize(("day", "clock"), [("", "10:00"), ("2026-12-01", ""), ("0001-01-01", "00:00"), ("x", "25:00")])
def test_what_is_no_time_is_none(day: str, clock: str) -> None:
    assert desk_times.read(day, clock, BERLIN) is None


def test_sessions_at_the_same_time_stand_side_by_side() -> None:
    day = "2026-12-01T"
    spans = [("09:00", "10:00"), ("09:30", "10:30"), ("10:00", "11:00"), ("12:00", "12:05")]
    found = [booking(f"{day}{start}:00+01:00", f"{day}{end}:00+01:00") for start, end in spans]
    first = desk_times.read("2026-12-01", "00:00", BERLIN)
    assert first is not None
    [(_, blocks)] = agenda_layout.lay_out(first.date(), first.date(), found, BERLIN).days
    assert [(block.lane, block.lanes) for block in blocks] == [(0, 2), (1, 2), (0, 2), (0, 1)]
    assert (blocks[3].top, blocks[3].height) == (720, agenda_layout.SHORTEST)


def test_the_seats_of_a_group_session_are_one_block() -> None:
    first = desk_times.read("2026-12-01", "00:00", BERLIN)
    assert first is not None
    seat = booking("2026-12-01T09:00:00+01:00", "2026-12-01T11:00:00+01:00", "workshop")
    other = booking("2026-12-01T09:00:00+01:00", "2026-12-01T11:00:00+01:00", "another")
    [(_, blocks)] = agenda_layout.lay_out(first.date(), first.date(), [seat, seat, other, seat], BERLIN).days
    assert [(len(block.bookings), block.lane) for block in blocks] == [(3, 0), (1, 1)]


def test_a_session_of_another_day_stands_nowhere() -> None:
    first = desk_times.read("2026-12-01", "00:00", BERLIN)
    assert first is not None
    other = [booking("2026-12-02T09:00:00+01:00", "2026-12-02T10:00:00+01:00")]
    assert agenda_layout.lay_out(first.date(), first.date(), other, BERLIN).days == [(first.date(), [])]


def test_a_session_over_midnight_ends_with_its_day() -> None:
    first = desk_times.read("2026-12-01", "00:00", BERLIN)
    assert first is not None
    late = [booking("2026-12-01T23:00:00+01:00", "2026-12-02T01:00:00+01:00")]
    layout = agenda_layout.lay_out(first.date(), first.date(), late, BERLIN)
    [(_, [block])] = layout.days
    assert (block.top, block.height, layout.last_hour) == (1380, 60, 24)


def test_a_vacation_of_one_day_needs_one_date() -> None:
    form = MultiDict({"new-vacation-last": "2026-12-24"})
    hours = availability_form.with_what_is_new(availability_form.from_request(form))
    assert hours.vacations == [("2026-12-24", "2026-12-24")]


def test_reminders_are_kept_once_and_longest_first() -> None:
    typed = session_type_form.blank({}) | {"title": "T", "reminders": [60, 60], "reminder_number": "2"}
    body, errors = session_type_form.body(typed, session_type_form.hours_of(None))
    assert (body["reminders"], bool(errors)) == ([120, 60], False)
