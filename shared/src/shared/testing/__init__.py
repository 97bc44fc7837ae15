"""What tests of every service share. Nothing here is imported by a service."""

import socket
import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def eventually(check: Callable[[], Found | None], *, timeout: float = 10.0, every: float = 0.02) -> Found:
    """Call `check` until it gives something truthy, and give that. Fails with its last answer or error."""
    deadline = time.monotonic() + timeout
    while True:
        last: object
        try:
            found = check()
            if found:
                return found
            last = found
        except AssertionError as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"did not come true within {timeout} s; last: {last!r}")
        time.sleep(every)


def free_port() -> int:
    """Give a port of 127.0.0.1 that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
