"""The only place that builds the gateway's real things."""

from collections.abc import Mapping
from functools import partial

from argon2 import PasswordHasher
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from gateway.accounts import (
    ApiKeys,
    Departures,
    EmailChanges,
    FirstSteps,
    Letters,
    NewPasswords,
    Passwords,
    SignIns,
    SignUps,
)
from gateway.pages import logo_upload
from gateway.parts import Parts
from gateway.settings import Settings
from gateway.upstream import Upstream
from gateway.worker import Sweep, Worker
from shared import bus, logs, metrics, outbox
from shared.clock import Clock, system
from shared.database import Database, DatabaseUnavailableError
from shared.outbox import Relay
from shared.readiness import NotReadyError
from shared.setback import Setback
from shared.web.app import Check, common

log = logs.get(__name__)


def app(settings: Settings, *, clock: Clock = system, hasher: PasswordHasher | None = None) -> Flask:
    """Build the whole app. Called after the fork. Without a `hasher`, passwords cost what RFC 9106 asks for."""
    # A worker has no use for any of these.
    from gateway import api, errors, limits, pages, security  # noqa: PLC0415
    from gateway.api import zoom  # noqa: PLC0415

    made = Flask("gateway")
    made.json.sort_keys = False  # type: ignore[attr-defined]
    database = Database(settings.database_url, pool_size=settings.threads)
    parts = build_parts(settings, database, clock, hasher or PasswordHasher())
    made.extensions["gateway"] = parts
    common(
        made,
        checks=_checks(parts, database),
        raw_paths={zoom.PATH: zoom.LIMIT, logo_upload.PATH: logo_upload.LIMIT},
        figures=partial(_read_outbox, database),
    )
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


def worker(settings: Settings, *, clock: Clock = system, hasher: PasswordHasher | None = None) -> Worker:
    """Build the worker process."""
    database = Database(settings.database_url)
    carrier = bus.connect(settings.broker_url, settings.data, settings.broker_ca_file)
    parts = build_parts(settings, database, clock, hasher or PasswordHasher())
    return Worker(
        database,
        carrier,
        relay=Relay(database, carrier, clock),
        new_passwords=parts.new_passwords,
        email_changes=parts.email_changes,
        departures=parts.departures,
        sweep=Sweep(database, clock, parts.passwords),
        setback=Setback(database, clock, waits=()),
    )


def build_parts(settings: Settings, database: Database, clock: Clock, hasher: PasswordHasher) -> Parts:
    """Connect the parts with each other."""
    key = settings.service_key
    booking = Upstream("booking", settings.booking_url, key=key, clock=clock)
    passwords = Passwords(database, clock, hasher)
    letters = Letters(booking, clock, settings.public_url)
    return Parts(
        settings=settings,
        clock=clock,
        booking=booking,
        zoom_connector=Upstream("zoom-connector", settings.zoom_connector_url, key=key, clock=clock),
        notifier=Upstream("notifier", settings.notifier_url, key=key, clock=clock),
        passwords=passwords,
        new_passwords=NewPasswords(database, clock, passwords, letters),
        email_changes=EmailChanges(database, clock, passwords, letters, booking),
        departures=Departures(database, passwords, booking),
        first_steps=FirstSteps(database, clock),
        sign_ups=SignUps(database, clock, passwords, booking),
        sign_ins=SignIns(database, clock),
        api_keys=ApiKeys(database, clock),
    )


class OwnDatabaseError(NotReadyError):
    """The gateway's own database can't be used; where it is and why is for the log."""

    public = True


def _checks(parts: Parts, database: Database) -> Mapping[str, Check]:
    return {
        "database": partial(_ping, database),
        "events": partial(outbox.late, database, parts.clock),
        "booking": parts.booking.require_ready,
        "zoom-connector": parts.zoom_connector.require_ready,
        "notifier": parts.notifier.require_ready,
    }


def _ping(database: Database) -> None:
    try:
        database.ping()
    except DatabaseUnavailableError as error:
        log.error("database_not_ready", reason=str(error))
        raise OwnDatabaseError("the gateway's database can't be used; the gateway's log says why") from error


def _read_outbox(database: Database) -> None:
    with database.read() as tx:
        metrics.UNSENT.set(outbox.waiting(tx))
