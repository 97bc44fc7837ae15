"""What every answer says to the browser about trust, and who may see what is for the inside only."""

import ipaddress
import secrets
from http import HTTPStatus
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, request

from gateway.settings import Settings

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self' {zoom}; base-uri 'none'; frame-ancestors 'none'"
)
UNLISTED = ("/bookings/", "/dashboard")
"""What search engines must not show, should an address ever reach one."""
ANSWERS = "/api/v1/"
NO_PAGE = "default-src 'none'; frame-ancestors 'none'"


def install(app: Flask, settings: Settings) -> None:
    """Set cookie flags and add the headers to every answer."""
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME=settings.cookie("visit"),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure,
    )
    zoom = " ".join(form_targets(settings.zoom_oauth_url, secure=settings.secure))
    app.context_processor(lambda: {"csp_nonce": nonce()})

    @app.before_request
    def keep_inside() -> None:
        if request.path == "/metrics" and not _from_inside():
            abort(404)

    @app.after_request
    def protect(response: Response) -> Response:
        if response.status_code == HTTPStatus.NO_CONTENT:
            response.headers.remove("Content-Type")
        page = response.mimetype == "text/html"
        policy = POLICY.format(nonce=nonce(), zoom=zoom) if page else NO_PAGE
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        # A booking's address is its capability: it must not reach the meeting's site as a referrer.
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        if settings.secure:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if page:
            # A visitor who goes back finds what was typed; what a host sees is not kept.
            response.headers.setdefault("Cache-Control", "no-store" if g.get("account") else "private, no-cache")
            if request.path.startswith(UNLISTED):
                response.headers.setdefault("X-Robots-Tag", "noindex")
        elif request.path.startswith(ANSWERS):
            # What a key opened, or was made here, is nobody else's.
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def nonce() -> str:
    """Give the number that lets this page's one style element through."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def form_targets(zoom_oauth_url: str | None, *, secure: bool) -> list[str]:
    """Name what a form of ours may end at: browsers check every redirect, and Zoom has several hosts."""
    if zoom_oauth_url is None:
        return ["https:"] if secure else ["https:", "http:"]
    parts = urlsplit(zoom_oauth_url)
    origin = f"{parts.scheme}://{parts.netloc}"
    return [origin, "https://*.zoom.us"] if parts.hostname == "zoom.us" else [origin]


def _from_inside() -> bool:
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_private
    except ValueError:
        return False
