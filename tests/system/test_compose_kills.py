"""Any one container can be killed under load: what was promised stands, nothing happens twice, the data outlive it."""

import os
import secrets
import threading
from collections import Counter, defaultdict
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
    "gateway-worker",
    "zoom-connector-api",
    "notifier-api",
    "booking-api",
    "rabbitmq",
    "postgres",
    "gateway-api",
)
GO_ON_WITHOUT = {"zoom-connector-worker", "notifier-worker", "booking-worker", "gateway-worker", "rabbitmq"}
"""Without these, bookings are accepted as if they were there."""
REST_SECONDS = 90
PAUSE_SECONDS = 0.5
AT_MOST = 12
"""How many come for each container that is killed, however long that takes: each of them is looked at in the end."""
LONG = os.environ.get("FAULTS") == "long"


@dataclass
class Clients:
    """One client after the other at each host; each asks again, with the same key, until it is answered."""

    hosts: list[Host]
    promised: list[tuple[Host, dict[str, Any]]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    expected: int = AT_MOST
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def is_quiet(self) -> bool:
        """Tell whether nobody else comes for now."""
        return len(self.promised) >= self.expected

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
        self.expected = max(self.expected, wanted)
        eventually(lambda: self.refused or len(self.promised) >= wanted, timeout=60, every=0.1)

    def _come(self, host: Host, starts: list[str]) -> None:
        for start in starts:
            word = secrets.token_hex(4)
            client = {"name": f"Carl {word}", "email": f"carl.{word}@example.org", "timezone": "Europe/Paris"}
            key = {"Idempotency-Key": word * 2}
            while not self._stop.wait(PAUSE_SECONDS):
                if self.is_quiet:
                    continue
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


@pytest.fixture(scope="module")
def promised(stack: Stack) -> list[tuple[Host, dict[str, Any]]]:
    """Kill one container after the other under load, each to be made anew, and come to rest."""
    clients = Clients([stack.host(connected=True) for _ in range(3)])
    clients.start()
    try:
        for name in VICTIMS:
            clients.expected = len(clients.promised) + AT_MOST
            clients.wait_for(3)
            stack.containers()[name].kill()
            if name in GO_ON_WITHOUT:
                clients.wait_for(2)
            stack.compose("up", "--detach", "--no-deps", "--no-build", "--force-recreate", name)
            stack.wait_ready()
        clients.wait_for(3)
    finally:
        clients.stop()
    assert not clients.refused
    unrest = list(clients.promised)

    def is_at_rest() -> bool:
        unrest[:] = [(host, made) for host, made in unrest if not is_done(stack, host, made)]
        return not unrest

    eventually(is_at_rest, timeout=REST_SECONDS, every=1)
    return clients.promised


def test_every_promised_session_has_exactly_one_meeting(
    stack: Stack, promised: list[tuple[Host, dict[str, Any]]]
) -> None:
    agendas = [meeting["agenda"] for meeting in stack.meetings()]
    for _, made in promised:
        assert sum(made["id"] in agenda for agenda in agendas) == 1


def test_every_client_was_told_the_link_once(stack: Stack, promised: list[tuple[Host, dict[str, Any]]]) -> None:
    letters: dict[str, dict[str, str]] = defaultdict(dict)
    for letter in stack.mail(to="example.org"):
        letters[letter["to"][0]][letter["message_id"]] = letter["text"]
    for _, made in promised:
        link = booking(stack, made["reference"])["video"]["join_url"]
        # The first mail may have gone without the link; what is repeated after a kill has the same Message-ID.
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


@pytest.mark.skipif(not LONG, reason="half a minute more, in the long form of the fault tests (FAULTS=long)")
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
