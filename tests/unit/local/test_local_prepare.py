"""How .venv is made: once, again after an accident, and never by halves. Uses the machine's pip as it is set up."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shared.testing import eventually

ROOT = Path(__file__).resolve().parents[3]
PYPROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "punctual-shared"
version = "0.1.0"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Make a checkout with one empty package, whose .venv was left half made."""
    folder = tmp_path / "a checkout"
    (folder / "deploy" / "local").mkdir(parents=True)
    for name in ("start", "prepare.py", "parent.py"):
        shutil.copy(ROOT / "deploy" / "local" / name, folder / "deploy" / "local")
    shutil.copy(ROOT / "constraints.txt", folder)
    (folder / "deploy" / "local" / "requirements.txt").touch()
    (folder / "shared" / "src").mkdir(parents=True)
    (folder / "shared" / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").symlink_to("/nowhere/python3")
    (folder / ".venv" / "left").touch()
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Give a PATH that begins with two Pythons that exist and fail, as a version manager's shims do."""
    shims = tmp_path / "shims"
    shims.mkdir()
    for name in ("python3.13", "python3.12"):
        (shims / name).write_text("#!/bin/sh\necho not installed >&2\nexit 127\n", encoding="utf-8")
        (shims / name).chmod(0o755)
    for name in ("python3.11", "python3"):
        (shims / name).symlink_to(Path(sys.executable).resolve())
    return os.environ | {"PATH": f"{shims}:{os.environ['PATH']}"}


def start(checkout: Path, environment: dict[str, str], *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["sh", str(checkout / "deploy" / "local" / "start"), "run", *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def output(started: subprocess.Popen[str]) -> str:
    text, _ = started.communicate(timeout=120)
    assert started.returncode == 0, text
    return text


def words(process: Path) -> str:
    """Read a process's command line, if it still has one."""
    try:
        return (process / "cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def test_a_half_made_venv_is_made_anew_once_and_a_moved_one_again(
    checkout: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    show = ("python", "-c", "import sys, importlib.metadata as m; print(sys.prefix, m.version('punctual-shared'))")
    both = [start(checkout, environment, *show) for _ in range(2)]
    texts = [output(one) for one in both]
    assert all(text.endswith(f"{checkout}/.venv 0.1.0\n") for text in texts), texts
    assert sum("Setting up .venv" in text for text in texts) == 1
    assert not (checkout / ".venv" / "left").exists()

    assert output(start(checkout, environment, *show)) == f"{checkout}/.venv 0.1.0\n"

    moved = checkout.rename(tmp_path / "moved")
    again = start(moved, environment, *show)
    assert again.stdout is not None
    assert again.stdout.readline().startswith("Setting up .venv")
    eventually(lambda: not (moved / ".venv" / "punctual.json").exists())
    os.kill(again.pid, signal.SIGTERM)
    assert "0.1.0" not in output(again)
    assert not any(str(moved) in words(pid) for pid in Path("/proc").glob("[0-9]*"))


def test_a_python_that_is_too_old_is_told_so_in_one_line() -> None:
    pretend = "import sys, runpy; sys.version_info = (3, 9, 2); runpy.run_module('deploy.local.prepare')"
    told = subprocess.run([sys.executable, "-c", pretend], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (1, "Punctual needs Python 3.11 or newer; this is 3.9\n")
