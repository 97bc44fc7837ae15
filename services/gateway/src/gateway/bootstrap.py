"""The only place that builds the gateway's real things."""

from collections.abc import Mapping

from argon2 import PasswordHasher
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from gateway import api, errors, limits, pages, security
from gateway.accounts import ApiKeys, Passwords, SignIns, SignUps
from gateway.api import zoom
from gateway.parts import Parts
from gateway.settings import Settings
from gateway.upstream import Upstream
from shared.clock import Clock, system
from shared.database import Database
from shared.web.app import Check, common


def app(settings: Settings, *, clock: Clock = system, hasher: PasswordHasher | None = None) -> Flask:
    """Build the whole app. Called after the fork. Without a `hasher`, passwords cost what RFC 9106 asks for."""
    made = Flask("gateway")
    made.json.sort_keys = False  # type: ignore[attr-defined]
    database = Database(settings.database_url, pool_size=settings.threads)
    parts = build_parts(settings, database, clock, hasher or PasswordHasher())
    made.extensions["gateway"] = parts
    common(made, checks=_checks(parts, database), raw_paths={zoom.PATH: zoom.LIMIT})
    security.install(made, settings)
    errors.install(made)
    limits.install(made)
    api.install(made)
    pages.install(made)
    if settings.proxies:
        made.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            made.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies, x_host=0
        )
    return made


def build_parts(settings: Settings, database: Database, clock: Clock, hasher: PasswordHasher) -> Parts:
    """Connect the parts with each other."""
    key = settings.service_key
    booking = Upstream("booking", settings.booking_url, key=key, clock=clock)
    passwords = Passwords(database, clock, hasher)
    return Parts(
        settings=settings,
        clock=clock,
        booking=booking,
        zoom_connector=Upstream("zoom-connector", settings.zoom_connector_url, key=key, clock=clock),
        notifier=Upstream("notifier", settings.notifier_url, key=key, clock=clock),
        passwords=passwords,
        sign_ups=SignUps(database, clock, passwords, booking),
        sign_ins=SignIns(database, clock),
        api_keys=ApiKeys(database, clock),
    )


def _checks(parts: Parts, database: Database) -> Mapping[str, Check]:
    return {
        "database": database.ping,
        "booking": parts.booking.require_ready,
        "zoom-connector": parts.zoom_connector.require_ready,
        "notifier": parts.notifier.require_ready,
    }
