"""Makes .venv with the pinned versions and our packages in it, then becomes the command that was asked for.

It stands on the standard library alone and has to be readable for any Python 3, so that an old one can be told so.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this is the place that says so
    sys.exit(f"Punctual needs Python 3.11 or newer; this is {sys.version_info[0]}.{sys.version_info[1]}")

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from deploy.local.parent import Parent

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
STAMP = VENV / "punctual.json"
PYTHON = VENV / "bin" / "python"
BASE = getattr(sys, "_base_executable", None) or sys.executable
REQUIREMENTS = {"run": "deploy/local/requirements.txt", "dev": "tests/requirements.txt"}
STOPS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


def main() -> NoReturn:
    """Prepare for `run` or `dev`, then become the rest of the command line."""
    kind, command = sys.argv[1], sys.argv[2:]
    for number in STOPS:
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup has it
            signal.signal(number, stopped)
    os.chdir(ROOT)
    for name in ("PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"):
        os.environ.pop(name, None)  # each of them would lead an installation out of .venv
    try:
        if not prepared(kind):
            with alone():
                if not prepared(kind):
                    prepare(kind)
    except OSError as error:
        sys.exit(f"Punctual could not set up {VENV}: {error.strerror or error}: {error.filename or ''}")
    if kind == "run":
        # The runner takes the signals over; until it does they wait, so that a stop is never an error.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    program = VENV / "bin" / command[0]
    os.execv(program, [str(program), *command[1:]])  # noqa: S606 - becoming the command is the point


def stopped(_number: int, _frame: object) -> NoReturn:
    """Being told to stop is not an error."""
    raise SystemExit(0)


def prepared(kind: str) -> bool:
    """Tell whether .venv holds what is asked for, without importing or starting anything in it."""
    stamp = read_stamp()
    return stamp.get("made") == made_for() and stamp.get(kind) == fingerprint(kind) and works()


def made_for() -> dict[str, str]:
    """Say what makes a virtual environment unusable when it changes: a move, another Python."""
    return {"path": str(VENV), "python": f"{sys.implementation.name} {sys.version_info[0]}.{sys.version_info[1]}"}


def works() -> bool:
    """Tell whether .venv's Python starts; after an upgrade of the machine's Python it may not."""
    if Path(sys.prefix).resolve() == VENV:
        return True
    return PYTHON.exists() and subprocess.run([str(PYTHON), "-c", ""], capture_output=True, check=False).returncode == 0


def distributions() -> list[str]:
    """List the folders of our own packages: shared, each service, the sandbox."""
    found = [*ROOT.glob("*/pyproject.toml"), *ROOT.glob("*/*/pyproject.toml")]
    return sorted(str(path.parent.relative_to(ROOT)) for path in found)


def fingerprint(kind: str) -> str:
    """Sum up every file that says what to install."""
    names = ["constraints.txt", *(f"{path}/pyproject.toml" for path in distributions()), REQUIREMENTS["run"]]
    if kind == "dev":
        names.append(REQUIREMENTS["dev"])
    total = hashlib.sha256()
    for name in names:
        content = (ROOT / name).read_bytes()
        total.update(f"{name} {len(content)}\n".encode() + content)
    return total.hexdigest()


def read_stamp() -> dict[str, Any]:
    """Read what was installed; a stamp that is not there or half written counts as nothing."""
    with contextlib.suppress(OSError, ValueError):
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
        if isinstance(stamp, dict):
            return stamp
    return {}


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Hold the checkout, so that two commands started together install once."""
    holder = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for another command that is setting up .venv")
            fcntl.flock(holder, fcntl.LOCK_EX)
        # pip inherits the lock: should this process be killed, the next one waits until pip has ended.
        os.set_inheritable(holder, True)
        yield
    finally:
        os.close(holder)


def prepare(kind: str) -> None:
    """Bring .venv to what `kind` needs; without a stamp it is half made and is made anew."""
    begun = time.monotonic()
    stamp = read_stamp()
    fresh = stamp.get("made") != made_for() or not works()
    say("Setting up .venv; the first time this takes a minute" if fresh else "Bringing .venv up to date")
    if fresh:
        make_venv()
        stamp = {"made": made_for()}
    STAMP.unlink(missing_ok=True)
    if stamp.get("run") != fingerprint("run"):
        install("setuptools", "wheel")
        ours = [argument for path in distributions() for argument in ("--editable", f"./{path}")]
        install("--no-build-isolation", "--requirement", REQUIREMENTS["run"], *ours)
    if kind == "dev":
        install("--requirement", REQUIREMENTS["dev"])
    # pip compiles one file after the other. Left to the first start, nine processes would compile the same files.
    run(str(PYTHON), "-m", "compileall", "-qq", "-j", "0", str(VENV / "lib"))
    stamp |= {each: fingerprint(each) for each in ("run", kind)}
    half = STAMP.with_suffix(".half")
    half.write_text(json.dumps(stamp), encoding="utf-8")
    half.replace(STAMP)
    say(f"Set up .venv in {time.monotonic() - begun:.0f} s")


def make_venv() -> None:
    """Make an empty .venv; pip is put into it, or lent by the machine where Debian has split it off."""
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    shutil.rmtree(VENV, ignore_errors=True)
    options = [] if has_ensurepip() else ["--without-pip"]
    if options and run(BASE, "-m", "pip", "--version", quiet=True) != 0:
        sys.exit(
            f"{BASE} has neither ensurepip nor pip, so nothing can be installed; "
            "install them (on Debian: apt-get install python3-venv) or name another Python with PYTHON=..."
        )
    if run(BASE, "-m", "venv", *options, str(VENV)) != 0:
        sys.exit(f"{BASE} could not make {VENV}; its message is above")


def has_ensurepip() -> bool:
    """Tell whether this Python can put pip into a new environment."""
    return importlib.util.find_spec("ensurepip") is not None


def install(*requirements: str) -> None:
    """Install pinned versions into .venv with the machine's own pip settings."""
    pip = (
        [str(PYTHON), "-m", "pip"] if (VENV / "bin" / "pip").exists() else [BASE, "-m", "pip", "--python", str(PYTHON)]
    )
    options = ["-qq", "--no-compile", "--no-input", "--disable-pip-version-check", "--constraint", "constraints.txt"]
    if run(*pip, "install", *options, *requirements) != 0:
        sys.exit("Punctual could not install its libraries; pip's message is above")


def run(*command: str, quiet: bool = False) -> int:
    """Run a command in a group of its own, ended with this process's own end."""
    out = subprocess.DEVNULL if quiet else None
    with subprocess.Popen(command, stdout=out, stderr=out, process_group=0, close_fds=False) as process:
        try:
            return wait(process)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise


def wait(process: subprocess.Popen[bytes]) -> int:
    """Wait for a command's end, or for a make that was told to stop."""
    parent = Parent()
    while not parent.is_done():
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(timeout=0.5)
    raise SystemExit(0)


def say(text: str) -> None:
    """Tell the person at the terminal."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
