"""What is done once in a while."""

from datetime import UTC, datetime, timedelta

from shared.clock import Every

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_it_is_time_at_first_and_then_after_each_interval() -> None:
    every = Every(HOUR)
    assert [every.is_due(NOON + n * HOUR / 2) for n in range(5)] == [True, False, True, False, True]


def test_a_clock_that_is_set_back_makes_it_time_at_once() -> None:
    every = Every(HOUR)
    assert every.is_due(NOON)
    assert every.is_due(NOON - HOUR)
    assert not every.is_due(NOON - HOUR / 2)
