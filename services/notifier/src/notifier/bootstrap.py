"""The only place that builds the notifier's real things."""

import ipaddress
import random
from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

from flask_openapi3 import OpenAPI

from notifier import api, handlers
from notifier.dispatch import Dispatch, Notices, Reminders
from notifier.mail.message import Writer
from notifier.mail.server import Session
from notifier.settings import Settings
from notifier.storage.tables import LEASES, WAITS
from notifier.worker import Cleaner, Worker
from shared import bus, inbox
from shared.clock import Clock, system
from shared.database import Database
from shared.outbox import Relay
from shared.setback import Setback


def app(settings: Settings, *, clock: Clock = system) -> OpenAPI:
    """Build the HTTP side. Called after the fork."""
    return api.build(settings, Database(settings.database_url, pool_size=settings.threads), clock)


def worker(settings: Settings, *, clock: Clock = system, chance: random.Random | None = None) -> Worker:
    """Build the worker process."""
    database = Database(settings.database_url)
    carrier = bus.connect(settings.broker_url, settings.data, settings.broker_ca_file)
    chance = chance or random.Random()
    return Worker(
        database,
        carrier,
        clock,
        relay=Relay(database, carrier, clock),
        inbox=inbox.Worker(database, handlers.waiting(settings.wait), clock, chance),
        dispatch=dispatch(settings, database, clock, chance),
        notices=notices(settings, database, clock, chance),
        reminders=Reminders(database, clock, settings.wait),
        cleaner=Cleaner(database, clock),
        setback=Setback(database, clock, WAITS, LEASES),
    )


def dispatch(settings: Settings, database: Database, clock: Clock, chance: random.Random) -> Dispatch:
    """Build what sends the mails about bookings."""
    return Dispatch(database, _writer(settings), _post(settings), clock, chance, settings.wait)


def notices(settings: Settings, database: Database, clock: Clock, chance: random.Random) -> Notices:
    """Build what sends the mails about no booking."""
    return Notices(database, _writer(settings), _post(settings), clock, chance)


def _writer(settings: Settings) -> Writer:
    return Writer(settings.mail_from, settings.public_url)


def _post(settings: Settings) -> Callable[[], Session]:
    return partial(Session, settings.smtp_url, own_name(settings.public_url))


def own_name(public_url: str) -> str:
    """Give the name that this machine says to mail servers. Looking one up could hang on a slow name server."""
    host = urlsplit(public_url).hostname or "localhost"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host if host.isascii() else "localhost"
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"  # noqa: PLR2004 - IP's version
