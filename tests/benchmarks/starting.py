"""How long `make run` takes until it is ready and how much memory it holds, beside bare processes that import Flask."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure

IMPORT = "import flask, sqlalchemy"
BARE = f"python -c '{IMPORT}'"
PROC = Path("/proc")
MIGRATIONS, PROCESSES = 4, 8
"""What `make run` starts side by side: first one for each database, then those that stay."""


def measure(make: int, seconds: float) -> list[Figure]:
    """Compare a fresh start, migrations included, and what is resident once it has come to rest."""
    pids = list(_below(make))
    ours = sum(map(_resident, pids))
    begun = time.perf_counter()
    for count in (MIGRATIONS, PROCESSES):
        _side_by_side(count)
    peer = time.perf_counter() - begun
    return [
        Figure("start-up of make run", seconds, "s", f"{MIGRATIONS}, then {PROCESSES} times {BARE}", peer),
        Figure("resident memory of make run", ours, "MB", f"{len(pids)} times {BARE}", _bare(len(pids))),
    ]


def _side_by_side(count: int) -> None:
    running = [subprocess.Popen([sys.executable, "-c", IMPORT]) for _ in range(count)]
    for process in running:
        process.wait()


def _bare(count: int) -> float:
    with subprocess.Popen(
        [sys.executable, "-c", f"{IMPORT}\nprint(flush=True)\ninput()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        if process.stdout is None or process.stdin is None:
            raise RuntimeError("no pipes")
        process.stdout.readline()
        one = _resident(process.pid)
        process.stdin.write(b"\n")
        process.stdin.close()
    return one * count


def _below(make: int) -> Iterator[int]:
    """Give every Python process that was started by this one, directly or not."""
    children: dict[int, list[tuple[int, str]]] = {}
    for pid, parent, command in _processes():
        children.setdefault(parent, []).append((pid, command))
    waiting = [make]
    while waiting:
        for pid, command in children.get(waiting.pop(), []):
            waiting.append(pid)
            if "python" in command.lower():
                yield pid


def _processes() -> Iterator[tuple[int, int, str]]:
    """Give the id, the parent's id and the name of every process. A bare Linux has no ps, and others have no /proc."""
    if not _has_proc():
        told = subprocess.run(["ps", "-Ao", "pid=,ppid=,comm="], capture_output=True, text=True, check=True).stdout
        for line in told.splitlines():
            pid, parent, command = line.split(None, 2)
            yield int(pid), int(parent), command
        return
    for path in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has just ended
            status = _status(int(path.name))
            yield int(path.name), int(status["PPid"]), status["Name"]


def _resident(pid: int) -> float:
    if _has_proc():
        return int(_status(pid).get("VmRSS", "0").split()[0]) / 1024
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return int(told or 0) / 1024


def _has_proc() -> bool:
    return (PROC / "self" / "status").exists()


def _status(pid: int) -> dict[str, str]:
    lines = (PROC / str(pid) / "status").read_text(encoding="utf-8", errors="replace").splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)
