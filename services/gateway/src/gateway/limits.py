"""How often one address may call. Counted in memory: it protects the process, not an account (see `accounts`)."""

import math
import re
import time

from flask import Flask, Response, request
from flask_limiter import ApplicationLimit, Limiter, RateLimitExceeded
from flask_limiter.util import get_remote_address

from gateway import errors

ANY = "6000/minute"
"""Room for hundreds of bookings a minute from one office, with all their pages and pictures."""
PASSWORDS = "600/minute"
PASSWORD_PATHS = re.compile(
    r"/(signin|signup|forgot-password|reset-password/.*|confirm-email/.*|api/v1/(hosts|api-keys|me|me/(password|email)"
    r"|password-resets(/use)?|email-changes/confirm)|dashboard/settings/.*)"
)
"""Where a form or a call costs a hash, sends a mail, or takes a secret that could be guessed."""
UNCOUNTED = ("/static/", "/livez", "/readyz", "/metrics", "/webhooks/")


def install(app: Flask) -> None:
    """Count every request by its address."""
    limiter = Limiter(
        get_remote_address,
        app=app,
        storage_uri="memory://",
        strategy="fixed-window",
        application_limits=[
            ApplicationLimit(ANY, scope="any", exempt_when=_uncounted),
            ApplicationLimit(PASSWORDS, scope="passwords", exempt_when=_no_password),
        ],
    )

    @app.errorhandler(RateLimitExceeded)
    def limited(_error: RateLimitExceeded) -> Response:
        broken = limiter.current_limit
        wait = max(1, math.ceil(broken.reset_at - time.time())) if broken else 1
        detail = "Too many requests from your address. Wait a little and try again."
        return errors.answer(429, "rate_limited", detail, headers={"Retry-After": str(wait)})


def _uncounted() -> bool:
    return request.path.startswith(UNCOUNTED)


def _no_password() -> bool:
    return request.method not in {"POST", "DELETE"} or PASSWORD_PATHS.fullmatch(request.path) is None
