"""The port that carries events between services. What a consumer does with them is the inbox's business."""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event as Flag
from typing import Protocol

from shared.events.envelope import Message

Deliver = Callable[[Sequence[Message]], None]
"""Stores messages for good before it returns; only then are they taken off the queue."""


class BusUnavailableError(Exception):
    """The bus does not answer. What was to be sent is kept where it is and sent later."""


class BusMisconfiguredError(BusUnavailableError):
    """The bus is there and refuses us. Waiting does not mend it; the sentence says which setting to look at."""


class Bus(Protocol):
    """RabbitMQ, or the embedded bus on a machine that has no broker."""

    def publish(self, messages: Sequence[Message]) -> set[str]:
        """Send the messages to every queue that wants them; give the ids of those that are safe there.

        Raises `BusUnavailableError` when nothing could be sent.
        """

    def run(self, queue: str, deliver: Deliver, stop: Flag) -> None:
        """Hand each message of `queue` to `deliver` until `stop` is set. A message may come more than once.

        Raises `BusUnavailableError` when the bus goes away; the caller runs it again.
        """

    def ping(self) -> None:
        """Raise `BusUnavailableError` when the bus does not answer."""

    def close(self) -> None:
        """Let go of connections and files."""


def connect(broker_url: str, data: Path | None, ca_file: Path | None = None) -> Bus:
    """Give the bus that the settings ask for: RabbitMQ, or without a broker the embedded one in the folder `data`.

    `ca_file` holds the authorities to trust for `amqps://`; without it, those of the machine. Nothing is connected
    yet. Raises `BusMisconfiguredError`.
    """
    # Each adapter imports this module, and a service that has no broker need not load its client libraries.
    if broker_url:
        from shared.bus.rabbitmq import RabbitBus  # noqa: PLC0415

        return RabbitBus(broker_url, ca_file)
    if data is None:
        raise BusMisconfiguredError("neither a broker nor a folder for the embedded bus is given")
    from shared.bus.embedded import EmbeddedBus  # noqa: PLC0415

    return EmbeddedBus(data / "bus.sqlite3")
