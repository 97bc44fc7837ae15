"""Sees whether the `make` that started this process still wants it. Standard library alone: .venv may not exist yet."""

import os
import signal
from pathlib import Path

ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)


class Parent:
    """The `make` that is our parent, if one is."""

    def __init__(self) -> None:
        pid = os.getppid()
        self._pid = pid if read(pid, "comm").strip() in {"make", "gmake"} else None

    def is_done(self) -> bool:
        """Tell whether make was killed, or was told to end and now waits for us.

        make passes a SIGTERM on to its children, but not a SIGINT or SIGHUP: it takes these to come from a terminal,
        where everybody gets them. It then waits for us with that signal back at its default, and that can be seen.
        Where there is no /proc nothing is seen, and a terminal's signals do it.
        """
        return self._pid is not None and (os.getppid() != self._pid or ending(self._pid))


def ending(pid: int) -> bool:
    """Tell whether a make is at its end: it no longer handles a signal that it handles all its life."""
    fields = dict(line.split(":\t", 1) for line in read(pid, "status").splitlines() if ":\t" in line)
    if not {"SigCgt", "SigIgn"} <= fields.keys():
        return False
    handled = int(fields["SigCgt"], 16) | int(fields["SigIgn"], 16)
    return not all(handled & 1 << (number - 1) for number in ENDING)


def read(pid: int, name: str) -> str:
    """Read a file about a process; nothing where there is none."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
