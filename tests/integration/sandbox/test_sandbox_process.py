"""`python -m sandbox` as a process."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from integration.sandbox.world import Api, World, receiver, settings
from sandbox import bootstrap
from shared.testing import eventually, free_port

ENVIRONMENT = {
    "PUBLIC_URL": "http://127.0.0.1:1",
    "ZOOM_CLIENT_ID": "the-client",
    "ZOOM_CLIENT_SECRET": "the-secret",
    "ZOOM_WEBHOOK_SECRET": "a secret token",
}


def start(**environment: str) -> subprocess.Popen[str]:
    own = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "HOME"}}
    return subprocess.Popen([sys.executable, "-m", "sandbox"], env=own | environment, stderr=subprocess.PIPE, text=True)


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=5).ok
    except requests.ConnectionError:
        return False


def test_missing_settings_are_one_line_and_exit_code_2() -> None:
    process = start(PORT="no")
    _, said = process.communicate(timeout=20)
    assert process.returncode == 2
    assert len(said.splitlines()) == 1
    assert all(name in said for name in ("DATA", "PUBLIC_URL", "ZOOM_CLIENT_ID", "PORT is not a port"))


def test_a_taken_port_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    with receiver() as other:
        process = start(DATA=str(tmp_path), PORT=other.url.rpartition(":")[2], SMTP_PORT="0", **ENVIRONMENT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 2
    assert len(said.splitlines()) == 1
    assert "port" in said


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_at_once_even_with_hanging_calls(tmp_path: Path, how: signal.Signals) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = start(DATA=str(tmp_path), PORT=str(port), SMTP_PORT="0", **ENVIRONMENT)
    try:
        eventually(lambda: answers(url))
        requests.post(f"{url}/sandbox/faults", json={"fault": "hang", "seconds": 600}, timeout=5)
        with pytest.raises(requests.ReadTimeout):
            requests.get(f"{url}/v2/users/me", timeout=0.2)
        began = time.monotonic()
        process.send_signal(how)
        process.wait(10)
        assert process.returncode == 0
        assert time.monotonic() - began < 5
    finally:
        process.kill()
        process.communicate()


def test_everything_survives_a_restart(world: World) -> None:
    tokens = world.tokens()
    meeting = Api(world.url, tokens["access_token"]).made()
    world.fault(fault="no_passcode")
    world.running.stop()
    world.running = bootstrap.start(world.running.settings)
    zoom = Api(world.url, tokens["access_token"])
    assert zoom.read(meeting)["topic"] == "Talk"
    assert "password" not in zoom.made()
    assert world.refresh(tokens["refresh_token"]).status_code == 200


def test_everything_survives_a_kill(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = start(DATA=str(tmp_path), PORT=str(port), SMTP_PORT="0", **ENVIRONMENT)
    try:
        eventually(lambda: answers(url))
        requests.post(f"{url}/sandbox/faults", json={"fault": "no_passcode"}, timeout=5)
    finally:
        process.kill()
        process.communicate()
    again = bootstrap.start(settings(tmp_path, ENVIRONMENT["PUBLIC_URL"]))
    kept = requests.get(f"{again.url}/sandbox/faults", timeout=5).json()["items"]
    again.stop()
    assert [fault["fault"] for fault in kept] == ["no_passcode"]


def test_it_starts_in_well_under_a_second(tmp_path: Path) -> None:
    began = time.monotonic()
    running = bootstrap.start(settings(tmp_path, ENVIRONMENT["PUBLIC_URL"]))
    assert requests.get(f"{running.url}/livez", timeout=5).status_code == 200
    assert time.monotonic() - began < 1
    running.stop()


def test_after_a_stop_nobody_answers(world: World) -> None:
    world.running.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{world.url}/livez", timeout=5)
    world.running = bootstrap.start(world.running.settings)
