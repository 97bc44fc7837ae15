"""What can't work is refused in one line that says what to do, before anything is started."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from support.compose import STACKS, Stack, make
from support.system import ROOT, free_base_port

NEEDED = ("cat", "cut", "cksum", "dirname", "sed", "tail", "tr")
REQUIRED = ("ZOOM_CLIENT_ID", "ZOOM_CLIENT_SECRET", "ZOOM_WEBHOOK_SECRET", "SMTP_URL")
GOOD = "#!/bin/sh\nexit 0\n"
SILENT = "#!/bin/sh\necho Cannot connect to the Docker daemon at unix:///nowhere. >&2\nexit 1\n"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Make a machine that has the usual programs and, so far, no docker."""
    for name in NEEDED:
        (tmp_path / name).symlink_to(shutil.which(name) or "/nowhere")
    return tmp_path


def install_docker(programs: Path, script: str) -> None:
    (programs / "docker").write_text(script, encoding="utf-8")
    (programs / "docker").chmod(0o755)


def refusal(programs: Path, **told: str) -> str:
    """Run what `make up` runs and give the one line that it says."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ZOOM_", "SMTP_"))}
    environment = kept | {"PORT": str(free_base_port())} | told | {"PATH": str(programs)}
    done = subprocess.run(
        ["/bin/sh", "deploy/compose/stack", "up"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 1
    assert not done.stdout
    [line] = done.stderr.splitlines()
    assert not (STACKS / environment["PORT"]).exists()
    return line


def test_a_machine_without_docker_is_named(programs: Path) -> None:
    assert refusal(programs) == "Punctual can't run in containers: docker is not installed"


def test_an_engine_that_does_not_answer_is_named_with_dockers_reason(programs: Path) -> None:
    install_docker(programs, SILENT)
    assert refusal(programs).endswith("does not answer: Cannot connect to the Docker daemon at unix:///nowhere.")


def test_production_names_every_setting_that_is_missing(programs: Path) -> None:
    install_docker(programs, GOOD)
    line = refusal(programs, SMTP_URL="smtp://mail.example")
    assert f"missing settings: {' '.join(REQUIRED[:3])};" in line


@pytest.mark.parametrize("told", [{"PORT": "80a"}, {"PORT": "65530"}, {"PROFILE": "demos"}])
def test_a_setting_that_makes_no_sense_is_named(programs: Path, told: dict[str, str]) -> None:
    install_docker(programs, GOOD)
    assert f"{next(iter(told))} must be" in refusal(programs, **told)


def test_a_port_that_somebody_has_is_named(stack: Stack) -> None:
    assert stack.is_ready()
    port = free_base_port()  # so that the ports above it are nobody's
    with socket.create_server(("127.0.0.1", port)):
        done = make("up", {"PORT": str(port), "PROFILE": "demo"})
        assert done.returncode != 0
        assert f"port {port} on 127.0.0.1 is taken; PORT=... moves all of them" in done.stdout
    assert not (STACKS / str(port)).exists()
