"""The webhook's door under fire: two hundred calls a second, most of them not Zoom's, and a real removal among them."""

import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from integration.zoom_connector.bench import CLIENT_ID, Bench, Clock, Zoom, signed, start_sandbox
from integration.zoom_connector.process import Api, serve, stop

SECONDS = 2
A_SECOND = 200
LIMIT = 3.0
"""Seconds in which Zoom wants an answer."""
MEGABYTE = 1024 * 1024


@dataclass
class Door:
    """A running API, and a bench on its data."""

    api: Api
    bench: Bench

    def send(self, body: bytes, headers: dict[str, str]) -> tuple[int, float]:
        began = time.monotonic()
        answer = self.api.call("POST", "/webhooks/zoom", data=body, headers=headers)
        return answer.status_code, time.monotonic() - began


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    """Run an API whose only host is connected."""
    clock = Clock()
    sandbox = start_sandbox(tmp_path / "zoom", clock)
    folder = tmp_path / "connector"
    folder.mkdir()
    process, api = serve(folder, sandbox.url)
    bench = Bench(folder, Zoom(sandbox.url), clock)
    bench.zoom.fault("webhooks", off=True)
    bench.connect()
    yield Door(api, bench)
    bench.close()
    stop(process)
    sandbox.stop()


def event(name: str, number: int) -> bytes:
    meeting = {"id": 80_000_000_000 + number, "topic": f"secret-topic-{number}", "host_id": "zoe"}
    return json.dumps({"event": name, "event_ts": number, "payload": {"object": meeting}}).encode()


def shots(count: int) -> list[tuple[str, bytes, dict[str, str]]]:
    """Make what comes in: its kind, its body and its headers."""
    now = datetime.now(UTC).timestamp()
    replayed = event("meeting.started", 1)
    made: list[tuple[str, bytes, dict[str, str]]] = []
    for number in range(count):
        body = event("meeting.deleted", number)
        made.append(
            [
                ("forged", body, signed(body, now, "another secret")),
                ("unsigned", body, {}),
                ("old", body, signed(body, now - 400)),
                ("changed", body + b" ", signed(body, now)),
                ("replayed", replayed, signed(replayed, now)),
                ("unknown", strange := event(f"new.kind_{number % 50}", number % 50), signed(strange, now)),
                ("not json", b"{" + body, signed(b"{" + body, now)),
                ("no event", b"[1, 2]", signed(b"[1, 2]", now)),
            ][number % 8]
        )
    large = b"x" * MEGABYTE
    made += [("large and forged", large, signed(large, now, "another secret"))] * 10
    larger = b"x" * (MEGABYTE + 1)
    made += [("too large", larger, signed(larger, now))] * 5
    random.Random(17).shuffle(made)
    return made


EXPECTED = {
    "forged": 401,
    "unsigned": 401,
    "old": 401,
    "changed": 401,
    "replayed": 204,
    "unknown": 204,
    "not json": 422,
    "no event": 422,
    "large and forged": 401,
    "too large": 413,
}


def fire(door: Door, volley: list[tuple[str, bytes, dict[str, str]]]) -> tuple[Counter[tuple[str, int]], list[float]]:
    """Send it all at the wanted rate, however long the answers take; give what was answered and how soon."""
    began = time.monotonic()

    def send(number: int) -> tuple[tuple[str, int], float]:
        kind, body, headers = volley[number]
        time.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
        status, took = door.send(body, headers)
        return (kind, status), took

    with ThreadPoolExecutor(24) as shooters:
        answers = list(shooters.map(send, range(len(volley))))
    return Counter(answer for answer, _ in answers), [took for _, took in answers]


def removal(door: Door) -> tuple[bytes, dict[str, str]]:
    row = door.bench.connection()
    payload: dict[str, Any] = {
        "account_id": row.zoom_account_id,
        "user_id": row.zoom_user_id,
        "client_id": CLIENT_ID,
        "deauthorization_time": datetime.now(UTC).isoformat(),
    }
    body = json.dumps({"event": "app_deauthorized", "payload": payload}).encode()
    return body, signed(body, datetime.now(UTC).timestamp())


def test_under_fire_every_answer_comes_in_time_and_only_what_is_signed_is_stored(door: Door) -> None:
    volley = shots(SECONDS * A_SECOND)
    removed = removal(door)
    volley.insert(len(volley) // 2, ("removal", *removed))
    answers, took = fire(door, volley)

    assert {answer for answer in answers if EXPECTED.get(answer[0], 204) != answer[1]} == set()
    assert max(took) < LIMIT
    stored = Counter(row.event.split("_")[0] for row in door.bench.webhooks())
    assert stored == {"meeting.started": 1, "new.kind": 25, "app": 1}
    assert all(row.document is None or row.event == "app_deauthorized" for row in door.bench.webhooks())
    assert b"secret-topic" not in (door.bench.folder / "zoom-connector.sqlite3").read_bytes()

    while door.bench.worker.webhooks.step():
        pass
    assert door.bench.connection().status == "disconnected"
