"""Free times, on ordinary days and on the days when clocks jump."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from booking.slots import Availability, Diary, Group, Interval, Offer, Reason, Slot, Terms, Vacation, WallClock

BERLIN = ZoneInfo("Europe/Berlin")
NINE_TO_FIVE = (Interval(9 * 60, 17 * 60),)
WHOLE_DAY = (Interval(0, 24 * 60),)
WORKING_WEEK = dict.fromkeys(range(5), NINE_TO_FIVE)
MONDAY = date(2026, 12, 7)
SUNDAY_BEFORE = datetime(2026, 12, 6, 12, 0, tzinfo=UTC)


def offer(
    terms: Terms | None = None,
    *,
    zone: ZoneInfo = BERLIN,
    weekly: Mapping[int, Sequence[Interval]] | None = None,
    overrides: Mapping[date, Sequence[Interval]] | None = None,
    diary: Diary | None = None,
    now: datetime = SUNDAY_BEFORE,
) -> Offer:
    availability = Availability(zone, WORKING_WEEK if weekly is None else weekly, overrides or {})
    return Offer(availability, terms or Terms(60, 60), diary or Diary(), now)


def readings(slots: list[Slot], zone: ZoneInfo = BERLIN) -> list[str]:
    return [slot.start.astimezone(zone).strftime("%H:%M%z") for slot in slots]


def busy(start: datetime, minutes: int = 60) -> tuple[datetime, datetime]:
    return start, start + timedelta(minutes=minutes)


def group(start: datetime, taken: int) -> Diary:
    return Diary([busy(start)], [Group(*busy(start), taken)])


def berlin(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=BERLIN)


def test_a_working_day_is_cut_into_sessions() -> None:
    found = offer().free(BERLIN, MONDAY, MONDAY)
    assert readings(found) == [f"{hour:02}:00+0100" for hour in range(9, 17)]
    assert all(slot.end - slot.start == timedelta(hours=1) for slot in found)


def test_a_session_fits_wholly_inside_one_interval() -> None:
    split = {0: (Interval(9 * 60, 10 * 60 + 30), Interval(10 * 60 + 30, 12 * 60))}
    assert readings(offer(weekly=split).free(BERLIN, MONDAY, MONDAY)) == ["09:00+0100", "10:30+0100"]


def test_the_grid_begins_anew_with_each_interval() -> None:
    split = {0: (Interval(9 * 60 + 10, 10 * 60), Interval(13 * 60 + 5, 14 * 60))}
    found = offer(Terms(20, 15), weekly=split).free(BERLIN, MONDAY, MONDAY)
    assert [slot.start.astimezone(BERLIN).strftime("%H:%M") for slot in found] == [
        "09:10", "09:25", "09:40", "13:05", "13:20", "13:35",
    ]  # fmt: skip


def test_an_interval_may_end_with_the_day() -> None:
    found = offer(weekly={0: (Interval(22 * 60, 24 * 60),)}).free(BERLIN, MONDAY, MONDAY)
    assert readings(found) == ["22:00+0100", "23:00+0100"]


def test_a_weekend_offers_nothing() -> None:
    assert offer().free(BERLIN, date(2026, 12, 12), date(2026, 12, 13)) == []


def test_an_override_replaces_its_day() -> None:
    found = offer(overrides={MONDAY: (Interval(18 * 60, 20 * 60),)}).free(BERLIN, MONDAY, MONDAY)
    assert readings(found) == ["18:00+0100", "19:00+0100"]


def test_an_override_without_intervals_is_a_day_off() -> None:
    found = offer(overrides={MONDAY: ()}).free(BERLIN, MONDAY, MONDAY + timedelta(days=1))
    assert {slot.start.astimezone(BERLIN).date() for slot in found} == {MONDAY + timedelta(days=1)}


def test_the_asked_zone_decides_which_dates_are_meant() -> None:
    auckland = ZoneInfo("Pacific/Auckland")
    found = offer().free(auckland, MONDAY, MONDAY)
    assert readings(found, auckland) == ["21:00+1300", "22:00+1300", "23:00+1300"]
    tuesday = offer().free(auckland, MONDAY + timedelta(days=1), MONDAY + timedelta(days=1))
    assert readings(tuesday, auckland)[:2] == ["00:00+1300", "01:00+1300"]


def test_a_missing_hour_offers_nothing() -> None:
    sunday = date(2027, 3, 28)
    found = offer(weekly={6: (Interval(60, 300),)}, now=datetime(2027, 3, 1, tzinfo=UTC)).free(BERLIN, sunday, sunday)
    assert readings(found) == ["01:00+0100", "03:00+0200", "04:00+0200"]


def test_an_interval_inside_a_missing_hour_offers_nothing() -> None:
    sunday = date(2027, 3, 28)
    found = offer(
        Terms(30, 30), weekly={6: (Interval(120, 180),)}, now=datetime(2027, 3, 1, tzinfo=UTC)
    ).free(BERLIN, sunday, sunday)  # fmt: skip
    assert found == []


def test_a_repeated_hour_offers_each_instant_once() -> None:
    sunday = date(2026, 10, 25)
    found = offer(weekly={6: (Interval(60, 240),)}, now=datetime(2026, 10, 1, tzinfo=UTC)).free(BERLIN, sunday, sunday)
    assert readings(found) == ["01:00+0200", "02:00+0200", "02:00+0100", "03:00+0100"]


def test_an_interval_that_ends_in_a_repeated_hour_is_open_in_both_of_them() -> None:
    sunday = date(2026, 10, 25)
    half = Terms(30, 30)
    found = offer(half, weekly={6: (Interval(90, 150),)}, now=datetime(2026, 10, 1, tzinfo=UTC)).free(
        BERLIN, sunday, sunday
    )
    assert readings(found) == ["01:30+0200", "02:00+0200", "02:00+0100"]


def test_an_interval_that_is_cut_in_two_keeps_one_grid() -> None:
    sunday = date(2026, 10, 25)
    terms = Terms(15, 50)
    found = offer(terms, weekly={6: (Interval(150, 240),)}, now=datetime(2026, 10, 1, tzinfo=UTC)).free(
        BERLIN, sunday, sunday
    )
    assert readings(found) == ["02:30+0200", "03:10+0100"]


def test_a_day_that_was_skipped_by_a_zone_offers_nothing() -> None:
    apia = ZoneInfo("Pacific/Apia")
    weekly = dict.fromkeys(range(7), WHOLE_DAY)
    found = offer(weekly=weekly, zone=apia, now=datetime(2011, 12, 1, tzinfo=UTC)).free(
        apia, date(2011, 12, 29), date(2011, 12, 31)
    )
    assert {slot.start.astimezone(apia).day for slot in found} == {29, 31}
    assert len(found) == 48


def test_steps_are_elapsed_minutes() -> None:
    sunday = date(2027, 3, 28)
    found = offer(Terms(45, 45), weekly={6: (Interval(60, 300),)}, now=datetime(2027, 3, 1, tzinfo=UTC)).free(
        BERLIN, sunday, sunday
    )
    assert readings(found) == ["01:00+0100", "01:45+0100", "03:30+0200", "04:15+0200"]


def test_a_booking_takes_its_slot() -> None:
    diary = Diary([busy(berlin(MONDAY, 10))])
    assert "10:00+0100" not in readings(offer(diary=diary).free(BERLIN, MONDAY, MONDAY))
    assert len(offer(diary=diary).free(BERLIN, MONDAY, MONDAY)) == 7


def test_buffers_of_two_neighbours_add_up() -> None:
    held = berlin(MONDAY, 9, 50), berlin(MONDAY, 11, 10)
    terms = Terms(60, 15, buffer_before=10, buffer_after=10)
    found = readings(offer(terms, diary=Diary([held])).free(BERLIN, MONDAY, MONDAY))
    assert found[0] == "11:30+0100"


def test_buffers_may_reach_outside_the_working_hours() -> None:
    terms = Terms(60, 60, buffer_before=120, buffer_after=120)
    assert len(offer(terms).free(BERLIN, MONDAY, MONDAY)) == 8


def test_notice_counts_to_the_start() -> None:
    now = berlin(MONDAY, 9, 1)
    found = offer(Terms(60, 60, min_notice=60), now=now).free(BERLIN, MONDAY, MONDAY)
    assert readings(found)[0] == "11:00+0100"
    assert readings(offer(Terms(60, 60, min_notice=59), now=now).free(BERLIN, MONDAY, MONDAY))[0] == "10:00+0100"


def test_what_has_begun_is_not_offered() -> None:
    found = offer(now=berlin(MONDAY, 10) + timedelta(microseconds=1)).free(BERLIN, MONDAY, MONDAY)
    assert readings(found)[0] == "11:00+0100"


def test_the_horizon_counts_days_on_the_hosts_calendar() -> None:
    kiritimati = ZoneInfo("Pacific/Kiritimati")
    now = datetime(2026, 12, 6, 11, 0, tzinfo=UTC)  # already Monday there
    weekly = dict.fromkeys(range(7), NINE_TO_FIVE)
    found = offer(Terms(60, 60, horizon=1), zone=kiritimati, weekly=weekly, now=now).free(
        kiritimati, date(2026, 12, 1), date(2026, 12, 31)
    )
    assert {slot.start.astimezone(kiritimati).day for slot in found} == {7, 8}


def test_a_full_day_is_full_on_the_hosts_date() -> None:
    diary = Diary([busy(berlin(MONDAY, 9))], booked=[berlin(MONDAY, 9)])
    found = offer(Terms(60, 60, max_per_day=1), diary=diary).free(BERLIN, MONDAY, MONDAY + timedelta(days=1))
    assert {slot.start.astimezone(BERLIN).date() for slot in found} == {MONDAY + timedelta(days=1)}


def test_a_group_session_offers_its_remaining_seats() -> None:
    found = offer(Terms(60, 30, capacity=3), diary=group(berlin(MONDAY, 9), taken=2)).free(BERLIN, MONDAY, MONDAY)
    assert (found[0].start, found[0].end, found[0].seats_left) == (berlin(MONDAY, 9), berlin(MONDAY, 10), 1)
    assert readings(found)[1] == "10:00+0100"
    assert found[1].seats_left == 3


def test_a_full_group_session_is_not_offered() -> None:
    diary = group(berlin(MONDAY, 9), taken=3)
    assert readings(offer(Terms(60, 60, capacity=3), diary=diary).free(BERLIN, MONDAY, MONDAY))[0] == "10:00+0100"


def test_a_session_of_another_type_is_not_joined() -> None:
    diary = Diary([busy(berlin(MONDAY, 9))])
    assert readings(offer(Terms(60, 60, capacity=3), diary=diary).free(BERLIN, MONDAY, MONDAY))[0] == "10:00+0100"


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (berlin(MONDAY, 9), None),
        (datetime(2020, 1, 1, tzinfo=UTC), Reason.IN_THE_PAST),
        (datetime(1, 1, 1, tzinfo=UTC), Reason.IN_THE_PAST),
        (SUNDAY_BEFORE + timedelta(minutes=5), Reason.TOO_SOON),
        (berlin(date(2027, 3, 1), 9), Reason.BEYOND_HORIZON),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), Reason.BEYOND_HORIZON),
        (berlin(MONDAY, 3), Reason.OUTSIDE_AVAILABILITY),
        (berlin(MONDAY, 17), Reason.OUTSIDE_AVAILABILITY),
        (berlin(date(2026, 12, 12), 10), Reason.OUTSIDE_AVAILABILITY),
        (berlin(MONDAY, 9, 7), Reason.OFF_GRID),
        (berlin(MONDAY, 9) + timedelta(microseconds=1), Reason.OFF_GRID),
        (berlin(MONDAY, 11), Reason.BUSY),
        (berlin(MONDAY + timedelta(days=1), 9), Reason.DAY_FULL),
    ],
)
def test_a_refusal_says_why(start: datetime, reason: Reason | None) -> None:
    tuesday = MONDAY + timedelta(days=1)
    booked = [berlin(tuesday, 14), berlin(tuesday, 15)]
    diary = Diary([busy(berlin(MONDAY, 11)), *map(busy, booked)], booked=booked)
    terms = Terms(60, 60, min_notice=30, horizon=60, max_per_day=2)
    assert offer(terms, diary=diary).refusal(start) is reason


def test_the_nearest_free_starts_come_first() -> None:
    diary = Diary([busy(berlin(MONDAY, 11))])
    found = offer(diary=diary).nearest(berlin(MONDAY, 11))
    assert readings(found) == ["10:00+0100", "12:00+0100", "09:00+0100"]


def test_the_nearest_are_found_however_far_they_are() -> None:
    only = date(2027, 3, 1)
    found = offer(weekly={}, overrides={only: NINE_TO_FIVE}).nearest(datetime(9999, 1, 1, tzinfo=UTC))
    assert {slot.start.astimezone(BERLIN).date() for slot in found} == {only}
    assert len(found) == 3


def test_a_host_who_never_works_has_no_nearest() -> None:
    assert offer(weekly={}).nearest(berlin(MONDAY, 9)) == []


def test_dates_at_the_ends_of_the_calendar_are_only_dates() -> None:
    assert len(offer(Terms(60, 60, horizon=1)).free(BERLIN, date.min, date.max)) == 8
    assert offer().free(ZoneInfo("Pacific/Kiritimati"), date.min, date.min) == []
    assert offer().free(ZoneInfo("Etc/GMT+12"), date.max, date.max) == []


def test_a_month_with_a_thousand_bookings_takes_milliseconds() -> None:
    first = datetime(2026, 12, 7, 8, 0, tzinfo=UTC)
    starts = [first + timedelta(days=day, minutes=5 * n) for day in range(31) for n in range(0, 66, 2)]
    diary = Diary([busy(start, 5) for start in starts], booked=starts)
    began = time.perf_counter()
    runs = 5
    for _ in range(runs):
        offer(Terms(5, 5, max_per_day=500), diary=diary).free(BERLIN, MONDAY, MONDAY + timedelta(days=30))
    assert (time.perf_counter() - began) / runs < 0.1  # some 6 ms on a quiet machine


def test_a_vacation_wins_over_weekly_hours_and_overrides() -> None:
    away = [Vacation(MONDAY, MONDAY + timedelta(days=1)), Vacation(MONDAY - timedelta(days=30), MONDAY)]
    availability = Availability(BERLIN, WORKING_WEEK, {MONDAY: WHOLE_DAY}, away)
    made = Offer(availability, Terms(60, 60), Diary(), SUNDAY_BEFORE)
    found = made.free(BERLIN, MONDAY, MONDAY + timedelta(days=2))
    assert {slot.start.astimezone(BERLIN).date() for slot in found} == {MONDAY + timedelta(days=2)}
    assert made.refusal(berlin(MONDAY, 10)) is Reason.VACATION
    assert made.nearest(berlin(MONDAY, 10))[0].start == berlin(MONDAY + timedelta(days=2), 9)


def test_a_diary_in_seconds_is_the_same_as_in_moments() -> None:
    start, end = busy(berlin(MONDAY, 10))
    seconds = int(start.timestamp()), int(end.timestamp())
    rules = Terms(60, 60, max_per_day=2, capacity=3)
    moments = Diary([(start, end)], [Group(start, end, 1)], [start])
    counted = Diary([seconds], [Group(*seconds, 1)], [seconds[0]])
    assert offer(rules, diary=moments).free(BERLIN, MONDAY, MONDAY) == offer(rules, diary=counted).free(
        BERLIN, MONDAY, MONDAY
    )


@pytest.mark.parametrize("name", ["Europe/Berlin", "Africa/Monrovia", "Asia/Kathmandu", "Pacific/Apia", "UTC"])
def test_moments_are_written_as_python_writes_them(name: str) -> None:
    zone = ZoneInfo(name)
    moments = [1817 * number * 3600 + number for number in range(1200)]
    wall = WallClock(zone, moments[0], moments[-1] + 1)
    assert wall.written(moments) == [datetime.fromtimestamp(at, zone).isoformat() for at in moments]
