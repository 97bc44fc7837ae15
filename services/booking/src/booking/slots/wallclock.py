"""Between what a zone's wall clock reads and the instants that really pass, right where clocks jump.

Instants are whole seconds since 1970 in UTC; a reading is the same count of what the wall clock shows, without a zone.
"""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

MINUTE = 60
DAY = 86_400
Span = tuple[int, int]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()


def instant(moment: datetime | int) -> int:
    """Give the first whole second that is not before an aware moment; one that is counted in seconds already stays."""
    if isinstance(moment, int):
        return moment
    since = moment - _EPOCH
    return since.days * DAY + since.seconds + (since.microseconds > 0)


def day_number(day: date) -> int:
    """Count the days from 1970 to a date."""
    return day.toordinal() - _EPOCH_DAY


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones()) - {"Factory", "localtime"}  # places of a machine, not of the world


def zone_named(name: str) -> ZoneInfo | None:
    """Find a zone by its IANA name, spelled exactly; None when there is none."""
    if name not in _zone_names():
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


class WallClock:
    """A zone's clock over one stretch of time, cut into periods where its offset does not change."""

    def __init__(self, zone: ZoneInfo, since: int, until: int) -> None:
        self._periods: list[tuple[int, int, int]] = []
        at, offset = since, _offset(zone, since)
        while at < until:
            ahead = min(at + DAY, until)
            if _offset(zone, ahead) == offset:
                at = ahead
                continue
            at = _change(zone, at, ahead)
            self._periods.append((since, at, offset))
            since, offset = at, _offset(zone, at)
        self._periods.append((since, until, offset))

    def spans(self, reads_from: int, reads_to: int) -> list[Span]:
        """Find the instants at which the clock reads from `reads_from` up to but without `reads_to`.

        Clocks put back inside that part of the day make it longer, or two stretches; a part that is skipped is gone.
        """
        spans: list[Span] = []
        for since, until, offset in self._periods:
            start, end = max(reads_from - offset, since), min(reads_to - offset, until)
            if start >= end:
                continue
            if spans and spans[-1][1] == start:
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((start, end))
        return spans

    def written(self, moments: Sequence[int]) -> list[str]:
        """Write ascending moments as RFC 3339; the same text as `datetime.isoformat`, several times as quick."""
        texts: list[str] = []
        place = 0
        for _, until, offset in self._periods:
            end = bisect_left(moments, until, place)
            behind = _offset_text(offset)
            for at in moments[place:end]:
                day, second = divmod(at + offset, DAY)
                texts.append(f"{_date_text(day)}T{_time_text(second)}{behind}")
            place = end
        return texts

    def day(self, at: int) -> int:
        """Read the date at an instant; one outside the stretch is read with the nearest offset."""
        for _, until, offset in self._periods:
            if at < until:
                return (at + offset) // DAY
        return (at + self._periods[-1][2]) // DAY


@lru_cache(maxsize=512)
def _date_text(day: int) -> str:
    return date.fromordinal(day + _EPOCH_DAY).isoformat()


@lru_cache(maxsize=1440)
def _time_text(second: int) -> str:
    return f"{second // 3600:02}:{second // MINUTE % 60:02}:{second % MINUTE:02}"


def _offset_text(offset: int) -> str:
    return datetime.fromtimestamp(0, timezone(timedelta(seconds=offset))).isoformat()[19:]


def _offset(zone: ZoneInfo, at: int) -> int:
    offset = datetime.fromtimestamp(at, zone).utcoffset()
    return 0 if offset is None else offset.days * DAY + offset.seconds


def _change(zone: ZoneInfo, low: int, high: int) -> int:
    """Find the first instant after `low` whose offset is another one."""
    offset = _offset(zone, low)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == offset:
            low = middle
        else:
            high = middle
    return high
