"""The service as processes: `python -m booking api|worker|migrate`."""

import os
import signal
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path

import requests

from integration.booking.service import KEY
from shared.testing import eventually, free_port

COMMAND = [sys.executable, "-m", "booking"]


def environment(data: Path, port: int = 0) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "DATA": str(data),
        "PORT": str(port),
        "SERVICE_KEY": KEY,
        "PUBLIC_URL": "http://127.0.0.1:1",
    }


def test_api_and_worker_start_and_stop_cleanly(tmp_path: Path) -> None:
    port = free_port()
    env = environment(tmp_path, port)
    subprocess.run([*COMMAND, "migrate"], env=env, check=True, timeout=60, capture_output=True)
    log = tmp_path / "log"
    with log.open("w") as lines:
        running = [subprocess.Popen([*COMMAND, role], env=env, stderr=lines) for role in ("api", "worker")]
    try:

        def ready() -> bool:
            try:
                return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=10).status_code == HTTPStatus.OK
            except requests.ConnectionError:
                return False

        assert eventually(ready, timeout=30)
        assert eventually(lambda: "worker_started" in log.read_text(), timeout=30)
        assert requests.get(f"http://127.0.0.1:{port}/me", timeout=10).status_code == 401
        assert "outbox_events" in requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
        document = requests.get(f"http://127.0.0.1:{port}/openapi/openapi.json", timeout=5).json()
        assert "/hosts/{handle}/session-types/{slug}/slots" in document["paths"]
        assert all(process.poll() is None for process in running)
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(timeout=15) for process in running]
    assert codes == [0, 0]
