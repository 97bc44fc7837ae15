"""What a benchmark finds out: figures, each beside a peer that was measured in the same run on the same machine."""

import json
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO


@dataclass(frozen=True)
class Sizes:
    """How much is done of each. The short form only shows that everything works."""

    clients: int = 8
    bookings_each: int = 25
    slot_bookings: int = 1000
    slot_requests: int = 40
    slot_clients: int = 16
    slot_requests_each: int = 8
    events: int = 200
    relayed: int = 3000
    links: int = 15


SHORT = Sizes(
    clients=2,
    bookings_each=2,
    slot_bookings=20,
    slot_requests=2,
    slot_clients=2,
    slot_requests_each=1,
    events=5,
    relayed=20,
    links=2,
)


@dataclass(frozen=True)
class Figure:
    """One measurement. A rate (`…/s`) should be high, everything else low."""

    label: str
    value: float
    unit: str
    peer_name: str
    peer_value: float

    @property
    def ratio(self) -> float:
        """How many times the peer's value ours is."""
        return self.value / self.peer_value if self.peer_value else math.nan


@dataclass(frozen=True)
class Column:
    """All that was measured on one kind of engines."""

    engines: str
    figures: Sequence[Figure]


def document(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Give what is written into bench.json."""
    return [
        {
            "name": f"{figure.label} ({column.engines})",
            "value": _rounded(figure.value),
            "unit": figure.unit,
            "peer_name": figure.peer_name,
            "peer_value": _rounded(figure.peer_value),
            "ratio": _rounded(figure.ratio),
        }
        for column in columns
        for figure in column.figures
    ]


def write(path: Path, columns: Sequence[Column]) -> None:
    """Write bench.json, whole or not at all."""
    half = path.with_suffix(".half")
    half.write_text(json.dumps(document(columns), indent=2) + "\n", encoding="utf-8")
    half.replace(path)


def show(columns: Sequence[Column], out: TextIO) -> None:
    """Print one table with the engines beside each other."""
    labels = list(dict.fromkeys((figure.label, figure.unit) for column in columns for figure in column.figures))
    out.write(f"\n{'':38}" + "".join(f"{column.engines:>33}" for column in columns) + "\n")
    out.write(f"{'':38}" + f"{'value':>13}{'peer':>11}{'ratio':>9}" * len(columns) + "\n")
    for label, unit in labels:
        found = [next((one for one in column.figures if one.label == label), None) for column in columns]
        out.write(f"{label:38}" + "".join(_cells(figure, unit) for figure in found) + "\n")
        peers = list(dict.fromkeys(figure.peer_name for figure in found if figure is not None))
        out.write("".join(f"    beside: {peer}\n" for peer in peers))


def percentile(values: Sequence[float], percent: float) -> float:
    """Give the smallest value that `percent` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def timed(work: Callable[[], object]) -> float:
    """Do it once; give the milliseconds it took."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def per_second(works: Sequence[Callable[[], object]], times: int) -> float:
    """Do each of `works` so many times, all side by side; give how many were done a second."""
    with ThreadPoolExecutor(len(works)) as pool:
        begun = time.perf_counter()
        for done in [pool.submit(_repeated, work, times) for work in works]:
            done.result()
        return len(works) * times / (time.perf_counter() - begun)


def _repeated(work: Callable[[], object], times: int) -> None:
    for _ in range(times):
        work()


def _cells(figure: Figure | None, unit: str) -> str:
    if figure is None:
        return f"{'-':>13}{'-':>11}{'-':>9}"
    return f"{f'{_short(figure.value)} {unit}':>13}{_short(figure.peer_value):>11}{_short(figure.ratio):>9}"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
