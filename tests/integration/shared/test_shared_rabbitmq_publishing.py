"""What the relay may believe of RabbitMQ, whatever the broker and the wire between do."""

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.bus import BusUnavailableError
from shared.bus.rabbitmq import PATIENCE, RabbitBus, address, declaring
from shared.events.envelope import Message
from shared.testing import eventually
from support.engines import RabbitMQ
from support.proxy import Proxy

QUEUE = "zoom-connector.events"
QUICK = 2.0


def messages(count: int, prefix: str = "m") -> list[Message]:
    """Make messages that only one queue wants."""
    return [Message(f"{prefix}{n}", "booking.created", "{}") for n in range(count)]


@pytest.fixture
def proxy(rabbitmq: RabbitMQ) -> Iterator[Proxy]:
    proxy = Proxy(rabbitmq.address)
    yield proxy
    proxy.close()


@pytest.fixture
def bus(rabbitmq: RabbitMQ, vhost: str, proxy: Proxy) -> Iterator[RabbitBus]:
    """Give a bus over a wire that can be held and cut, which gives up sooner than the real one."""
    bus = RabbitBus(rabbitmq.url(vhost, address=proxy.address), patience=QUICK)
    yield bus
    bus.close()


@pytest.fixture
def held(rabbitmq: RabbitMQ, vhost: str) -> Callable[[], list[str]]:
    """Empty the queue and give the ids that were in it."""

    def ids() -> list[str]:
        found = rabbitmq.api(
            "POST", f"queues/{vhost}/{QUEUE}/get", count=5000, ackmode="ack_requeue_false", encoding="auto"
        )
        return [message["properties"]["message_id"] for message in found]

    return ids


def connections_to(port: int) -> int:
    """Count this machine's established connections to one of its ports, on the client's side."""
    table = Path("/proc/self/net/tcp")
    rows = [line.split() for line in table.read_text().splitlines()[1:]] if table.exists() else []
    return sum(row[2].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


def publish(bus: RabbitBus, sent: list[Message]) -> set[str]:
    """Publish as the relay does: what is not confirmed is none of the confirmed ones."""
    try:
        return bus.publish(sent)
    except BusUnavailableError:
        return set()


def test_a_window_is_confirmed_whole_and_kept_on_disk(
    bus: RabbitBus, rabbitmq: RabbitMQ, vhost: str, held: Callable[[], list[str]]
) -> None:
    sent = messages(500)
    assert bus.publish(sent) == {message.id for message in sent}
    [first] = rabbitmq.api("POST", f"queues/{vhost}/{QUEUE}/get", count=1, ackmode="ack_requeue_true", encoding="auto")
    assert first["properties"]["delivery_mode"] == 2
    assert first["properties"]["message_id"] == "m0"
    assert sorted(held()) == sorted(message.id for message in sent)


def test_the_topology_suits_a_second_comer(bus: RabbitBus, rabbitmq: RabbitMQ, vhost: str) -> None:
    bus.publish(messages(1))
    second = RabbitBus(rabbitmq.url(vhost))
    second.ping()
    assert second.publish(messages(1)) == {"m0"}
    second.close()
    queue = rabbitmq.api("GET", f"queues/{vhost}/{QUEUE}")
    assert queue["durable"]
    assert queue["arguments"] == declaring.QUEUE_ARGUMENTS


def test_what_no_queue_wants_is_not_confirmed_and_its_neighbors_are(bus: RabbitBus) -> None:
    sent = [*messages(2), Message("stray", "weather.changed", "{}")]
    assert bus.publish(sent) == {"m0", "m1"}
    assert bus.publish(messages(2)) == {"m0", "m1"}


def test_a_deleted_binding_is_made_again_after_the_first_message_came_back(
    bus: RabbitBus, rabbitmq: RabbitMQ, vhost: str
) -> None:
    bus.publish(messages(1))
    rabbitmq.api("DELETE", f"bindings/{vhost}/e/punctual.events/q/{QUEUE}/booking.%2A")
    rabbitmq.api("DELETE", f"bindings/{vhost}/e/punctual.events/q/notifier.events/booking.%2A")
    assert bus.publish(messages(1)) == set()
    assert bus.publish(messages(1)) == {"m0"}


def test_a_deleted_exchange_is_made_again(bus: RabbitBus, rabbitmq: RabbitMQ, vhost: str) -> None:
    bus.publish(messages(1))
    rabbitmq.api("DELETE", f"exchanges/{vhost}/punctual.events")
    assert publish(bus, messages(1)) == set()
    assert bus.publish(messages(1)) == {"m0"}


def test_a_full_queue_refuses_and_keeps_what_it_has(
    bus: RabbitBus, rabbitmq: RabbitMQ, vhost: str, held: Callable[[], list[str]]
) -> None:
    bus.publish(messages(1))
    rabbitmq.api("PUT", f"policies/{vhost}/full", pattern=QUEUE, definition={"max-length": 10}, priority=1)
    confirmed = {"m0"}
    refused: set[str] = set()

    def refuses() -> bool:
        sent = messages(20, prefix=f"{len(confirmed)}-{time.monotonic()}-")
        taken = bus.publish(sent)
        confirmed.update(taken)
        refused.update({message.id for message in sent} - taken)
        return bool(refused)

    eventually(refuses)
    assert confirmed <= set(held())
    rabbitmq.api("DELETE", f"policies/{vhost}/full")
    eventually(lambda: bus.publish(messages(1)) == {"m0"})


def test_a_broker_that_does_not_answer_is_given_up_in_time(bus: RabbitBus, proxy: Proxy) -> None:
    assert PATIENCE <= 10
    bus.publish(messages(1))
    proxy.hold()
    began = time.monotonic()
    with pytest.raises(BusUnavailableError, match="did not confirm in time"):
        bus.publish(messages(500))
    assert time.monotonic() - began < QUICK + 1.5


def test_a_late_confirm_confirms_nothing_that_was_sent_after_it(
    bus: RabbitBus, proxy: Proxy, held: Callable[[], list[str]]
) -> None:
    bus.publish(messages(1))
    held()
    proxy.hold_answers()
    with pytest.raises(BusUnavailableError):
        bus.publish(messages(3, prefix="early"))
    proxy.mend()
    assert bus.publish([Message("late", "weather.changed", "{}")]) == set()
    assert bus.publish(messages(1, prefix="after")) == {"after0"}
    # The broker had taken them: they come twice, which the inbox notices, and never not at all.
    eventually(lambda: {"early0", "early1", "early2"} <= set(held()))


def test_a_connection_that_breaks_in_the_middle_confirms_only_what_is_safe(
    bus: RabbitBus, proxy: Proxy, held: Callable[[], list[str]]
) -> None:
    bus.publish(messages(1))
    held()
    waiting = {message.id: message for message in messages(1500, prefix="row")}
    believed: set[str] = set()
    found: list[str] = []
    cuts = 0
    while waiting:
        window = list(waiting.values())[:500]
        if cuts < 5:
            cuts += 1
            threading.Timer(0.004 * cuts, proxy.reset).start()
        confirmed = publish(bus, window)
        believed |= confirmed
        for message_id in confirmed:
            del waiting[message_id]
    while some := held():
        found += some
    assert believed == set(found) == {message.id for message in messages(1500, prefix="row")}


def test_giving_up_again_and_again_leaves_no_thread_and_no_connection_behind(bus: RabbitBus, proxy: Proxy) -> None:
    bus._patience = 0.3
    proxy.hold()
    for _ in range(4):
        with pytest.raises(BusUnavailableError):
            bus.publish(messages(10))
    assert proxy.accepted == 4
    assert not [thread for thread in threading.enumerate() if thread.name == "publish"]
    eventually(lambda: connections_to(proxy.address[1]) == 0)


def test_an_idle_connection_is_kept_by_heartbeats(
    rabbitmq: RabbitMQ, vhost: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "HEARTBEAT", 1)
    bus = RabbitBus(rabbitmq.url(vhost, address=proxy.address))
    bus.publish(messages(1))
    before = proxy.asked
    # Each heartbeat is one piece on the wire; without any the broker would hang up after two seconds.
    eventually(lambda: proxy.asked >= before + 6)
    assert bus.publish(messages(1)) == {"m0"}
    assert proxy.accepted == 1
    bus.close()


def test_an_absent_broker_is_an_error_at_once_and_its_return_needs_nothing(bus: RabbitBus, proxy: Proxy) -> None:
    proxy.refuse()
    for _ in range(3):
        began = time.monotonic()
        with pytest.raises(BusUnavailableError):
            bus.publish(messages(1))
        assert time.monotonic() - began < QUICK
    proxy.mend()
    assert bus.publish(messages(1)) == {"m0"}


def test_a_child_after_a_fork_makes_a_connection_of_its_own(bus: RabbitBus, proxy: Proxy) -> None:
    bus.publish(messages(1))
    fork = multiprocessing.get_context("fork")
    results = fork.SimpleQueue()
    child = fork.Process(target=lambda: results.put(bus.publish(messages(2, prefix="child"))))
    child.start()
    assert bus.publish(messages(2)) == {"m0", "m1"}
    child.join(timeout=20)
    assert results.get() == {"child0", "child1"}
    assert bus.publish(messages(2)) == {"m0", "m1"}
    assert proxy.accepted == 2
