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


@dataclass(frozen=True)
class Block:
    """A booking with its place: minutes from midnight, and the lane it stands in of so many."""

    booking: dict[str, Any]
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


def lay_out(first: date, last: date, found: list[dict[str, Any]], zone: str) -> Layout:
    """Give every booking its place."""
    days: dict[date, list[dict[str, Any]]] = {first + timedelta(days=n): [] for n in range((last - first).days + 1)}
    for one in sorted(found, key=lambda booking: times.moment(booking["start"])):
        days.setdefault(times.moment(one["start"], zone).date(), []).append(one)
    placed = [(day, _side_by_side([_spans(one, zone) for one in items])) for day, items in days.items()]
    blocks = [block for _, of_day in placed for block in of_day]
    return Layout(
        placed,
        min([EARLIEST, *(block.top // 60 for block in blocks)]),
        max([LATEST, *(-(-(block.top + block.height) // 60) for block in blocks)]),
    )


def minutes_at(when: datetime) -> int:
    """Give the minutes since midnight that the clock shows."""
    return when.hour * 60 + when.minute


def _spans(booking: dict[str, Any], zone: str) -> tuple[dict[str, Any], int, int]:
    start, end = times.moment(booking["start"], zone), times.moment(booking["end"], zone)
    top = minutes_at(start)
    # By the instants, not the clock: on the night of a clock change the two differ.
    long = int((end - start).total_seconds() // 60)
    return booking, top, min(max(long, SHORTEST), DAY - top)


def _side_by_side(spans: list[tuple[dict[str, Any], int, int]]) -> list[Block]:
    blocks: list[Block] = []
    group: list[tuple[dict[str, Any], int, int, int]] = []
    ends: list[int] = []
    for booking, top, height in spans:
        if group and top >= max(ends):
            blocks += _finished(group, len(ends))
            group, ends = [], []
        lane = next((n for n, end in enumerate(ends) if end <= top), len(ends))
        ends[lane : lane + 1] = [top + height]
        group.append((booking, top, height, lane))
    return blocks + _finished(group, len(ends))


def _finished(group: list[tuple[dict[str, Any], int, int, int]], lanes: int) -> list[Block]:
    return [Block(booking, top, height, lane, lanes) for booking, top, height, lane in group]
