"""`make run` with the real services: what it prints is true, what dies comes back, Ctrl-C leaves nothing behind."""

import os
import re
import signal
import time
from pathlib import Path

import pytest
import requests

from shared.testing import eventually
from support.system import OFFSETS, System, children


def command(pid: int) -> str:
    """Read a process's command line; nothing once it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ").strip()
    except OSError:
        return ""


def started(system: System) -> dict[int, str]:
    """Give the command line of everything below make."""
    assert system.process is not None
    return {pid: command(pid) for pid in children(system.process.pid)}


def printed(system: System) -> str:
    return eventually(lambda: text if "  logs  " in (text := "".join(system.lines)) else None)


def test_says_ready_once_and_every_service_is(system: System) -> None:
    assert printed(system).count("ready http") == 1
    for offset in (0, 1, 2, 3):
        answer = requests.get(f"http://127.0.0.1:{system.port + offset}/readyz", timeout=10)
        assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    gateway = requests.get(f"{system.url}/readyz", timeout=10).json()
    assert {"booking", "zoom-connector", "notifier"} <= gateway["checks"].keys()


def test_the_printed_addresses_and_the_demo_hosts_sign_in_work(system: System) -> None:
    text = printed(system)
    for address in re.findall(r"http://\S+", text):
        assert requests.get(address, timeout=10).status_code == 200, address
    found = re.search(r"(\S+@\S+) and the password (\S+)", text)
    assert found
    sign_in = {"email": found[1], "password": found[2], "label": "test"}
    assert requests.post(f"{system.api}/api-keys", json=sign_in, timeout=10).status_code == 201


@pytest.mark.parametrize("name", ["gateway api", "booking worker"])
def test_a_service_that_is_killed_comes_back_and_is_ready(system: System, name: str) -> None:
    pids = [pid for pid, line in started(system).items() if line.endswith(f"-m {name}")]
    os.kill(min(pids), signal.SIGKILL)
    eventually(lambda: not any(command(pid) for pid in pids))
    eventually(lambda: any(line.endswith(f"-m {name}") for line in started(system).values()))

    def is_ready() -> bool:
        try:
            return requests.get(f"{system.url}/readyz", timeout=10).status_code == 200
        except requests.ConnectionError:
            return False

    eventually(is_ready, timeout=30)


def test_a_second_copy_on_the_same_ports_is_refused_in_one_line(system: System, tmp_path: Path) -> None:
    second = System(tmp_path / "data", port=system.port)
    with pytest.raises(AssertionError, match="make run ended"):
        second.start()
    said = [line for line in second.lines if not line.startswith("make: ")]
    assert len(said) == 1, said
    assert f"port {system.port} for the gateway" in said[0]
    assert requests.get(f"{system.url}/readyz", timeout=10).status_code == 200


def test_ctrl_c_ends_everything_within_ten_seconds(tmp_path: Path) -> None:
    system = System(tmp_path / "data").start()
    assert system.process is not None
    pids = started(system)
    assert len(pids) > len(OFFSETS)
    begun = time.monotonic()
    os.killpg(system.process.pid, signal.SIGINT)
    system.process.wait(timeout=20)
    assert time.monotonic() - begun < 10
    assert not any(command(pid) for pid in pids)
