"""Any one container can be killed under load: what was promised stands, nothing happens twice, the data outlive it."""

import secrets
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from shared.testing import eventually
from support.compose import Stack, make
from support.system import Host, booking

# Workers first: what they held is leased for half a minute, which then runs while the others are killed.
VICTIMS = (
    "zoom-connector-worker",
    "notifier-worker",
    "booking-worker",
    "zoom-connector-api",
    "notifier-api",
    "booking-api",
    "rabbitmq",
    "postgres",
    "gateway-api",
)
REST_SECONDS = 90
PAUSE_SECONDS = 0.3


@dataclass
class Clients:
    """One client after the other at each host; each asks again, with the same key, until it is answered."""

    hosts: list[Host]
    promised: list[tuple[Host, dict[str, Any]]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Let them come."""
        for host in self.hosts:
            thread = threading.Thread(target=self._come, args=(host, [slot["start"] for slot in host.slots(days=60)]))
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Let nobody else come."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, more: int) -> None:
        """Wait until so many more have been promised a session."""
        wanted = len(self.promised) + more
        eventually(lambda: len(self.promised) >= wanted, timeout=60, every=0.1)

    def _come(self, host: Host, starts: list[str]) -> None:
        for start in starts:
            word = secrets.token_hex(4)
            client = {"name": f"Carl {word}", "email": f"carl.{word}@example.org", "timezone": "Europe/Paris"}
            key = {"Idempotency-Key": word * 2}
            while not self._stop.wait(PAUSE_SECONDS):
                try:
                    answer = host.book(start, body={"client": client}, headers=key)
                except requests.RequestException:
                    continue
                if answer.ok:
                    self.promised.append((host, answer.json()))
                    break
                if answer.status_code < 500:
                    self.refused.append(answer.text)
                    return


@pytest.fixture
def clients(stack: Stack) -> Iterator[Clients]:
    coming = Clients([stack.host(connected=True) for _ in range(3)])
    coming.start()
    yield coming
    coming.stop()


def test_killing_any_one_container_under_load_loses_nothing_and_doubles_nothing(stack: Stack, clients: Clients) -> None:
    for name in VICTIMS:
        clients.wait_for(3)
        container = stack.containers()[name]
        container.kill()
        container.wait()
        if name.endswith("worker") or name == "rabbitmq":
            clients.wait_for(2)
        container.start()
        stack.wait_ready()
    clients.wait_for(3)
    clients.stop()
    assert not clients.refused
    assert len(clients.promised) > 5 * len(VICTIMS)

    def at_rest() -> bool:
        return all(is_done(stack, host, made) for host, made in clients.promised)

    eventually(at_rest, timeout=REST_SECONDS, every=1)
    agendas = [meeting["agenda"] for meeting in stack.meetings()]
    letters: dict[str, dict[str, str]] = defaultdict(dict)
    for letter in stack.mail():
        letters[letter["to"][0]][letter["message_id"]] = letter["text"]
    for _, made in clients.promised:
        link = booking(stack, made["reference"])["video"]["join_url"]
        assert sum(made["id"] in agenda for agenda in agendas) == 1
        # The first mail may have gone without the link; a repeat after a kill has the same Message-ID.
        told = letters[made["client"]["email"]]
        assert Counter(link in text for text in told.values())[True] == 1


def is_done(stack: Stack, host: Host, made: dict[str, Any]) -> bool:
    """Tell whether the link is there and everybody was told."""
    if booking(stack, made["reference"])["video"]["state"] != "ready":
        return False
    deliveries = host.call("GET", f"/me/bookings/{made['id']}").json()["deliveries"]
    return len(deliveries) >= 2 and all(delivery["state"] == "sent" for delivery in deliveries)


@pytest.mark.parametrize("name", ["booking-worker", "gateway-api"])
def test_a_process_that_dies_by_itself_comes_back(stack: Stack, name: str) -> None:
    container = stack.containers()[name]
    before = container.attrs["RestartCount"]
    container.exec_run(["python", "-c", "import os; os.kill(-1, 9)"])

    def is_back() -> bool:
        container.reload()
        return bool(container.attrs["RestartCount"] > before and container.status == "running")

    eventually(is_back, timeout=30, every=0.2)
    stack.wait_ready()


def test_after_down_and_up_all_is_there_and_goes_on(stack: Stack) -> None:
    host = stack.host(connected=True)
    first = host.book().json()
    eventually(lambda: is_done(stack, host, first), timeout=30, every=0.2)
    assert make("down", stack.told).returncode == 0
    assert stack.containers() == {}
    stack.start()
    assert is_done(stack, host, first)
    second = host.book().json()
    eventually(lambda: is_done(stack, host, second), timeout=30, every=0.2)
