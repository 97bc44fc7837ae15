"""The clock is passed in, so that tests and the simulation can turn it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Gives the present moment, aware and in UTC."""


def system() -> datetime:
    """Read the machine's clock."""
    return datetime.now(UTC)


@dataclass
class Every:
    """Tells when it is time again for what is done once in a while; a clock that was set back stretches no wait."""

    interval: timedelta
    _last: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Say whether it is time, and if so count from now."""
        if self._last is not None and self._last <= now < self._last + self.interval:
            return False
        self._last = now
        return True
