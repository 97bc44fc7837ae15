"""Starts services as real processes within milliseconds: it has imported everything already, and forks.

It is itself a process: wishes come in as lines of JSON, births and deaths go out as such. When the wishes end,
so does every child. Nothing is opened before a fork, so a child is what `python -m PACKAGE ROLE` is.
"""

import contextlib
import importlib
import json
import os
import runpy
import selectors
import signal
import sys
from typing import Any

from support.faults import plugs

IMPORTED = ("booking.bootstrap", "zoom_connector.bootstrap", "notifier.bootstrap", "shared.web", "shared.migrations")


def main() -> None:
    """Serve wishes until they end."""
    for name in IMPORTED:
        importlib.import_module(name)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    children: set[int] = set()
    heard = b""
    with selectors.DefaultSelector() as waiting:
        waiting.register(sys.stdin, selectors.EVENT_READ, "wish")
        waiting.register(woken, selectors.EVENT_READ, "death")
        _say(ready=True)
        while True:
            for key, _ in waiting.select():
                if key.data == "death":
                    os.read(woken, 1024)
                    _bury(children)
                elif not (more := os.read(0, 65536)):
                    _end(children)
                    return
                else:
                    *wishes, heard = (heard + more).split(b"\n")
                    for wish in wishes:
                        children.add(_bear(json.loads(wish)))


def _bear(wish: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        _say(born=pid, wish=wish["number"])
        return pid
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _become(wish)
    os._exit(1)


def _become(wish: dict[str, Any]) -> None:
    """Be the service, with a log of its own, as if started from a shell."""
    log = os.open(wish["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, log), (2, log)):
        os.dup2(source, target)
    os.closerange(3, 64)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(wish["environ"])
    sys.argv = [wish["package"], wish["role"]]
    code = 1
    try:
        plugs.put_in(wish["plugs"])
        runpy.run_module(wish["package"], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    finally:
        sys.stderr.flush()
        os._exit(code)


def _bury(children: set[int]) -> None:
    while children:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        children.discard(pid)
        # What a killed server has started must not outlive it.
        _kill(pid)
        _say(died=pid, code=os.waitstatus_to_exitcode(status))


def _end(children: set[int]) -> None:
    for pid in children:
        _kill(pid)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _say(**what: Any) -> None:
    os.write(1, (json.dumps(what) + "\n").encode())


if __name__ == "__main__":
    main()
