"""Every process of Punctual but the gateway, on engines of the test's choice; what dies comes back at once."""

import atexit
import contextlib
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self

import requests

from shared import bus
from shared.bus import Bus
from shared.database import Database
from shared.migrations import migrate
from shared.testing import eventually, free_port
from support.faults.outside import CREDENTIALS, PUBLIC_URL, Outside
from zoom_connector import bootstrap as connector
from zoom_connector import settings as connector_settings

TESTS = Path(__file__).resolve().parents[2]
KEY = "service-key-of-the-fault-tests-0123456789"
Service = Literal["booking", "zoom-connector", "notifier"]
SERVICES: tuple[Service, ...] = ("booking", "zoom-connector", "notifier")
Plug = Mapping[str, Any]


@dataclass(frozen=True)
class Engines:
    """Where the services keep their data and meet. No broker: the embedded bus."""

    databases: Mapping[str, str]
    broker_url: str = ""

    @classmethod
    def embedded(cls, folder: Path) -> "Engines":
        """Give SQLite files and the embedded bus."""
        return cls({service: f"sqlite:///{folder / service}.sqlite3" for service in SERVICES})


@dataclass
class Child:
    """A process that is to run, whichever its number is by now."""

    name: str
    wish: dict[str, Any]
    make_plugs: Callable[[int], Sequence[Plug]]
    pid: int = 0
    births: int = 0
    wanted: bool = True
    born: threading.Event = field(default_factory=threading.Event)
    dead: threading.Event = field(default_factory=threading.Event)
    """Set at the first death, and so for one that is not wanted any more: it is gone."""


class Nursery:
    """The process that gives birth to all others; one for any number of fleets. See `support.faults.nursery`."""

    def __init__(self, log: Path) -> None:
        self._awaited: dict[int, Child] = {}
        self._alive: dict[int, Child] = {}
        self._numbers = itertools.count(1)
        self._ready = threading.Event()
        self._writing = threading.Lock()
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(TESTS)}
        command = [sys.executable, "-m", "support.faults.nursery"]
        with log.open("ab") as lines:
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=lines
            )
        threading.Thread(target=self._listen, name="nursery", daemon=True).start()

    def bear(self, child: Child) -> None:
        """Start a process; whenever it dies while it is wanted, start it again."""
        assert self._ready.wait(30), "the nursery does not come up"
        child.births += 1
        child.born.clear()
        with self._writing:
            number = next(self._numbers)
            self._awaited[number] = child
            wish = child.wish | {"number": number, "plugs": [dict(plug) for plug in child.make_plugs(child.births)]}
            assert self._process.stdin is not None
            with contextlib.suppress(BrokenPipeError, ValueError):
                self._process.stdin.write((json.dumps(wish) + "\n").encode())
                self._process.stdin.flush()

    def close(self) -> None:
        """End it, and with it whatever is left."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            said = json.loads(line)
            if "ready" in said:
                self._ready.set()
            elif "born" in said:
                child = self._awaited.pop(said["wish"])
                child.pid = said["born"]
                self._alive[child.pid] = child
                child.born.set()
            else:
                child = self._alive.pop(said["died"])
                child.dead.set()
                if child.wanted:
                    self.bear(child)


@dataclass
class Fleet:
    """Starts, kills and buries. `folder` is DATA and holds every process's log."""

    folder: Path
    engines: Engines
    outside: Outside
    nursery: Nursery
    told: Mapping[str, str] = field(default_factory=dict)
    kills: list[tuple[float, str]] = field(default_factory=list)
    """Kills from outside: when, and whom."""

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.databases = {service: Database(url) for service, url in self.engines.databases.items()}
        self.url = f"http://127.0.0.1:{free_port()}"
        self._children: dict[str, Child] = {}

    def migrate(self) -> None:
        """Make all tables, by copying where they are files."""
        for service, url in self.engines.databases.items():
            if url.startswith("sqlite:"):
                shutil.copy(tables(service), url.removeprefix("sqlite:///"))
            else:
                migrate(url, service.replace("-", "_"))

    def start(
        self, service: Service, role: str, name: str = "", plugs: Callable[[int], Sequence[Plug]] = lambda _: ()
    ) -> Child:
        """Start a process, and again whenever it dies. `plugs` are made anew for each birth, given its number."""
        name = name or f"{service}-{role}"
        environ = self._told(service) | ({"PORT": self.url.rpartition(":")[2]} if role == "api" else {})
        wish = {
            "package": service.replace("-", "_"),
            "role": role,
            "environ": environ,
            "log": str(self.folder / f"{name}.log"),
        }
        child = self._children[name] = Child(name, wish, plugs)
        self.nursery.bear(child)
        assert child.born.wait(30)
        return child

    def start_all(self, *, each: int = 1, plugs: Callable[[str, int], Sequence[Plug]] = lambda *_: ()) -> None:
        """Start the booking service's api and so many of each worker, and wait until bookings are taken."""
        for service in SERVICES:
            for number in range(1, each + 1):
                name = f"{service}-worker-{number}"
                self.start(service, "worker", name, lambda birth, name=name: plugs(name, birth))  # type: ignore[misc]
        self.start("booking", "api", plugs=lambda birth: plugs("booking-api", birth))
        self.wait_ready()

    def wait_ready(self, timeout: float = 60) -> None:
        """Wait until the api answers."""
        eventually(self.is_ready, timeout=timeout)

    def is_ready(self) -> bool:
        """Ask once."""
        with contextlib.suppress(requests.RequestException):
            return requests.get(f"{self.url}/readyz", timeout=3).ok
        return False

    def names(self) -> list[str]:
        """Name all processes that are to run."""
        return [child.name for child in self._children.values() if child.wanted]

    def kill(self, name: str) -> None:
        """End a process as a power cut would; it comes back."""
        self.send(name, signal.SIGKILL)
        self.kills.append((time.time(), name))

    def send(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a process and to all that it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._children[name].pid, number)

    def retire(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """End a process for good."""
        child = self._children[name]
        child.wanted = False
        child.dead.clear()
        self.send(name, number)
        child.dead.wait(15)

    def deaths(self) -> list[dict[str, Any]]:
        """List who died at which place by its own hand."""
        file = self.folder / "deaths"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def lost(self, service: Service) -> int:
        """Count the deaths of a service's workers, by whomever."""
        children = [child for name, child in self._children.items() if name.startswith(f"{service}-worker")]
        return sum(child.births - 1 for child in children)

    def mortal(self, *, now: bool) -> None:
        """Let the processes die at their places, or stop dying."""
        file = self.folder / "mortal"
        if now:
            file.touch()
        else:
            file.unlink(missing_ok=True)

    def bus(self) -> Bus:
        """Give a connection of the test's own to the services' bus."""
        return bus.connect(self.engines.broker_url, self.folder)

    def connect_zoom(self, host_id: str) -> None:
        """Connect a host as the callback does."""
        settings = connector_settings.load(self._told("zoom-connector"))
        parts = connector.build(settings, clock=lambda: datetime.now(UTC))
        try:
            back = self.outside.allow(parts.connecting.begin(host_id), f"{host_id}@zoom.example")
            parts.connecting.complete(host_id, state=back["state"], code=back["code"], error=None)
        finally:
            parts.close()

    def log(self, name: str) -> str:
        """Read what a process has written."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def stop(self) -> None:
        """End everything."""
        for name in self.names():
            self.retire(name)
        for database in self.databases.values():
            database.close()

    def _told(self, service: Service) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "DATA": str(self.folder),
            "DATABASE_URL": self.engines.databases[service],
            "BROKER_URL": self.engines.broker_url,
            "PUBLIC_URL": PUBLIC_URL,
            "SERVICE_KEY": KEY,
            "SMTP_URL": self.outside.smtp_url,
            "CONFIRMATION_WAIT": "3",
            "ZOOM_OAUTH_URL": self.outside.url,
            "ZOOM_API_URL": f"{self.outside.url}/v2",
            # A backlog of hundreds is to be done within a minute; that Zoom's limit is kept to has its own test.
            "ZOOM_CALLS_PER_SECOND": "1000",
            **CREDENTIALS,
            **self.told,
        }


class Killer:
    """Kills one of the processes every now and then, by a seed."""

    def __init__(self, fleet: Fleet, seed: int, *, every: float) -> None:
        self._fleet = fleet
        self._chance = random.Random(seed)
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="killer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._chance.expovariate(1 / self._every)):
            self._fleet.kill(self._chance.choice(self._fleet.names()))


@cache
def tables(service: str) -> Path:
    """Give a file with all tables of a service, made once."""
    folder = Path(tempfile.mkdtemp(prefix="punctual-tables-", dir=room()))
    atexit.register(forget, folder)
    migrate(f"sqlite:///{folder / service}.sqlite3", service.replace("-", "_"))
    return folder / f"{service}.sqlite3"


def room() -> Path:
    """Give where data may lie that need not outlive the machine: in memory, if there is a file system for it."""
    memory = Path("/dev/shm")  # noqa: S108 - not for secrets, and gone with the run
    return memory if os.access(memory, os.W_OK) else Path(os.environ.get("TMPDIR", "/tmp"))  # noqa: S108


def forget(folder: Path) -> None:
    """Remove a run's data."""
    shutil.rmtree(folder, ignore_errors=True)


__all__ = ["KEY", "SERVICES", "Engines", "Fleet", "Killer", "Nursery", "Service", "forget", "room", "tables"]
