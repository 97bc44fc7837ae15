"""Clients who book, move and cancel all the while, and keep what they were promised with a 2xx."""

import random
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from shared import signing
from support.faults.fleet import KEY

PATIENCE = 120.0
"""Seconds for which a client repeats what gets no answer."""
TIMEOUT = 15.0


@dataclass
class Promise:
    """A booking as its last 2xx said."""

    id: str
    reference: str
    version: int
    live: bool
    start: datetime
    handle: str


@dataclass
class People:
    """Any number of clients of some hosts. Each booking belongs to one client, who knows what it should be."""

    url: str
    seed: int
    hosts: dict[str, str] = field(default_factory=dict)
    """Ids by handle."""
    promises: dict[str, Promise] = field(default_factory=dict)
    unanswered: int = 0
    """Calls that got an error page or nothing, and were repeated."""
    refused: int = 0
    slowest: float = 0.0

    def __post_init__(self) -> None:
        self._free: dict[str, list[str]] = {}
        self._taken: dict[str, list[str]] = {}
        self._chance = random.Random(self.seed)
        self._local = threading.local()
        self._counting = threading.Lock()

    def sign_up(self, count: int, connect: Callable[[str], None] | None = None) -> None:
        """Let hosts begin; `connect` connects each with Zoom."""
        for number in range(count):
            word = uuid.uuid4().hex[:10]
            host_id, handle = f"host-{word}", f"hanna-{word}"
            profile = {"name": f"Hanna {number}", "email": f"{handle}@example.com", "handle": handle}
            self.call("PUT", f"/hosts/{host_id}", json=profile | {"timezone": "Europe/Berlin"})
            self._work_always(host_id)
            self.hosts[handle] = host_id
            if connect is not None:
                connect(host_id)
            self._free[handle] = self._slots(handle)

    def _work_always(self, host_id: str) -> None:
        days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
        weekly = [{"weekday": day, "start": "00:00", "end": "23:30"} for day in days]
        body = {"timezone": "Europe/Berlin", "weekly": weekly, "overrides": []}
        assert self.call("PUT", "/me/availability", host=host_id, json=body).ok

    def _slots(self, handle: str) -> list[str]:
        first = datetime.now(UTC).date() + timedelta(days=2)
        query = {"from": str(first), "to": str(first + timedelta(days=50)), "timezone": "UTC"}
        path = f"/hosts/{handle}/session-types/intro/slots"
        found = [slot["start"] for slot in self.call("GET", path, params=query).json()["slots"]]
        assert found
        random.Random(self.seed).shuffle(found)
        return found

    def work(self, *, clients: int, until: Callable[[], bool], pause: float = 0.0) -> None:
        """Let so many clients do what they like until the time has come; raises what any of them meets."""
        with ThreadPoolExecutor(clients, thread_name_prefix="client") as threads:
            jobs = [threads.submit(self._client, number, until, pause) for number in range(clients)]
        for job in jobs:
            job.result()

    def book_many(self, count: int, *, clients: int = 8) -> None:
        """Make so many bookings."""
        with ThreadPoolExecutor(clients, thread_name_prefix="client") as threads:
            handles = list(self.hosts)
            for made in threads.map(lambda n: self.book(handles[n % len(handles)]), range(count)):
                assert made is not None

    def _client(self, number: int, until: Callable[[], bool], pause: float) -> None:
        chance = random.Random(f"{self.seed}:{number}")
        mine: list[Promise] = []
        while not until():
            wish = chance.random()
            live = [promise for promise in mine if promise.live]
            if wish < 0.6 or not live:
                made = self.book(chance.choice(list(self.hosts)))
                mine.extend([made] if made else [])
            elif wish < 0.85:
                self.move(chance.choice(live))
            else:
                self.cancel(chance.choice(live))
            time.sleep(pause * chance.random())

    def book(self, handle: str, *, notes: str = "", start: str | None = None) -> Promise | None:
        """Book a free time; None when somebody else was quicker."""
        body = {
            "start": start or self._start(handle),
            "client": {"name": "Carl", "email": f"{uuid.uuid4().hex[:12]}@example.org", "timezone": "Europe/Paris"},
            "notes": notes,
            "answers": {},
        }
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        answer = self.insist("POST", f"/hosts/{handle}/session-types/intro/bookings", json=body, headers=headers)
        return self._promised(answer, new=True)

    def move(self, promise: Promise) -> None:
        """Move a booking to another time, if that is free."""
        start = self._start(promise.handle)
        self._promised(self.insist("POST", f"/bookings/{promise.reference}/reschedule", json={"start": start}))

    def cancel(self, promise: Promise) -> None:
        """Call a booking off."""
        self._promised(self.insist("POST", f"/bookings/{promise.reference}/cancel", json={"reason": None}))

    def insist(self, method: str, path: str, **options: Any) -> requests.Response:
        """Repeat a call until it has an answer that is no error of ours."""
        deadline = time.monotonic() + PATIENCE
        while True:
            began = time.monotonic()
            try:
                answer = self.call(method, path, **options)
            except requests.RequestException:
                answer = None
            with self._counting:
                self.slowest = max(self.slowest, time.monotonic() - began)
                if answer is not None and answer.status_code < 500:
                    self.refused += not answer.ok
                    return answer
                self.unanswered += 1
            assert time.monotonic() < deadline, f"no answer: {answer and answer.text}"
            time.sleep(0.05)

    def call(self, method: str, path: str, *, host: str = signing.ANONYMOUS, **options: Any) -> requests.Response:
        """Call the booking service once, as the gateway does."""
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
        token = signing.sign(KEY, audience="booking", subject=host, now=datetime.now(UTC))
        headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
        answer: requests.Response = session.request(
            method, self.url + path, headers=headers, timeout=options.pop("timeout", TIMEOUT), **options
        )
        return answer

    def _start(self, handle: str) -> str:
        with self._counting:
            free, taken = self._free[handle], self._taken.setdefault(handle, [])
            # Every tenth time is one that somebody may have by now.
            if taken and self._chance.random() < 0.1:
                return self._chance.choice(taken)
            taken.append(free.pop())
            return taken[-1]

    def _promised(self, answer: requests.Response, *, new: bool = False) -> Promise | None:
        if answer.status_code == 409:
            return None
        assert answer.ok, answer.text
        said = answer.json()
        promise = self.promises.get(said["id"])
        start = datetime.fromisoformat(said["start"]).astimezone(UTC)
        if promise is None:
            assert new
            promise = Promise(said["id"], said["reference"], 0, True, start, said["host"]["handle"])
            self.promises[said["id"]] = promise
        promise.version, promise.live, promise.start = said["version"], said["status"] == "confirmed", start
        return promise
