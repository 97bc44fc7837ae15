"""The chapters of the API's document and of its page: which call stands where, and in which order."""

import re

BOOKING = "Booking, with no account"
CHAPTERS = (
    ("Sign-up and keys", re.compile(r"POST /hosts|\w+ /api-keys|\w+ /me/api-keys.*")),
    (
        "The account",
        re.compile(r"DELETE /me|\w+ (/me/(password|email|sessions.*)|/password-resets.*|/email-changes/.*)"),
    ),
    ("Zoom", re.compile(r"\w+ /me/connections/.*")),
    ("Session types", re.compile(r"\w+ /me/session-types.*")),
    ("The host's bookings", re.compile(r"\w+ /me/(bookings|calendar).*")),
    ("The host", re.compile(r"\w+ /me(/.*)?")),
    (BOOKING, re.compile(r".*")),
)
ORDER = (
    BOOKING,
    "Sign-up and keys",
    "The host",
    "Session types",
    "The host's bookings",
    "Zoom",
    "The account",
)


def chapter(method: str, path: str) -> str:
    """Give the chapter that a call belongs to."""
    return next(name for name, pattern in CHAPTERS if pattern.fullmatch(f"{method} {path}"))
