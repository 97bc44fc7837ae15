"""The bus over RabbitMQ: pika publishes in windows, kombu listens, both declare what is in `shared.bus.topology`."""

import logging
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event as Flag

from shared.bus import BusUnavailableError, Deliver
from shared.bus.rabbitmq.address import Address
from shared.bus.rabbitmq.link import Link
from shared.bus.rabbitmq.listening import Listener
from shared.bus.rabbitmq.presence import Presence
from shared.events.envelope import Message

PATIENCE = 8.0
"""Seconds for one window, connecting included. A broker that takes longer is given up, and tried afresh later."""
PING_TIMEOUT = 5.0
STOP_SECONDS = 1.0


class RabbitBus:
    """Connects at the first use; after a fork the child's first use makes a connection of its own."""

    def __init__(self, url: str, ca_file: Path | None = None, *, patience: float = PATIENCE) -> None:
        self._address = Address.parse(url, ca_file)
        self._patience = patience
        self._publishing = threading.Lock()
        self._link: Link | None = None
        self._process = os.getpid()
        self._presence = Presence("publish")
        # Their lines come per try and per step; ours come per change and say what to do.
        logging.getLogger("pika").setLevel(logging.CRITICAL)
        logging.getLogger("kombu").setLevel(logging.WARNING)

    def publish(self, messages: Sequence[Message]) -> set[str]:
        """Send one window; give the ids that the broker has confirmed as safe in every queue that wants them.

        After anything but an answer for every message the connection is dropped, so that an answer that comes late
        can't count for a message of another window.
        """
        if not messages:
            return set()
        with self._publishing:
            deadline = time.monotonic() + self._patience
            try:
                return self._publish(messages, deadline)
            except BusUnavailableError as error:
                self._presence.lost(error)
                raise

    def run(self, queue: str, deliver: Deliver, stop: Flag) -> None:
        """Hand over what is in `queue` until `stop` is set, waiting out the broker's absences."""
        listener = Listener(self._address, queue, deliver, stop)
        thread = threading.Thread(target=listener.run_until_stopped, name=f"listen {queue}", daemon=True)
        thread.start()
        while thread.is_alive() and not stop.wait(0.1):
            pass
        thread.join(STOP_SECONDS)
        # A thread that still waits for a silent broker is left to its time-outs; it will deliver nothing any more.
        with listener.busy:
            if listener.failure is not None:
                raise listener.failure

    def ping(self) -> None:
        """Raise `BusUnavailableError` with a sentence when messages could not be sent."""
        link = Link(self._address)
        try:
            link.wait_ready(PING_TIMEOUT)
        finally:
            link.close()

    def close(self) -> None:
        """Close the connection for publishing; those for listening end with their `stop`."""
        with self._publishing:
            if self._link is not None:
                self._link.close()
                self._link = None

    def _publish(self, messages: Sequence[Message], deadline: float) -> set[str]:
        link = self._connected(deadline)
        window = link.send(messages)
        complete = window.wait(deadline - time.monotonic())
        confirmed, returned = window.close()
        if complete:
            self._presence.found()
        else:
            error = link.error or BusUnavailableError(link.reproach())
            self._drop()
            if not confirmed:
                raise error
            self._presence.lost(error)
        if complete and returned:
            link.declare()
        return confirmed

    def _connected(self, deadline: float) -> Link:
        """Give a link that can send. Raises `BusUnavailableError`."""
        if self._process != os.getpid():
            # The thread that served this link stayed with the parent, and so does the connection.
            self._process, self._link = os.getpid(), None
        if self._link is not None and self._link.error is not None:
            self._drop()
        if self._link is None:
            self._link = Link(self._address)
        try:
            self._link.wait_ready(deadline - time.monotonic())
        except BusUnavailableError:
            self._drop()
            raise
        return self._link

    def _drop(self) -> None:
        if self._link is not None:
            self._link.drop()
            self._link = None
