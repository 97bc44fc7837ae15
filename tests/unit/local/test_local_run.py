"""`make run` as a person meets it: what it prints, what it refuses, and how it ends."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shared.testing import eventually

if TYPE_CHECKING:
    from unit.local.conftest import Run, Start

NAMES = {
    "sandbox",
    "booking-api",
    "booking-worker",
    "zoom-connector-api",
    "zoom-connector-worker",
    "notifier-api",
    "notifier-worker",
    "gateway-api",
    "gateway-worker",
}


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def none_is_left(pids: dict[str, int]) -> bool:
    return not any(alive(pid) for pid in pids.values())


@pytest.fixture(scope="module")
def running(start_for_module: "Start") -> "Run":
    """One run for all who only look at it."""
    return start_for_module(SMTP_URL="smtp://mail.example:25").ready()


def test_says_ready_once_and_then_where_everything_is(running: "Run") -> None:
    run = running
    lines = run.output.splitlines()
    assert lines[0] == f"ready http://127.0.0.1:{run.port}"
    assert sum(line.startswith("ready ") for line in lines) == 1
    assert f"http://127.0.0.1:{run.port}/dashboard" in run.output
    assert f"http://127.0.0.1:{int(run.port) + 10}/mail" in run.output
    assert "demo@example.com" in run.output
    assert set(run.processes()) == NAMES


def test_after_a_clean_stop_secrets_and_the_demo_host_are_found_again(start: "Start") -> None:
    first = start().ready()
    pids = first.processes()
    assert first.end(signal.SIGINT) == 0
    assert none_is_left(pids)
    made = {path.name: path.read_text(encoding="utf-8") for path in (first.data / "secrets").iterdir()}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in (first.data / "secrets").iterdir())
    second = start().ready()
    assert {path.name: path.read_text(encoding="utf-8") for path in (first.data / "secrets").iterdir()} == made
    assert made["demo-host-password"] in first.output
    assert made["demo-host-password"] in second.output
    assert (first.data / "demo-host.json").read_text(encoding="utf-8").count("\n") == 1


def test_each_process_is_told_its_own_secrets_and_no_others(running: "Run") -> None:
    run = running
    assert "SECRET_KEY" in run.told("gateway-api")
    assert "SECRET_KEY" not in run.told("booking-api").replace("ZOOM_CLIENT_SECRET", "")
    assert "ZOOM_CLIENT_SECRET" in run.told("zoom-connector-worker")
    assert "ZOOM_CLIENT_SECRET" not in run.told("notifier-worker")
    assert "smtp://mail.example:25" in run.told("notifier-worker")
    assert "SERVICE_KEY" not in run.told("sandbox")


def test_a_process_that_is_killed_comes_back(running: "Run") -> None:
    run, name = running, "notifier-api"
    before = run.processes()
    os.kill(before[name], signal.SIGKILL)
    eventually(lambda: run.processes().get(name, before[name]) != before[name], timeout=5)
    run.says(f"{name} was killed and is started again")
    assert {other: pid for other, pid in run.processes().items() if other != name} == {
        other: pid for other, pid in before.items() if other != name
    }


def test_a_process_that_dies_five_times_in_a_minute_ends_the_run_with_its_last_lines(start: "Start") -> None:
    run = start(STAND_IN_DIES="notifier-worker")
    assert run.ended() == 1
    assert run.output.count("and is started again") == 4
    assert "notifier-worker ended with exit code 3, for the 5th time within 60 s. Its last lines:" in run.output
    assert run.output.rstrip().endswith("notifier-worker | [error    ] why notifier-worker dies")


def test_a_migration_that_fails_ends_the_run_before_anything_is_started(start: "Start") -> None:
    run = start(STAND_IN_DIES="booking-migrate")
    assert run.ended() == 1
    assert "booking-migrate ended with exit code 3. Its last lines:" in run.output
    assert "why booking-migrate dies" in run.output
    assert not (run.data / "sandbox.json").exists()


def test_a_process_that_will_not_stop_is_killed_within_ten_seconds(start: "Start") -> None:
    run = start(STAND_IN_STUBBORN="booking-worker").ready()
    pids = run.processes()
    begun = time.monotonic()
    assert run.end() == 0
    assert time.monotonic() - begun < 10
    assert none_is_left(pids)


def test_a_stop_during_the_migrations_is_no_error(start: "Start") -> None:
    run = start(STAND_IN_MIGRATION="20")
    eventually(lambda: len(run.processes()) == 4, timeout=10)
    pids = run.processes()
    assert run.end() == 0
    assert none_is_left(pids)


@pytest.mark.parametrize("started", range(1, 5))
def test_a_stop_while_migrations_are_being_started_ends_those_that_were(start: "Start", started: int) -> None:
    run = start(STAND_IN_MIGRATION="20")
    eventually(lambda: len(run.processes()) >= started, timeout=10)
    pids = run.processes()
    assert run.end() == 0
    assert none_is_left(pids)


def test_nothing_outlives_a_runner_that_is_killed(start: "Start") -> None:
    run = start().ready()
    pids = run.processes()
    run.end(signal.SIGKILL)
    eventually(lambda: none_is_left(pids), timeout=5)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_make_alone_may_be_signalled(start: "Start", tmp_path: Path, number: signal.Signals) -> None:
    makefile = tmp_path / "Makefile"
    makefile.write_text(f"run:\n\t@exec {sys.executable} -m deploy.local.run\n", encoding="utf-8")
    run = start("make", "-f", str(makefile), "run").ready()
    runner = run.processes()["deploy.local.run"]
    run.end(number)
    eventually(lambda: not alive(runner), timeout=5)


def test_two_copies_run_side_by_side_wherever_their_data_is(running: "Run", start: "Start", tmp_path: Path) -> None:
    other = start(DATA=str(tmp_path / ("longer than a socket's path may be" * 4) / "100 % other"))
    assert set(other.ready().processes()) == set(running.processes()) == NAMES


def refused(run: "Run") -> str:
    """Give the one line with which a run was refused, sure that nothing was started."""
    assert run.ended() == 1
    assert run.output.count("\n") == 1, run.output
    assert not (run.data / "booking-migrate.json").exists()
    return run.output


def test_a_folder_in_use_is_refused(running: "Run", start: "Start") -> None:
    (running.data / "booking-migrate.json").unlink()
    line = refused(start(DATA=str(running.data)))
    assert f"{running.data} is in use by another run of Punctual (process {running.process.pid})" in line


@pytest.mark.parametrize(("offset", "name"), [(0, "gateway"), (3, "notifier"), (11, "sandbox's mail server")])
def test_a_taken_port_is_refused(start: "Start", offset: int, name: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = refused(start(PORT=str(port - offset)))
    assert f"port {port} for the {name} (Address already in use)" in line


def test_a_folder_that_cannot_be_written_is_refused(start: "Start", tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "DATA: " in refused(start(DATA=str(tmp_path / "file" / "var")))


def test_every_bad_setting_is_named_in_one_line(start: "Start") -> None:
    line = refused(start(SMTP_URL="x", SERVICE_KEY="short", PORT="0"))
    assert line.startswith("Punctual can't run: bad settings: ")
    assert all(name in line for name in ("SMTP_URL", "SERVICE_KEY", "PORT"))


def test_make_lists_its_targets() -> None:
    listed = subprocess.run(["make"], cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True).stdout
    lines = listed.splitlines()
    assert all(line.startswith("make ") for line in lines)
    assert {line.split()[1] for line in lines} >= {"run", "test", "lint"}
