"""Where each booking stands in a week or a month: its day, its height in the day, and its lane beside others. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from gateway.pages import times

EARLIEST, LATEST = 8, 18
"""Hours that a week always shows."""
SHORTEST = 30
"""Minutes: what is shorter is drawn so high, to be readable."""
DAY = 24 * 60

Span = tuple[list[dict[str, Any]], int, int]
"""The bookings of a session, its first minute of the day, and how many minutes it takes."""


@dataclass(frozen=True)
class Block:
    """A session with its place: minutes from midnight, and the lane it stands in of so many.

    The seats of a group session are one block.
    """

    bookings: list[dict[str, Any]]
    top: int
    height: int
    lane: int
    lanes: int


@dataclass(frozen=True)
class Layout:
    """The days with their blocks, and the hours to draw."""

    days: list[tuple[date, list[Block]]]
    first_hour: int
    last_hour: int

    def height_of(self, when: datetime) -> int | None:
        """Give the minutes since midnight of a moment, if its hour is drawn."""
        at = minutes_at(when)
        return at if self.first_hour * 60 <= at <= self.last_hour * 60 else None


def lay_out(first: date, last: date, found: list[dict[str, Any]], zone: str) -> Layout:
    """Give every booking of these days its place."""
    days: dict[date, list[dict[str, Any]]] = {first + timedelta(days=n): [] for n in range((last - first).days + 1)}
    for one in sorted(found, key=lambda booking: times.moment(booking["start"])):
        day = times.moment(one["start"], zone).date()
        if day in days:
            days[day].append(one)
    placed = [(day, _side_by_side([_spans(one, zone) for one in _sessions(items)])) for day, items in days.items()]
    blocks = [block for _, of_day in placed for block in of_day]
    return Layout(
        placed,
        min([EARLIEST, *(block.top // 60 for block in blocks)]),
        max([LATEST, *(-(-(block.top + block.height) // 60) for block in blocks)]),
    )


def minutes_at(when: datetime) -> int:
    """Give the minutes since midnight that the clock shows."""
    return when.hour * 60 + when.minute


def _sessions(found: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    # Only the seats of a group session begin at the same moment: nothing else of one host overlaps.
    sessions: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one in found:
        sessions.setdefault((one["start"], one["session_type"]["slug"]), []).append(one)
    return list(sessions.values())


def _spans(bookings: list[dict[str, Any]], zone: str) -> Span:
    start, end = times.moment(bookings[0]["start"], zone), times.moment(bookings[0]["end"], zone)
    top = minutes_at(start)
    # By the instants, not the clock: on the night of a clock change the two differ.
    long = int((end - start).total_seconds() // 60)
    return bookings, top, min(max(long, SHORTEST), DAY - top)


def _side_by_side(spans: list[Span]) -> list[Block]:
    blocks: list[Block] = []
    group: list[tuple[Span, int]] = []
    ends: list[int] = []
    for span in spans:
        _, top, height = span
        if group and top >= max(ends):
            blocks += _finished(group, len(ends))
            group, ends = [], []
        lane = next((n for n, end in enumerate(ends) if end <= top), len(ends))
        ends[lane : lane + 1] = [top + height]
        group.append((span, lane))
    return blocks + _finished(group, len(ends))


def _finished(group: list[tuple[Span, int]], lanes: int) -> list[Block]:
    return [Block(bookings, top, height, lane, lanes) for (bookings, top, height), lane in group]
