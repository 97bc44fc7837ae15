"""Takes messages off one queue for the inbox: as many as are there go into one commit, and only then are acked.

A callback does nothing else, so heartbeats stay on time. Whatever goes wrong with the broker is waited out here.
"""

import hashlib
import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event as Flag
from typing import Any

import amqp
import kombu
from kombu.exceptions import KombuError
from kombu.mixins import ConsumerMixin

from shared.bus import BusMisconfiguredError, BusUnavailableError, Deliver
from shared.bus.rabbitmq import declaring, refusals
from shared.bus.rabbitmq.address import CONNECT_TIMEOUT, Address
from shared.bus.rabbitmq.presence import Presence
from shared.events.envelope import Message

PREFETCH = 50
BATCH_BYTES = 1_000_000
LOOK_UP = 0.2
"""Seconds of silence after which a listener looks whether it is to stop."""
RETRY_LOST = 0.1
RETRY = 1.0
RETRY_MISCONFIGURED = 5.0
"""Seconds until the next try: after a connection that worked, after one that could not be made, and where somebody
has to change something first, because each try leaves a line in the broker's log."""
LONGEST_NAME = 200

# kombu warns that a lost connection may show as an AttributeError.
BROKER_ERRORS = (amqp.AMQPError, KombuError, OSError, AttributeError)


class _NotStored(Exception):
    """The inbox did not take the messages; they stay on the queue."""


class Listener(ConsumerMixin):  # type: ignore[misc] # kombu publishes no types
    """Runs in a thread of its own until `stop` is set. `failure` is what it ended by if not by that."""

    def __init__(self, address: Address, queue: str, deliver: Deliver, stop: Flag) -> None:
        self.connection = address.for_listening(f"punctual {queue}")
        self.failure: BaseException | None = None
        self.busy = threading.Lock()
        self._address = address
        self._queue = queue
        self._deliver = deliver
        self._stop = stop
        self._presence = Presence(queue)
        self._held: list[Any] = []
        self._worked = False
        self._open: Any = None

    @property
    def should_stop(self) -> bool:
        """Tell kombu when to end."""
        return self._stop.is_set()

    def run_until_stopped(self) -> None:
        """Listen; after each loss of the broker connect again. One log line per change, not per try."""
        while not self.should_stop:
            self._worked = False
            try:
                for _ in self.consume(limit=None, safety_interval=LOOK_UP):
                    pass
            except _NotStored as error:
                self.failure = error.__cause__
                return
            except BROKER_ERRORS as error:
                why = refusals.explain(error, self._address)
                self._presence.lost(why)
                self._stop.wait(self._pause(why))
            except Exception as error:  # noqa: BLE001 - whoever runs the listener has to hear of it
                self.failure = error
                return

    @contextmanager
    def establish_connection(self) -> Iterator[Any]:
        """Connect once. kombu's own way would sleep through `stop`."""
        connection = self.connection.clone()
        self._held.clear()
        try:
            connection.ensure_connection(max_retries=0, reraise_as_library_errors=False)
            # From here on no answer of the broker is waited for without end.
            connection.connection.transport.sock.settimeout(CONNECT_TIMEOUT)
            self._open = connection
            yield connection
        except BaseException:
            connection.collect()
            raise
        connection.release()

    def get_consumers(self, consumer: Any, channel: Any) -> list[Any]:
        """Say what to listen to, and make it if it is not there."""
        channel.auto_decode = False
        declaring.with_amqp(channel)
        queue = kombu.Queue(self._queue, no_declare=True)
        return [consumer(queues=[queue], on_message=self._held.append, prefetch_count=PREFETCH, auto_declare=False)]

    def on_consume_ready(self, *_: object, **__: object) -> None:
        """Tell that messages flow."""
        self._worked = True
        self._presence.found()

    def on_iteration(self) -> None:
        """Hand on what has come, together with what else is here already."""
        self._open.heartbeat_check()
        while 0 < len(self._held) < PREFETCH and sum(len(m.body) for m in self._held) < BATCH_BYTES:
            if not self._more_is_here():
                break
            self._open.drain_events(timeout=1)
        if self._held:
            self._store()

    def _pause(self, why: BusUnavailableError) -> float:
        if isinstance(why, BusMisconfiguredError):
            return RETRY_MISCONFIGURED
        return RETRY_LOST if self._worked else RETRY

    def _more_is_here(self) -> bool:
        sock = self._open.connection.transport.sock
        if getattr(sock, "pending", int)():
            return True
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(0))

    def _store(self) -> None:
        with self.busy:
            if self.should_stop:
                return
            try:
                self._deliver([_message(raw) for raw in self._held])
            except Exception as error:
                raise _NotStored from error
        self._held[-1].ack(multiple=True)
        self._held.clear()


def _message(raw: Any) -> Message:
    """Give what the inbox keeps. Bytes that are no text become a body that nothing can take for an event."""
    octets = raw.body or b""  # kombu makes a str of no octets at all
    try:
        body = octets.decode()
    except UnicodeDecodeError:
        body = "not UTF-8: " + octets.decode(errors="backslashreplace")
    message_id = str(raw.properties.get("message_id") or "")
    if not 0 < len(message_id) <= LONGEST_NAME:
        message_id = f"sha256:{hashlib.sha256(octets).hexdigest()}"
    return Message(message_id, str(raw.delivery_info.get("routing_key", ""))[:LONGEST_NAME], body)
