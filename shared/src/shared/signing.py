"""Tokens for the calls from the gateway inward: who is acting, for which service, for one minute."""

from datetime import datetime, timedelta

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

ANONYMOUS = "anonymous"
LIFE = timedelta(seconds=60)
LEEWAY = timedelta(seconds=5)
"""How far two machines' clocks may be apart."""


class BadTokenError(Exception):
    """No valid token for this service. Whoever sent it is not our gateway, or it is too old."""


def sign(key: str, *, audience: str, subject: str, now: datetime) -> str:
    """Make a token that lets the bearer act as `subject` (a host's id or `anonymous`) at the service `audience`."""
    claims = {"aud": audience, "sub": subject, "iat": int(now.timestamp()), "exp": int((now + LIFE).timestamp())}
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(key))


def verify(key: str, token: str, *, audience: str, now: datetime) -> str:
    """Give the subject of a valid token. Raises `BadTokenError`."""
    try:
        claims = jwt.decode(token, OctKey.import_key(key), algorithms=["HS256"]).claims
    except (JoseError, ValueError) as error:
        raise BadTokenError(type(error).__name__) from error
    moment = now.timestamp()
    expires, issued = claims.get("exp"), claims.get("iat")
    if not isinstance(expires, int) or not isinstance(issued, int):
        raise BadTokenError("no times")
    if moment > expires + LEEWAY.total_seconds() or moment < issued - LEEWAY.total_seconds():
        raise BadTokenError("outside its time")
    subject = claims.get("sub")
    if claims.get("aud") != audience or not isinstance(subject, str) or not subject:
        raise BadTokenError("for somebody else")
    return subject
