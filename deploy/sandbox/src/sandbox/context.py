"""What every part of a running sandbox may use, and how a request finds it."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from flask import request

from sandbox.settings import Settings
from sandbox.store import Store

Clock = Callable[[], datetime]

# Where the gate leaves the sandbox in each request.
IN_ENVIRON = "sandbox.box"


@dataclass
class Sandbox:
    """The real things behind one sandbox."""

    settings: Settings
    store: Store
    clock: Clock
    random: random.Random
    stopping: threading.Event = field(default_factory=threading.Event)
    # Called after every change of the faults, so that the mailbox can close or open its port.
    faults_changed: Callable[[], None] = lambda: None

    def now(self) -> float:
        """Seconds since 1970, UTC: how the store keeps every instant."""
        return self.clock().timestamp()


def here() -> Sandbox:
    """Give the sandbox that this request came to."""
    return cast("Sandbox", request.environ[IN_ENVIRON])


def zulu(at: float) -> str:
    """Write an instant as Zoom does: whole seconds, UTC, `Z`."""
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
