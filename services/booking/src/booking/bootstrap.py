"""The only place that builds the booking service's real things."""

import random
from functools import partial
from typing import TYPE_CHECKING

from booking.bookings import Refused
from booking.handlers import HANDLERS
from booking.handlers.desk import Desk
from booking.settings import Settings
from booking.storage.tables import LEASES, WAITS
from booking.worker import Introductions, Sweep, Worker
from shared import bus, inbox, outbox
from shared.clock import Clock, system
from shared.database import Database
from shared.outbox import Relay
from shared.setback import Setback

if TYPE_CHECKING:
    from flask_openapi3 import OpenAPI


def app(settings: Settings, *, clock: Clock = system) -> "OpenAPI":
    """Build the HTTP side. Called after the fork."""
    # A worker has no use for these 20 MB.
    from booking import api  # noqa: PLC0415
    from shared import metrics, web  # noqa: PLC0415

    database = Database(settings.database_url, pool_size=settings.threads)
    made = web.app(
        "booking",
        title="Booking",
        service_key=settings.service_key,
        clock=clock,
        checks={"database": database.ping, "events": partial(outbox.late, database, clock)},
        refused=Refused,
        raw_paths=api.RAW_PATHS,
        figures=partial(metrics.read_queues, database),
    )
    api.install(made, Desk(database, clock), settings.public_url)
    return made


def worker(settings: Settings, *, clock: Clock = system, chance: random.Random | None = None) -> Worker:
    """Build the worker process."""
    database = Database(settings.database_url)
    carrier = bus.connect(settings.broker_url, settings.data, settings.broker_ca_file)
    return Worker(
        database,
        carrier,
        clock,
        relay=Relay(database, carrier, clock),
        inbox=inbox.Worker(database, HANDLERS, clock, chance or random.Random()),
        sweep=Sweep(database, clock),
        introductions=Introductions(database, clock),
        setback=Setback(database, clock, WAITS, LEASES),
    )
