"""One connection for publishing. A thread of its own keeps its heartbeats going while nobody publishes.

All work on the connection is done in that thread; other threads leave work there and wait. A link that has lost
its connection stays lost: whoever needs one makes the next.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pika
from pika import exceptions as pika_errors
from pika.adapters.select_connection import IOLoop

from shared import logs
from shared.bus import BusUnavailableError, topology
from shared.bus.rabbitmq import declaring, refusals
from shared.bus.rabbitmq.address import Address
from shared.bus.rabbitmq.window import Window
from shared.events.envelope import Message

log = logs.get(__name__)

CLOSING_SECONDS = 1
PERSISTENT = 2


class _Connection(pika.SelectConnection):  # type: ignore[misc] # pika publishes no types
    """What pika offers, and a way to leave without goodbye."""

    def abort(self) -> None:
        """Close the socket at once; the polite way would wait for an answer that a frozen broker never gives."""
        self._terminate_stream(pika_errors.ConnectionClosedByClient(0, "given up"))


class Link:
    """Connects when it is made. `error` says why it was lost."""

    def __init__(self, address: Address) -> None:
        self.error: BusUnavailableError | None = None
        self._address = address
        self._ready = threading.Event()
        self._window: Window | None = None
        self._channel: Any = None
        self._tag = 0
        self._blocked = ""
        self._loop = IOLoop()
        self._connection: _Connection | None = None
        self._thread = threading.Thread(target=self._run, name="publish", daemon=True)
        self._thread.start()

    def wait_ready(self, timeout: float) -> None:
        """Wait until messages can be sent. Raises `BusUnavailableError`."""
        in_time = self._ready.wait(max(timeout, 0))
        if self.error is not None:
            raise self.error
        if not in_time:
            raise BusUnavailableError(f"{self._address} does not answer")

    def send(self, messages: Sequence[Message]) -> Window:
        """Send all messages without waiting for any answer; the window collects the answers."""
        window = Window()
        self._do(lambda: self._send(messages, window))
        return window

    def declare(self) -> None:
        """Make the topology again, because somebody has deleted a part of it. `wait_ready` waits for it."""
        self._ready.clear()
        self._do(self._declare)

    def reproach(self) -> str:
        """Say what the broker was doing instead of answering."""
        if self._blocked:
            return f"{self._address} takes no messages now: {self._blocked}"
        return f"{self._address} did not confirm in time"

    def close(self) -> None:
        """Say goodbye to the broker and end the thread."""
        self._do(self._close)
        self._thread.join(CLOSING_SECONDS)
        self.drop()

    def drop(self) -> None:
        """End the connection and the thread at once, whatever the broker does."""
        self._do(self._drop)
        self._thread.join(CLOSING_SECONDS)

    def _do(self, work: Callable[[], None]) -> None:
        self._loop.add_callback_threadsafe(work)

    # From here on everything runs in the link's own thread.

    def _run(self) -> None:
        try:
            self._connection = _Connection(
                self._address.for_publishing("punctual publish"),
                on_open_callback=lambda opened: opened.channel(on_open_callback=self._opened),
                on_open_error_callback=lambda _, error: self._lost(error),
                on_close_callback=lambda _, error: self._lost(error),
                custom_ioloop=self._loop,
            )
            self._connection.add_on_connection_blocked_callback(self._was_blocked)
            self._connection.add_on_connection_unblocked_callback(self._was_unblocked)
            self._loop.start()
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody must wait for this link
            if self.error is None:  # else pika stumbles over its own closing
                log.warning("broker_link_failed", error=logs.where(error))
            self._lost(error)
        finally:
            self._loop.close()

    def _opened(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._channel_closed)
        channel.add_on_return_callback(self._returned)
        channel.confirm_delivery(self._answered, callback=lambda _: self._declare())

    def _declare(self) -> None:
        if self.error is None:
            declaring.with_pika(self._channel, self._ready.set)

    def _send(self, messages: Sequence[Message], window: Window) -> None:
        self._window = window
        if self.error is not None:
            window.lost()
            return
        for message in messages:
            self._tag += 1
            window.sent(self._tag, message.id)
            self._channel.basic_publish(
                topology.EXCHANGE,
                message.type,
                message.body.encode(),
                pika.BasicProperties(
                    message_id=message.id, delivery_mode=PERSISTENT, content_type="application/cloudevents+json"
                ),
                mandatory=True,
            )
        window.all_sent()

    def _answered(self, frame: Any) -> None:
        if self._window is not None:
            positive = frame.method.NAME == "Basic.Ack"
            self._window.answered(frame.method.delivery_tag, multiple=frame.method.multiple, positive=positive)

    def _returned(self, _channel: Any, _method: Any, properties: Any, _body: bytes) -> None:
        if self._window is not None:
            self._window.returned(properties.message_id)

    def _channel_closed(self, _channel: Any, error: BaseException) -> None:
        self._fail(error)
        self._drop()

    def _was_blocked(self, _connection: object, frame: Any) -> None:
        self._blocked = str(frame.method.reason)

    def _was_unblocked(self, _connection: object, _frame: object) -> None:
        self._blocked = ""

    def _lost(self, error: BaseException) -> None:
        self._fail(error)
        self._loop.stop()

    def _fail(self, error: BaseException) -> None:
        # The first error is the cause; what follows it is the noise of closing.
        if self.error is None:
            self.error = refusals.explain(error, self._address)
        self._ready.set()
        if self._window is not None:
            self._window.lost()

    def _close(self) -> None:
        if self._connection is not None and self._connection.is_open:
            self._connection.close()
        else:
            self._drop()

    def _drop(self) -> None:
        connection = self._connection
        if connection is None or connection.is_closed:
            self._loop.stop()
        elif connection.is_open or connection.is_closing:
            connection.abort()
        else:
            connection.close()
