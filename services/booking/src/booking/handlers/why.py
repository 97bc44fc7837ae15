"""Why a time is not offered: the one rule that removes it, in words for the host who made the rule."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from booking import storage
from booking.bookings import Host, SessionType, WorkingHours, span
from booking.handlers.desk import Desk, require_host
from booking.handlers.offers import MARGIN, offer_of, require_own_type
from booking.handlers.sentences import when
from booking.slots import Interval, Reason

OFFERED = "This time is offered."
LAST_MOMENT = datetime.combine(date.max, time(), UTC) - 2 * MARGIN


class Why(NamedTuple):
    """Whether a time is offered, and if not, which rule removes it."""

    offered: bool
    rule: str | None
    text: str


@dataclass(frozen=True, slots=True)
class _Case:
    tx: Connection
    host: Host
    session_type: SessionType
    start: datetime
    hours: WorkingHours

    @property
    def day(self) -> date:
        return self.start.astimezone(self.host.zone).date()

    @property
    def busy(self) -> tuple[datetime, datetime]:
        """What the session would hold with its buffers."""
        before = self.start - timedelta(minutes=self.session_type.buffer_before)
        return before, before + self.session_type.span


def why(desk: Desk, host_id: str, type_id: str, start: datetime) -> Why:
    """Name the one rule that keeps a start from being offered to clients."""
    with desk.database.read() as tx:
        host, session_type = require_host(tx, host_id), require_own_type(tx, host_id, type_id)
        if not session_type.active:
            return Why(False, "inactive", "This session type is not active, so none of its times are offered.")
        start = min(start, LAST_MOMENT)
        near = max(start, desk.clock() - MARGIN)
        offer = offer_of(tx, host, session_type, (near - MARGIN, near + MARGIN), now=desk.clock())
        reason = offer.refusal(start)
        if reason is None:
            return Why(True, None, OFFERED)
        case = _Case(tx, host, session_type, start, session_type.hours(storage.working_hours(tx, host.id)))
        return _WORDS[reason](case)


def _past(_case: _Case) -> Why:
    return Why(False, Reason.IN_THE_PAST, "This time is in the past.")


def _notice(case: _Case) -> Why:
    ahead = span(case.session_type.min_notice)
    return Why(False, Reason.TOO_SOON, f"It is too soon: the minimum notice of this session type is {ahead}.")


def _horizon(case: _Case) -> Why:
    days = f"{case.session_type.horizon} day{'s' * (case.session_type.horizon != 1)}"
    return Why(False, Reason.BEYOND_HORIZON, f"It is too far ahead: this session type can be booked {days} ahead.")


def _vacation(case: _Case) -> Why:
    away = next(away for away in case.hours.vacations if away.first <= case.day <= away.last)
    several = f"from {_date(away.first)} to {_date(away.last)}"
    return Why(False, Reason.VACATION, f"You are on vacation {several if away.last > away.first else 'on this day'}.")


def _hours(case: _Case) -> Why:
    override = case.hours.overrides.get(case.day)
    if override is not None:
        return Why(False, "override", f"An override for {_date(case.day)} {_offers(override)}")
    whose = "Your working hours" if case.session_type.availability is None else "The hours of this session type"
    intervals = case.hours.weekly.get(case.day.weekday(), ())
    return Why(False, Reason.OUTSIDE_AVAILABILITY, f"{whose} for {case.day:%A}s: {_offers(intervals, of_rules=True)}")


def _grid(case: _Case) -> Why:
    step = span(case.session_type.terms.slot_step)
    text = f"No session starts at exactly this time: they start every {step} from the beginning of the hours on."
    return Why(False, Reason.OFF_GRID, text)


def _full_day(case: _Case) -> Why:
    most = case.session_type.max_per_day
    text = f"{_date(case.day)} is full: this session type is booked {most} time{'s' * (most != 1)} a day at most."
    return Why(False, Reason.DAY_FULL, text)


def _busy(case: _Case) -> Why:
    found = storage.in_the_way(case.tx, case.host.id, *case.busy)
    if found is None:
        return Why(False, Reason.BUSY, "This time has been taken.")
    if (found.session_type_id, found.start) == (case.session_type.id, case.start) and case.session_type.capacity > 1:
        return Why(False, "seats_taken", f"Every seat is taken: {found.guests} booked.")
    others = "" if found.guests == 1 else f" and {found.guests - 1} more"
    text = f"{found.title} with {found.client}{others} is in the way: {when(found.start, case.host)}"
    if found.end > case.start and found.start < case.start + timedelta(minutes=case.session_type.duration):
        return Why(False, Reason.BUSY, f"{text}.")
    return Why(False, Reason.BUSY, f"{text}. The sessions do not overlap, but their buffers do.")


_WORDS: dict[Reason, Callable[[_Case], Why]] = {
    Reason.IN_THE_PAST: _past,
    Reason.TOO_SOON: _notice,
    Reason.BEYOND_HORIZON: _horizon,
    Reason.VACATION: _vacation,
    Reason.OUTSIDE_AVAILABILITY: _hours,
    Reason.OFF_GRID: _grid,
    Reason.DAY_FULL: _full_day,
    Reason.BUSY: _busy,
}


def _offers(intervals: Sequence[Interval], *, of_rules: bool = False) -> str:
    if not intervals:
        return "none." if of_rules else "makes it a day off."
    named = " and ".join(f"{_clock(one.start)}–{_clock(one.end)}" for one in intervals)  # noqa: RUF001 - a range
    return f"{'' if of_rules else 'offers '}{named}; the whole session has to fit in."


def _date(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B} {day.year}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
