"""Runs of the real runner over stand-ins for the services, on free ports and in a folder of their own."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.append(str(ROOT))  # deploy.local is a folder of scripts, not an installed package

from shared.testing import eventually  # noqa: E402 - after the path

PACKAGES = ("booking", "zoom_connector", "notifier", "gateway", "sandbox")


class Run:
    """A started runner, its output so far, and the processes below it."""

    def __init__(self, command: list[str], environment: dict[str, str], folder: Path) -> None:
        self.port, self.data = environment["PORT"], Path(environment["DATA"])
        self.output = ""
        self.process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line

    def says(self, text: str) -> "Run":
        eventually(lambda: text in self.output or self.process.poll() is not None, timeout=30)
        assert text in self.output, self.output
        return self

    def ready(self) -> "Run":
        return self.says(f"ready http://127.0.0.1:{self.port}\n").says("logs  ")

    def processes(self) -> dict[str, int]:
        """Give the pids of the children by their name, `booking-api`."""
        pids = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="utf-8").split()
        found = {}
        for pid in pids:
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0")
                if "-m" in words:
                    found["-".join(words[words.index("-m") + 1 :]).rstrip("-").replace("_", "-")] = int(pid)
        return found

    def told(self, name: str) -> str:
        return (self.data / f"{name}.json").read_text(encoding="utf-8")

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        code = self.process.wait(timeout=30)
        self._reader.join()
        return code


Start = Callable[..., Run]


@pytest.fixture(scope="session")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stand-ins")
    for package in PACKAGES:
        (folder / package).mkdir()
        (folder / package / "__init__.py").touch()
        (folder / package / "__main__.py").symlink_to(Path(__file__).with_name("stand_in.py"))
    return folder


@pytest.fixture
def start(stand_ins: Path, tmp_path: Path) -> Iterator[Start]:
    """Start runners; whatever still runs at the test's end is ended."""
    with starting(stand_ins, tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def start_for_module(stand_ins: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start runners that go on until the module's end."""
    with starting(stand_ins, tmp_path_factory.mktemp("run")) as start:
        yield start


@contextlib.contextmanager
def starting(stand_ins: Path, folder: Path) -> Iterator[Start]:
    runs: list[Run] = []

    def start(*command: str, **variables: str) -> Run:
        environment = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
        environment |= {"PYTHONPATH": str(stand_ins), "PORT": str(free_base()), "DATA": str(folder / "var")}
        run = Run(list(command) or [sys.executable, "-m", "deploy.local.run"], environment | variables, ROOT)
        runs.append(run)
        return run

    yield start
    for run in runs:
        with contextlib.suppress(ProcessLookupError):
            run.process.kill()
        run.ended()


def free_base() -> int:
    """Find a PORT whose six ports are free, below those that the system hands out by itself."""
    while True:
        base = random.randrange(20000, 32000, 20)
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            for offset in (0, 1, 2, 3, 10, 11):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", base + offset))
            return base
