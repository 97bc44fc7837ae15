"""Starts real servers for the tests: in containers where Docker answers, from installed binaries where it does not.

A test that finds neither is skipped with the reason; REQUIRE_SERVICES=1 makes that a failure.
"""

import contextlib
import os
import platform
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, Protocol, TypeVar

import docker
import pytest
from docker.errors import APIError, DockerException
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from shared.testing import eventually, free_port

OWNER = "punctual.tests.owner"
"""Label of each container: machine and process that started it, so that a later run can clear up after a killed one."""
Started = TypeVar("Started")


def unavailable(service: str, *reasons: str) -> NoReturn:
    """End the test that needs `service`: a skip with the reasons, or a failure where services are required."""
    sentence = f"{service} is not available: {'; '.join(reasons)}"
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(f"{sentence} (REQUIRE_SERVICES=1)", pytrace=False)
    pytest.skip(sentence)


def first_that_starts(service: str, *ways: Callable[[], Started]) -> Started:
    """Give what the first working way starts; each other way raises `CannotStartError` with its reason."""
    reasons = []
    for way in ways:
        try:
            return way()
        except CannotStartError as error:
            reasons.append(str(error))
    unavailable(service, *reasons)


class CannotStartError(Exception):
    """This way of running a server does not work here."""


class Server(Protocol):
    """A server that can be hurt: frozen and thawed, killed and started again, with its data and at its address."""

    host: str

    def port(self, inside: int) -> int:
        """Give the port at which the server's own port `inside` can be reached."""

    def freeze(self) -> None:
        """Let it hold its connections and say nothing."""

    def thaw(self) -> None:
        """Let it go on."""

    def kill(self) -> None:
        """End it as a power cut would."""

    def start(self) -> None:
        """Start it again after a kill."""

    def stop(self) -> None:
        """End it for good and remove its data."""

    def output(self) -> str:
        """Give the end of what it has written."""


class Container:
    """A server in a container. Its ports on the host are chosen beforehand, so that they outlive a restart."""

    def __init__(
        self, image: str, ports: Sequence[int], environment: Mapping[str, str], command: str | None = None
    ) -> None:
        _clear_up()
        # The clearing-up above does what the reaper's image would have to be fetched for.
        testcontainers_config.ryuk_disabled = True
        for attempt in range(3):
            self._container = DockerContainer(image, command=command).with_envs(**environment)
            for port in ports:
                self._container.with_bind_ports(port, free_port())
            self._container.with_kwargs(labels={OWNER: f"{platform.node()} {os.getpid()}"})
            try:
                self._container.start()
                break
            except DockerException as error:
                with contextlib.suppress(DockerException):
                    self._container.stop()
                # Between choosing a port and binding it somebody else may have taken it.
                if attempt == 2 or "port" not in str(error):
                    raise CannotStartError(f"Docker does not run {image} ({type(error).__name__})") from error
        self.host = "127.0.0.1" if (name := self._container.get_container_host_ip()) == "localhost" else name

    def port(self, inside: int) -> int:
        return int(self._container.get_exposed_port(inside))

    def freeze(self) -> None:
        def paused() -> bool:
            try:
                self._inner.pause()
            except APIError as error:  # the kernel gives up on a group that is busy starting processes
                raise AssertionError(str(error)) from error
            return True

        eventually(paused)

    def thaw(self) -> None:
        self._inner.unpause()

    def kill(self) -> None:
        self._inner.kill()
        self._inner.wait()

    def start(self) -> None:
        self._inner.start()

    def stop(self) -> None:
        self._container.stop()

    def output(self) -> str:
        return str(self._inner.logs(tail=40).decode(errors="replace"))

    @property
    def _inner(self) -> Any:
        return self._container.get_wrapped_container()


class Program:
    """A server from an installed binary, in a folder of its own, as a user who is not root."""

    host = "127.0.0.1"

    def __init__(self, folder: Path, ports: Mapping[int, int]) -> None:
        self.folder = folder
        self._ports = ports
        self._command: Sequence[str] = ()
        self._environment: Mapping[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Say how it is started, and start it."""
        self._command, self._environment = command, environment
        self.start()

    def port(self, inside: int) -> int:
        return self._ports[inside]

    def start(self) -> None:
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=self.folder,
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                user=server_user(),
                start_new_session=True,
            )

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def stop(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def output(self) -> str:
        return (self.folder / "output").read_text(errors="replace")[-4000:]

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)


def server_user() -> str | None:
    """Give the user to run installed servers as: they refuse to run as root. None: whoever we are."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "rabbitmq", "nobody") if name in names), None)


def server_folder() -> Path:
    """Make a folder that the server's user owns; pytest's own folders are closed to other users."""
    folder = Path(tempfile.mkdtemp(prefix="punctual-server-"))
    user = server_user()
    if user is not None:
        shutil.chown(folder, user)
    return folder


def binary(name: str, *folders: str) -> str:
    """Find an installed program, in PATH or else in the newest of the folders. Raises `CannotStartError`."""
    found = shutil.which(name) or next(
        (str(path) for pattern in folders for path in sorted(Path("/").glob(f"{pattern}/{name}"), reverse=True)), None
    )
    if found is None:
        raise CannotStartError(f"{name} is not installed")
    return found


def docker_answers() -> None:
    """Raise `CannotStartError` when there is no Docker engine to talk to."""
    try:
        client = docker.from_env(timeout=5)
        client.ping()
        client.close()
    except (DockerException, OSError) as error:
        raise CannotStartError("Docker does not answer") from error


def _clear_up() -> None:
    docker_answers()
    client = docker.from_env()
    for container in client.containers.list(all=True, filters={"label": OWNER}):
        if _is_orphan(*container.labels[OWNER].split()):
            with contextlib.suppress(DockerException):
                container.remove(force=True, v=True)
    client.close()


def _is_orphan(node: str, pid: str) -> bool:
    if node != platform.node():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    return False
