"""Speaks to the person at the terminal, and goes on when nobody listens any more."""

import contextlib
import sys


def say(text: str) -> None:
    """Print what the person waits for."""
    with contextlib.suppress(OSError):
        print(text, flush=True)


def complain(text: str) -> None:
    """Print what went wrong."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)
