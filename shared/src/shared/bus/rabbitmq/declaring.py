"""Makes exchanges, queues and bindings in RabbitMQ, by whoever comes first. The same arguments suit 3.13 and 4.x."""

from collections.abc import Callable, Iterator
from typing import Any

from shared.bus import topology

DEAD = "punctual.dead"
"""Exchange and queue of the last net. What can't be handled is parked in the inbox long before."""

QUEUE_ARGUMENTS: dict[str, Any] = {
    "x-queue-type": "quorum",
    # RabbitMQ 4 stops at 20 unless told otherwise, and counts what a killed consumer had only prefetched.
    "x-delivery-limit": 1_000_000,
    # A full queue refuses, and the event stays in its outbox; the default would drop the oldest.
    "x-overflow": "reject-publish",
    "x-dead-letter-exchange": DEAD,
    "x-dead-letter-strategy": "at-least-once",
}
DEAD_ARGUMENTS: dict[str, Any] = {"x-queue-type": "quorum"}

Step = tuple[str, dict[str, Any]]
"""A method of a channel and its arguments, in pika's names."""


def steps() -> Iterator[Step]:
    """Give all that has to be there, in order."""
    yield "exchange_declare", {"exchange": topology.EXCHANGE, "exchange_type": "topic", "durable": True}
    yield "exchange_declare", {"exchange": DEAD, "exchange_type": "fanout", "durable": True}
    yield "queue_declare", {"queue": DEAD, "durable": True, "arguments": DEAD_ARGUMENTS}
    yield "queue_bind", {"queue": DEAD, "exchange": DEAD, "routing_key": ""}
    for queue, patterns in topology.QUEUES.items():
        yield "queue_declare", {"queue": queue, "durable": True, "arguments": QUEUE_ARGUMENTS}
        for pattern in patterns:
            yield "queue_bind", {"queue": queue, "exchange": topology.EXCHANGE, "routing_key": pattern}


def with_pika(channel: Any, done: Callable[[], None]) -> None:
    """Declare over a channel of pika's that answers by callbacks; `done` is called after the last answer."""
    left = steps()

    def go_on(_answer: object = None) -> None:
        step = next(left, None)
        if step is None:
            done()
        else:
            method, arguments = step
            getattr(channel, method)(**arguments, callback=go_on)

    go_on()


def with_amqp(channel: Any) -> None:
    """Declare over a channel of kombu's, which waits for each answer."""
    for method, arguments in steps():
        kept = dict(arguments)
        if method == "exchange_declare":
            kept["type"] = kept.pop("exchange_type")
        if method != "queue_bind":
            kept["auto_delete"] = False  # the library's default is True
        getattr(channel, method)(**kept)
