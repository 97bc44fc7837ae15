"""`make run`: all of Punctual on this machine, until it is told to stop.

Whatever can be refused is refused before anything is started.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from deploy.local.keep import Keep
from deploy.local.processes import PORTS, Process, migrations, processes
from deploy.local.settings import GATEWAY, VARIABLES, Refused, Settings, load
from deploy.local.start_up import start_up
from deploy.local.terminal import complain
from deploy.local.watch import LAST_LINES, Watch

STOPS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
OUR_VARIABLES = {*VARIABLES, "PORT", "DATA", "BIND", "PUBLIC_URL"}


def main() -> int:
    """Run until told to stop; 0 then, 1 when something was refused or could not live."""
    for number in STOPS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # as nohup has it
            signal.signal(number, stopped)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    try:
        settings = load(os.environ)
        keep = Keep(settings.data)
        ports_are_free(settings)
        for name in OUR_VARIABLES & os.environ.keys():
            del os.environ[name]  # each process is told what it needs, and no more
        migrate(migrations(settings, keep))
        run = processes(settings, keep)
        watch = Watch(run, keep.logs, start_up(settings, keep, run))
    except Refused as refusal:
        complain(f"Punctual can't run: {refusal}")
        return 1
    watch.main()
    return 1 if watch.failed else 0


def stopped(_number: int, _frame: object) -> NoReturn:
    """Being told to stop is not an error."""
    raise SystemExit(0)


def ports_are_free(settings: Settings) -> None:
    """Raise `Refused` that names every port that somebody else has."""
    taken = []
    for name, offset in PORTS.items():
        address = (settings.bind if offset == GATEWAY else "127.0.0.1", settings.port + offset)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
            except OSError as error:
                taken.append(f"port {address[1]} for the {name} ({error.strerror})")
    if taken:
        raise Refused(f"it can't have {', '.join(taken)}; PORT=... moves all of them")


def migrate(migrations: list[Process]) -> None:
    """Bring the databases up to date, all at once. Raises `Refused` with the last lines of one that could not."""
    running: dict[str, subprocess.Popen[str]] = {}
    try:
        with stops_held_back():
            for process in migrations:
                running[process.name] = started(process)
        for name, child in running.items():
            output, _ = child.communicate()
            if child.returncode != 0:
                last = "\n".join(output.splitlines()[-LAST_LINES:])
                raise Refused(f"{name} ended with exit code {child.returncode}. Its last lines:\n{last}")
    finally:
        for child in running.values():
            child.terminate()
        for child in running.values():
            child.wait()


def started(process: Process) -> subprocess.Popen[str]:
    """Start a process that is to end by itself, in a group of its own."""
    return subprocess.Popen(
        [sys.executable, *process.arguments],
        env=os.environ | process.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )


@contextmanager
def stops_held_back() -> Iterator[None]:
    """Let a stop wait until what is being started is known by name, and then end; blocked, children would inherit it.

    A stop in the middle of a `Popen` once left a migration behind that nobody ended.
    """
    told: list[int] = []
    ours = [number for number in STOPS if signal.getsignal(number) is stopped]
    for number in ours:
        signal.signal(number, lambda told_now, _frame: told.append(told_now))
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, stopped)
    if told:
        stopped(told[0], None)


if __name__ == "__main__":
    sys.exit(main())
