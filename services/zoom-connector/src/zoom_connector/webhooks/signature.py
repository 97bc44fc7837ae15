"""Whether a webhook is from Zoom. The signature covers the raw bytes: the same JSON written again would not match."""

import hashlib
import hmac
from datetime import datetime

TOLERANCE_SECONDS = 300


def genuine(secret: str, *, timestamp: str | None, signature: str | None, body: bytes, now: datetime) -> bool:
    """Say whether the body was signed with our secret at about this time."""
    if not timestamp or not signature or not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:  # noqa: PLR2004 - seconds, far beyond our time
        return False
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    expected = "v0=" + _hmac(secret, b"v0:" + timestamp.encode() + b":" + body)
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogateescape"))


def encrypted(secret: str, plain_token: str) -> str:
    """Give the answer to Zoom's question whether this address is ours."""
    return _hmac(secret, plain_token.encode())


def _hmac(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
