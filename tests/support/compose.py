"""`make up PROFILE=demo` as a system that tests can use like `make run`, with containers that can be hurt."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import docker
import requests
from docker.errors import DockerException

from sandbox.mail import mailbox
from shared.testing import eventually
from support.containers import CannotStartError, docker_answers, unavailable
from support.system import ROOT, System, free_base_port

STACKS = ROOT / "deploy" / "compose" / "stacks"
OWNER = "tests.pid"
"""File in a stack's folder: the process that started it, so that a later run can clear up after a killed one."""
PATIENCE_SECONDS = 600


class Stack(System):
    """The demo in containers."""

    def __init__(self, **environment: str) -> None:
        super().__init__(STACKS, port=free_base_port(), environment=dict(environment))
        self.folder = STACKS / str(self.port)
        self._docker: Any = None

    @property
    def mailbox_url(self) -> str:
        return f"http://127.0.0.1:{self.port + 11}"

    def start(self, timeout: float = PATIENCE_SECONDS) -> "Stack":
        """Build and start it, and wait for its ready line."""
        self._docker = docker.from_env()
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / OWNER).write_text(str(os.getpid()), encoding="utf-8")
        done = make("up", self.told, timeout=timeout)
        self.lines = done.stdout.splitlines()
        assert done.returncode == 0, done.stdout[-6000:]
        assert f"ready {self.url}" in self.lines, done.stdout[-6000:]
        return self

    def end(self) -> None:
        """Remove it with its data, which makes a slow and orderly stop pointless."""
        with contextlib.suppress(DockerException):
            for container in self.containers().values():
                if container.status == "running":
                    container.kill()
        make("down", self.told | {"VOLUMES": "1"})
        if self._docker is not None:
            self._docker.close()

    @property
    def told(self) -> dict[str, str]:
        """Give the variables of `make up` and `make down`."""
        return {"PORT": str(self.port), "PROFILE": "demo", "CONFIRMATION_WAIT": "4", **self.environment}

    def mail(self, to: str | None = None) -> list[dict[str, Any]]:
        """List what the mailbox has for one address, or for one domain, oldest first."""
        api = f"{self.mailbox_url}/api/v1"
        with requests.Session() as session:
            listed = session.get(f"{api}/messages", params={"limit": "10000"}, timeout=60).json()["messages"]
            return [
                {"id": one["ID"], "to": addresses}
                | mailbox.parsed(session.get(f"{api}/message/{one['ID']}/raw", timeout=60).content)
                for one in reversed(listed)
                if (addresses := [each["Address"] for each in one["To"]]) and addresses[0].endswith(to or "")
            ]

    def containers(self) -> dict[str, Any]:
        """Give the containers by the name of their service, jobs that are done included."""
        labels = {"label": f"com.docker.compose.project=punctual-{self.port}"}
        found = self._docker.containers.list(all=True, filters=labels)
        return {one.labels["com.docker.compose.service"]: one for one in found}

    def compose(self, *arguments: str) -> None:
        """Give an order to Docker Compose for this stack."""
        compose(self.told, *arguments)

    def is_ready(self) -> bool:
        """Tell whether the gateway and all behind it say that they are ready."""
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def wait_ready(self) -> None:
        """Wait until it is."""
        eventually(self.is_ready, timeout=60, every=0.2)


def composed() -> Stack:
    """Start a stack, or end the test with the reason why this machine can't."""
    try:
        docker_answers()
    except CannotStartError as error:
        unavailable("Docker Compose", str(error))
    if shutil.which("docker") is None:
        unavailable("Docker Compose", "there is no docker command")
    if subprocess.run(["docker", "compose", "version"], check=False, capture_output=True).returncode != 0:
        unavailable("Docker Compose", "docker has no compose beside it")
    _clear_up()
    stack = Stack()
    try:
        return stack.start()
    except AssertionError as error:
        output = str(error)
        stack.end()
        if "could not be built" in output or "could not be fetched" in output:
            unavailable("Docker Compose", f"its images can't be had here: {output[-2000:]}")
        raise


def make(target: str, told: Mapping[str, str], timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run a target as a person does; what it wrote is in `stdout`."""
    return subprocess.run(
        ["make", "--no-print-directory", target],
        cwd=ROOT,
        env=os.environ | told,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )


def compose(told: Mapping[str, str], *arguments: str) -> str:
    """Give an order to Docker Compose and what it answers."""
    done = subprocess.run(
        ["sh", "deploy/compose/stack", *arguments],
        cwd=ROOT,
        env=os.environ | told,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _clear_up() -> None:
    for owner in STACKS.glob(f"*/{OWNER}"):
        with contextlib.suppress(OSError):
            if not Path(f"/proc/{owner.read_text(encoding='utf-8')}").exists():
                make("down", {"PORT": owner.parent.name, "VOLUMES": "1"})
