"""Keeps the processes of one run alive with supervisor, and ends the run when one of them can't live."""

import contextlib
import ctypes
import io
import os
import re
import shlex
import signal
import sys
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from deploy.local.parent import Parent
from deploy.local.processes import Process
from deploy.local.terminal import complain
from supervisor import events
from supervisor.datatypes import RestartUnconditionally
from supervisor.medusa import asyncore_25 as asyncore
from supervisor.options import ProcessConfig, ProcessGroupConfig, ServerOptions
from supervisor.poller import Poller
from supervisor.states import SupervisorStates
from supervisor.supervisord import Supervisor

TURN_SECONDS = 0.2
"""How long a signal or a death may wait to be noticed."""
STOP_SECONDS = 7
"""How long a process may take to end when asked; then it is killed. A stop may take 10 s in all."""
DEATHS, WITHIN_SECONDS = 5, 60
LAST_LINES = 20
LOG_BYTES, LOG_FILES = 10 * 1024 * 1024, 3
PR_SET_PDEATHSIG = 1
ERROR = re.compile(rb"\[(error|critical)\s*\]|\"level\": ?\"(error|critical)\"", re.IGNORECASE)
LIBC = ctypes.CDLL(None)


# supervisor publishes no types, hence an ignore at each class that builds on one of its own.


class Watch(Supervisor):  # type: ignore[misc]
    """One supervised run; `start` is what is done meanwhile, a step each turn."""

    def __init__(self, processes: Sequence[Process], logs: Path, start: Iterator[None]) -> None:
        super().__init__(options(processes, logs))
        self.failed = False
        self._start = start
        self._logs = logs
        self._deaths: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=DEATHS))
        self._last: dict[str, deque[bytes]] = defaultdict(lambda: deque([b""], maxlen=LAST_LINES))
        self._parent = Parent()
        self._ending = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT}
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as nohup has it
            self._ending.add(signal.SIGHUP)

    def runforever(self) -> None:
        """Take turns until everything has stopped."""
        events.subscribe(events.ProcessLogStdoutEvent, self.heard)
        events.subscribe(events.ProcessStateExitedEvent, self.died)
        events.subscribe(events.ProcessStateStoppedEvent, self.swept)
        events.subscribe(events.ProcessStateFatalEvent, self.gave_up)
        with contextlib.suppress(asyncore.ExitNow):
            super().runforever()

    def tick(self, now: float | None = None) -> None:
        """Use the turn: go on starting, and see whether the one who started us still wants us."""
        super().tick(now)
        if self.options.mood == SupervisorStates.RUNNING:
            next(self._start, None)
            if self._parent.is_done():
                self.stop()

    def handle_signal(self) -> None:
        """Stop on every signal that ends a program; supervisor would start anew on a closed terminal."""
        if self.options.get_signal() in self._ending:
            self.stop()

    def stop(self) -> None:
        """Begin to end all processes at once."""
        self.options.mood = SupervisorStates.SHUTDOWN

    def heard(self, event: Any) -> None:
        """Remember a process's last lines for its obituary, and show its errors at once."""
        name, last = event.process.config.name, self._last[event.process.config.name]
        *whole, rest = (last.pop() + event.data).split(b"\n")
        for line in whole:
            last.append(line)
            if ERROR.search(line):
                complain(f"{name} | {line.decode(errors='replace')}")
        last.append(rest)

    def died(self, event: Any) -> None:
        """Count a death; supervisor starts the process again unless the run ends."""
        self.swept(event)
        process, deaths = event.process, self._deaths[event.process.config.name]
        now = time.monotonic()
        deaths.append(now)
        how = "was killed" if process.exitstatus < 0 else f"ended with exit code {process.exitstatus}"
        if self.options.mood != SupervisorStates.RUNNING:
            return
        if len(deaths) == DEATHS and now - deaths[0] < WITHIN_SECONDS:
            self.end_of_run(process, f"{how}, for the {DEATHS}th time within {WITHIN_SECONDS} s")
        else:
            complain(
                f"{process.config.name} {how} and is started again; its log: {self._logs / process.config.name}.log"
            )

    def swept(self, event: Any) -> None:
        """Take away what a dead process left in its group; a web server's orphan would keep the port."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(event.process.pid, signal.SIGKILL)

    def gave_up(self, event: Any) -> None:
        """End the run when a process could not even be started."""
        self.end_of_run(event.process, f"could not be started: {event.process.spawnerr}")

    def end_of_run(self, process: Any, why: str) -> None:
        """Say what ended the run, with the process's last lines."""
        name = process.config.name
        complain(f"{name} {why}. Its last lines:")
        for line in self._last[name]:
            if line.strip():
                complain(f"{name} | {line.decode(errors='replace')}")
        self.failed = True
        self.stop()


class Options(ServerOptions):  # type: ignore[misc]
    """Supervisor's options, without its configuration file."""

    def __init__(self) -> None:
        super().__init__()
        self.configfile = io.StringIO("[supervisord]\n")
        self.poller = Turns(self)

    def setpgrp(self) -> None:
        """Give the child, in which this runs, a group of its own and an end when this process ends, however it does."""
        super().setpgrp()
        if sys.platform == "linux":
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Turns(Poller):  # type: ignore[misc]
    """Supervisor's wait for output, in shorter turns than its second."""

    def poll(self, timeout: float) -> Any:
        """Wait for output no longer than a turn."""
        return super().poll(min(timeout, TURN_SECONDS))


def options(processes: Sequence[Process], logs: Path) -> Options:
    """Tell supervisor what to run; all in one group, which it starts and stops at once."""
    made = Options()
    # 256 is also how many descriptors supervisor closes one by one in each child.
    made.realize(["--nodaemon", "--silent", "--nocleanup", "--minfds", "256", "--minprocs", "1"])
    made.first = True
    made.test = False
    made.logfile = str(logs / "supervisor.log")
    made.pidfile = str(logs / "supervisor.pid")
    made.logfile_maxbytes, made.logfile_backups = LOG_BYTES, LOG_FILES
    group = [config(made, process, logs) for process in processes]
    made.process_group_configs = [ProcessGroupConfig(made, "punctual", 999, group)]
    return made


def config(made: Options, process: Process, logs: Path) -> Any:
    """Describe one process to supervisor: up at once and always again, its output in a log that is rotated."""
    return ProcessConfig(
        made,
        name=process.name,
        command=shlex.join([sys.executable, *process.arguments]),
        environment=dict(process.environment) | {"PYTHONUNBUFFERED": "1"},
        autostart=True,
        autorestart=RestartUnconditionally,
        startsecs=0,
        startretries=DEATHS,
        exitcodes=[0],
        stopsignal=signal.SIGTERM,
        stopwaitsecs=STOP_SECONDS,
        stopasgroup=False,
        killasgroup=True,
        redirect_stderr=True,
        stdout_logfile=str(logs / f"{process.name}.log"),
        stdout_logfile_maxbytes=LOG_BYTES,
        stdout_logfile_backups=LOG_FILES,
        stdout_events_enabled=True,
        stdout_capture_maxbytes=0,
        stdout_syslog=False,
        stderr_logfile=None,
        stderr_logfile_maxbytes=0,
        stderr_logfile_backups=0,
        stderr_events_enabled=False,
        stderr_capture_maxbytes=0,
        stderr_syslog=False,
        uid=None,
        directory=None,
        umask=None,
        priority=999,
    )
