"""The benchmark's smallest form. Nothing here is timed: it has to work, and bench.json has to have its shape."""

import io
import json
from pathlib import Path

from benchmarks import booking_rate, event_travel, figures, link_ready, slot_listing
from benchmarks.engines import Engines
from benchmarks.figures import SHORT, Column, Figure
from benchmarks.running import Punctual
from support.system import System

FIELDS = ["name", "value", "unit", "peer_name", "peer_value", "ratio"]


def test_every_figure_has_a_peer_and_bench_json_its_shape(system: System, tmp_path: Path) -> None:
    punctual, engines = Punctual(system.data, system.port), Engines(tmp_path)
    found = [
        *booking_rate.measure(punctual, engines, SHORT),
        *slot_listing.measure(punctual, SHORT),
        *event_travel.measure_commit_to_consumer(punctual, engines, SHORT),
        *event_travel.measure_relay(engines, SHORT),
        *link_ready.measure(punctual, SHORT),
    ]
    figures.write(tmp_path / "bench.json", [Column(engines.name, found)])
    items = json.loads((tmp_path / "bench.json").read_text())
    assert len({item["name"] for item in items}) == len(found)
    for item in items:
        assert list(item) == FIELDS
        assert all(isinstance(item[name], str) and item[name] for name in ("name", "unit", "peer_name"))
        assert all(isinstance(item[name], float) and item[name] > 0 for name in ("value", "peer_value", "ratio"))


def test_the_table_has_the_engines_beside_each_other_and_a_dash_where_nothing_was_measured() -> None:
    one = Figure("bookings", 120.0, "/s", "bare inserts", 240.0)
    other = Figure("events", 3.0, "ms", "a bare write", 1.5)
    out = io.StringIO()
    figures.show([Column("files", [one]), Column("servers", [one, other])], out)
    lines = out.getvalue().splitlines()
    [bookings] = [line for line in lines if line.startswith("bookings")]
    [events] = [line for line in lines if line.startswith("events")]
    assert bookings.split() == ["bookings", "120", "/s", "240", "0.50", "120", "/s", "240", "0.50"]
    assert events.split() == ["events", "-", "-", "-", "3.00", "ms", "1.50", "2.00"]
    assert [line.strip() for line in lines if "beside" in line] == ["beside: bare inserts", "beside: a bare write"]


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(number) for number in range(1, 101)]
    assert (figures.percentile(values, 50), figures.percentile(values, 99)) == (50.0, 99.0)
    assert figures.percentile([3.0], 99) == 3.0
