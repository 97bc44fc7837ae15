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


def connect(broker_url: str, data: Path | None) -> Bus:
    """Give the bus that the settings ask for: without a broker the embedded one in the folder `data`."""
    from shared.bus.embedded import EmbeddedBus  # noqa: PLC0415 - each adapter imports this module

    if broker_url:
        raise BusUnavailableError("BROKER_URL: this version speaks to the embedded bus only")
    if data is None:
        raise BusUnavailableError("neither a broker nor a folder for the embedded bus is given")
    return EmbeddedBus(data / "bus.sqlite3")
