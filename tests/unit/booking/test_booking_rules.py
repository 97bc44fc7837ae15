"""What is allowed with a booking and what it becomes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from booking import calendar
from booking.bookings import (
    RESERVED_HANDLES,
    Booked,
    Booking,
    Client,
    Host,
    Location,
    News,
    Question,
    Refused,
    SessionType,
    Stretch,
    Video,
    WorkingHours,
    first_session_type,
    first_video,
    span,
    zone,
)
from booking.slots import Interval, Vacation

NOW = datetime(2026, 12, 6, 12, 0, tzinfo=UTC)
START = NOW + timedelta(days=1)
HOST = Host("h", "Grace", "grace@example.com", "grace", "Europe/Berlin", "zoom", "", "#000000", "key", NOW)
LESSON = replace(first_session_type(HOST, "t"), slug="lesson", title="Lesson", duration=60)


def booking(**values: object) -> Booking:
    made = Booking(
        id="b",
        reference="r",
        host_id="h",
        session_type_id="t",
        version=1,
        status="confirmed",
        start=START,
        end=START + timedelta(minutes=30),
        booked=Booked("intro", "Intro call", "", 30),
        client=Client("Ada", "ada@example.com", "UTC"),
        notes="",
        answers={},
        questions=(),
        location=Location("video", "zoom"),
        video=Video("zoom", "ready", "https://zoom.example.com/j/1"),
        created_at=NOW,
        changed_at=NOW,
        occupancy_id="o",
    )
    return replace(made, **values)  # type: ignore[arg-type]


def test_a_moved_booking_has_the_next_version_and_waits_for_its_link() -> None:
    moved = booking().rescheduled(START + timedelta(days=1), LESSON, NOW)
    assert (moved.version, moved.end - moved.start) == (2, timedelta(minutes=60))
    assert moved.booked == Booked("lesson", "Lesson", "", 60, (1440, 60))
    assert moved.video == Video("zoom", "pending")


def test_a_canceled_booking_has_the_next_version_and_no_link() -> None:
    canceled = booking().canceled("host", "Ill", NOW)
    assert (canceled.version, canceled.status, canceled.canceled_by, canceled.cancel_reason) == (
        2,
        "canceled",
        "host",
        "Ill",
    )
    assert canceled.video == Video("zoom", "pending")
    assert canceled.occupancy_id is None


@pytest.mark.parametrize(
    ("location", "video"),
    [
        (Location("video", "zoom"), Video("zoom", "pending")),
        (Location("video", "custom", "https://x.example"), Video("custom", "ready", "https://x.example")),
        (Location("video"), Video(None, "none")),
        (Location("phone", None, "+49"), Video(None, "none")),
        (Location("in_person"), Video(None, "none")),
    ],
)
def test_where_it_takes_place_says_where_the_link_is_at_first(location: Location, video: Video) -> None:
    assert first_video(location) == video


def test_a_booking_moves_until_it_begins() -> None:
    booking().require_movable(START - timedelta(seconds=1))
    with pytest.raises(Refused, match="not_reschedulable"):
        booking().require_movable(START)
    with pytest.raises(Refused, match="not_reschedulable"):
        booking(status="canceled").require_movable(NOW)


def test_a_booking_is_canceled_until_it_is_over() -> None:
    booking().require_cancelable(START + timedelta(minutes=29))
    with pytest.raises(Refused, match="not_cancelable"):
        booking().require_cancelable(START + timedelta(minutes=30))


def test_news_is_taken_in_once_and_in_its_order() -> None:
    heard = booking().with_news(News(1, 3), Video("zoom", "delayed"), NOW)
    assert heard.video.state == "delayed"
    assert heard.has_heard(News(1, 3))
    assert heard.has_heard(News(1, 2))
    assert not heard.has_heard(News(1, 4))
    assert heard.version == 1


def test_news_of_an_older_version_moves_no_state() -> None:
    moved = booking().rescheduled(START, LESSON, NOW)
    heard = moved.with_news(News(1, 4), Video("zoom", "ready", "https://old.example"), NOW)
    assert heard.video == Video("zoom", "pending")
    assert heard.meeting_revision == 4


def test_answers_that_say_nothing_are_dropped() -> None:
    asking: SessionType = replace(
        LESSON, questions=(Question("goal", "Goal?", required=True), Question("more", "More?"))
    )
    assert asking.checked_answers({"goal": "x", "more": ""}) == {"goal": "x"}
    with pytest.raises(Refused) as refused:
        asking.checked_answers({"goal": "", "else": "x"})
    assert [error["field"] for error in refused.value.errors] == ["answers.else", "answers.goal"]


def test_intervals_of_one_day_may_touch_but_not_overlap() -> None:
    morning, noon = Interval(540, 720), Interval(720, 780)
    WorkingHours({0: [noon, morning]}, {date(2026, 12, 7): [morning, noon]}).require_disjoint()
    with pytest.raises(Refused, match="validation_failed"):
        WorkingHours({0: [morning, Interval(719, 780)]}, {}).require_disjoint()
    with pytest.raises(Refused, match="validation_failed"):
        WorkingHours({}, {date(2026, 12, 7): [Interval(719, 780), morning]}).require_disjoint()


def test_a_zone_has_its_exact_name() -> None:
    assert zone("Europe/Berlin").key == "Europe/Berlin"
    for name in ("europe/berlin", "CEST", "localtime", "", "/etc/localtime", "Factory"):
        with pytest.raises(Refused, match="unknown_timezone"):
            zone(name)


def test_no_handle_hides_a_page() -> None:
    named = "api dashboard bookings signin signup signout oauth webhooks static assets livez readyz metrics health docs"
    more = "admin settings embed mail sandbox help about privacy terms www"
    assert {*named.split(), *more.split()} <= RESERVED_HANDLES


@pytest.mark.parametrize("line", ["", "BEGIN:VEVENT", "a;b,c\\d", "two\nlines", "x" * 300, "\N{PILE OF POO}" * 50])
def test_no_text_breaks_out_of_a_calendar(line: str) -> None:
    written = booking(
        notes=line, booked=Booked("s", line or "t", line, 30), client=Client(line or "A", "a@example.com", "UTC")
    )
    for content in (
        calendar.download(written, HOST, "https://x.example/b"),
        calendar.feed([(written, "https://x.example/b")], HOST),
    ):
        assert content.count(b"\r\nBEGIN:VEVENT\r\n") == 1
        assert all(len(row) <= 75 for row in content.split(b"\r\n"))
        assert content.count(b"\n") == content.count(b"\r\n")


def test_a_calendar_says_that_a_link_follows_or_that_it_is_canceled() -> None:
    waiting = calendar.download(booking(video=Video("zoom", "delayed")), HOST, "https://x.example/b")
    assert b"The video link follows." in waiting
    canceled = calendar.download(booking().canceled("host", None, NOW), HOST, "https://x.example/b")
    assert b"STATUS:CANCELLED" in canceled
    assert b"SEQUENCE:10" in canceled
    assert b"link follows" not in canceled


def test_a_client_changes_a_booking_until_the_hosts_limit() -> None:
    assert booking().changeable_until(90) == START - timedelta(minutes=90)
    booking().require_in_time(90, START - timedelta(minutes=90, seconds=1))
    for cutoff, now in ((90, START - timedelta(minutes=90)), (0, START)):
        with pytest.raises(Refused, match="too_late"):
            booking().require_in_time(cutoff, now)
    assert booking(status="canceled").changeable_until(0) is None


def test_a_move_in_zoom_changes_neither_link_nor_time() -> None:
    there = Stretch(START + timedelta(hours=2), START + timedelta(hours=3))
    moved = booking().with_move(News(1, 4), there, NOW)
    assert (moved.video.join_url, moved.video.moved_to, moved.start) == ("https://zoom.example.com/j/1", there, START)
    assert (moved.version, moved.meeting_revision, moved.moved_revision) == (1, 0, 4)
    assert moved.has_heard_move(News(1, 4))
    older = moved.with_news(News(1, 3), Video("zoom", "ready", "https://zoom.example.com/j/2"), NOW)
    assert (older.video.join_url, older.video.moved_to) == ("https://zoom.example.com/j/2", there)
    newer = moved.with_news(News(1, 5), Video("zoom", "ready", "https://zoom.example.com/j/2"), NOW)
    assert newer.video.moved_to is None
    assert newer.has_heard_move(News(1, 4))


def test_a_move_of_a_meeting_for_an_older_time_is_passed_over() -> None:
    later = booking().rescheduled(START + timedelta(days=1), LESSON, NOW)
    assert later.with_move(News(1, 4), Stretch(START, START), NOW).video.moved_to is None


def test_a_types_own_hours_keep_the_hosts_vacations() -> None:
    away = [Vacation(date(2026, 12, 7), date(2026, 12, 8))]
    of_host = WorkingHours({0: [Interval(540, 720)]}, {date(2026, 12, 9): []}, away)
    own = WorkingHours({5: [Interval(0, 60)]}, {})
    assert LESSON.hours(of_host) == of_host
    assert replace(LESSON, availability=own).hours(of_host) == WorkingHours(own.weekly, {}, away)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "no time"), (1, "1 minute"), (90, "1 hour 30 minutes"), (1440, "1 day"), (3000, "2 days 2 hours")],
)
def test_a_span_is_spelled_out(minutes: int, words: str) -> None:
    assert span(minutes) == words
