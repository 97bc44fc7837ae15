"""The relay's peer at a broker: pika alone, a window of messages, all their confirms, the next window."""

import time
from collections.abc import Sequence
from typing import Any

import pika

from shared.bus import topology
from shared.events.envelope import Message
from shared.outbox import WINDOW


def publish_in_windows(url: str, messages: Sequence[Message]) -> float:
    """Publish all to our exchange; give the seconds from the first message to the last confirm."""
    return _Publisher(url, messages).run()


class _Publisher:
    def __init__(self, url: str, messages: Sequence[Message]) -> None:
        self._messages = messages
        self._sent = self._confirmed = 0
        self._begun = self._ended = 0.0
        self._channel: Any = None
        self._connection: Any = pika.SelectConnection(
            pika.URLParameters(url),
            on_open_callback=lambda opened: opened.channel(on_open_callback=self._opened),
            on_close_callback=lambda *_: self._connection.ioloop.stop(),
        )

    def run(self) -> float:
        self._connection.ioloop.start()
        if self._confirmed < len(self._messages):
            raise RuntimeError("the broker did not confirm everything")
        return self._ended - self._begun

    def _opened(self, channel: Any) -> None:
        self._channel = channel
        channel.confirm_delivery(self._answered, callback=lambda _: self._begin())

    def _begin(self) -> None:
        self._begun = time.perf_counter()
        self._window()

    def _window(self) -> None:
        for message in self._messages[self._sent : self._sent + WINDOW]:
            properties = pika.BasicProperties(message_id=message.id, delivery_mode=2)
            self._channel.basic_publish(
                topology.EXCHANGE, message.type, message.body.encode(), properties, mandatory=True
            )
            self._sent += 1

    def _answered(self, frame: Any) -> None:
        if frame.method.NAME != "Basic.Ack":
            self._connection.close()
            return
        tag = frame.method.delivery_tag
        self._confirmed = max(self._confirmed, tag) if frame.method.multiple else self._confirmed + 1
        self._ended = time.perf_counter()
        if self._confirmed == len(self._messages):
            self._connection.close()
        elif self._confirmed == self._sent:
            self._window()
