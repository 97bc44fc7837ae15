"""`make bench`: measures what Punctual costs on this machine, prints one table and writes bench.json."""

import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn

import structlog

sys.path[0] = str(Path(__file__).resolve().parents[1])  # the folder of the tests, as pytest has it

from benchmarks import (  # noqa: E402 - found only after the line above
    booking_rate,
    engines,
    event_travel,
    figures,
    link_ready,
    running,
    slot_listing,
    starting,
)

OUTPUT = running.ROOT / "bench.json"


def main() -> int:
    """Measure on files alone, then on what real engines there are."""
    signal.signal(signal.SIGTERM, _stopped)
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())  # the table is what is read here
    sizes = figures.SHORT if "--short" in sys.argv[1:] else figures.Sizes()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="punctual-bench-") as made:
        folder = Path(made)
        (folder / "embedded").mkdir()
        (folder / "real").mkdir()
        columns = [measure(engines.Engines(folder / "embedded"), sizes)]
        with engines.real(folder / "real", os.environ, say) as found:
            if found is not None:
                columns.append(measure(found, sizes))
    figures.write(OUTPUT, columns)
    figures.show(columns, sys.stdout)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    say(f"\n{os.cpu_count()} cores, load {load}, {time.monotonic() - begun:.0f} s; written to {OUTPUT.name}")
    return 0


def measure(on: engines.Engines, sizes: figures.Sizes) -> figures.Column:
    """Measure everything on one kind of engines."""
    say(f"Measuring on {on.name}")
    found = event_travel.measure_relay(on, sizes)
    if on.broker_url:
        engines.forget_topology(on.broker_url)  # with what the relay has left there
    with running.running(on.folder, on.environment()) as (punctual, make, seconds):
        punctual.wait_for_rest()
        started = starting.measure(make, seconds)
        found = [
            *booking_rate.measure(punctual, on, sizes),
            *slot_listing.measure(punctual, sizes),
            *event_travel.measure_commit_to_consumer(punctual, on, sizes),
            *found,
            *link_ready.measure(punctual, sizes),
            *started,
        ]
    return figures.Column(on.name, found)


def _stopped(_number: int, _frame: object) -> NoReturn:
    """End the processes and servers that were started, too."""
    raise SystemExit(1)


def say(text: str) -> None:
    """Tell the person at the terminal."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
