"""The clock is passed in, so that tests and the simulation can turn it."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the present moment, aware and in UTC."""


def system() -> datetime:
    """Read the machine's clock."""
    return datetime.now(UTC)
