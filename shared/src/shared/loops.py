"""Runs the steps of a worker process, each in a thread of its own, until the process is told to stop."""

import contextlib
import math
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from threading import Event as Flag

from shared import logs
from shared.bus import Bus, Deliver
from shared.database import Database

log = logs.get(__name__)

Step = Callable[[], int]
"""Does a piece of what is due and gives how much; 0 when there was nothing to do."""

SAFETY_POLL = 1.0
"""Seconds. Wake-ups are hints, and nothing but the clock makes a later attempt due."""
AFTER_ERROR = 1.0
LAST_CALL = 7.0
"""Seconds in which steps may finish after a stop; what is cut off then is due again when its lease runs out."""
STUCK = 60.0
"""Seconds after which a loop whose step has neither come back nor succeeded is stuck; longer than any time-out."""


class _Pulse:
    """A file whose age tells a stranger that every loop still comes round."""

    def __init__(self, file: Path | None, loops: Iterable[str]) -> None:
        self._file = file
        self._turned = dict.fromkeys(loops, -math.inf)

    def turned(self, name: str) -> None:
        self._turned[name] = time.monotonic()

    def beat(self) -> None:
        if self._file is not None and min(self._turned.values()) > time.monotonic() - STUCK:
            with contextlib.suppress(OSError):
                self._file.touch()


def run(
    database: Database,
    steps: Mapping[str, Step],
    *,
    by_clock: Collection[str] = (),
    consume: tuple[Bus, str, Deliver] | None = None,
    pulse: Path | None = None,
) -> None:
    """Run every step until SIGTERM or SIGINT; `consume` is the bus, the queue and where its messages go.

    The steps named in `by_clock` wait for a time and never for a commit, and are asked once a second only: each look of
    theirs at a commit would keep those waiting whom it concerns. The file `pulse` is touched each second in which no
    step is stuck.
    """
    stop = Flag()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    start(database, steps, stop, by_clock=by_clock, consume=consume, pulse=pulse)()


def start(
    database: Database,
    steps: Mapping[str, Step],
    stop: Flag,
    *,
    by_clock: Collection[str] = (),
    consume: tuple[Bus, str, Deliver] | None = None,
    pulse: Path | None = None,
) -> Callable[[], None]:
    """Start the threads; give a function that waits for `stop` and for their end.

    ValueError: `by_clock` names no step.
    """
    if unknown := set(by_clock) - set(steps):
        raise ValueError(f"no steps of these names: {sorted(unknown)}")
    shown = _Pulse(pulse, steps)
    threads = [
        threading.Thread(
            target=_repeat,
            args=(name, step, None if name in by_clock else database, stop, shown),
            name=name,
            daemon=True,
        )
        for name, step in steps.items()
    ]
    if consume is not None:
        threads.append(threading.Thread(target=_consume, args=(*consume, stop), name="consume", daemon=True))
    for thread in threads:
        thread.start()
    log.info("worker_started", loops=[thread.name for thread in threads])

    def finish() -> None:
        # A wait without end in the main thread would keep Python from running the signal handler.
        while not stop.wait(0.5):
            shown.beat()
        deadline = time.monotonic() + LAST_CALL
        for thread in threads:
            thread.join(timeout=max(0.0, deadline - time.monotonic()))
        log.info("worker_stopped", cut_off=[thread.name for thread in threads if thread.is_alive()])

    return finish


def _repeat(name: str, step: Step, database: Database | None, stop: Flag, pulse: _Pulse) -> None:
    seen = -1
    trouble = None
    while not stop.is_set():
        try:
            # Read the counter first: what is committed during the step must not be slept through.
            seen = database.wait(seen, timeout=0) if database else seen
            while not stop.is_set() and step():
                pulse.turned(name)
            pulse.turned(name)
        except Exception as error:  # noqa: BLE001 - a loop outlives whatever its step meets
            # During an outage each loop fails once a second: the log hears of what changed.
            if trouble != (trouble := logs.where(error)):
                log.warning("loop_failed", loop=name, error=trouble)
            stop.wait(AFTER_ERROR)
            continue
        if trouble is not None:
            log.info("loop_works_again", loop=name)
            trouble = None
        if database:
            seen = database.wait(seen, timeout=SAFETY_POLL)
        else:
            stop.wait(SAFETY_POLL)


def _consume(bus: Bus, queue: str, deliver: Deliver, stop: Flag) -> None:
    while not stop.is_set():
        try:
            bus.run(queue, deliver, stop)
        except Exception as error:  # noqa: BLE001 - the bus may be away for hours; its messages wait there
            log.warning("bus_interrupted", queue=queue, error=logs.where(error))
            stop.wait(AFTER_ERROR)
