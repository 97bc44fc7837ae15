"""Which address asks what about deliveries, and in which shape it is answered."""

from datetime import datetime
from functools import partial
from typing import Any

from flask_openapi3 import OpenAPI
from pydantic import BaseModel, Field

from notifier import handlers, storage
from notifier.settings import Settings
from shared import outbox, web
from shared.clock import Clock
from shared.database import Database

NAME = "notifier"


class Refused(Exception):
    """A question that can't be answered. The notifier has none: what it doesn't know is an empty list."""


class BookingPath(BaseModel):
    """The part of the address that names the booking."""

    booking_id: str = Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")


def build(settings: Settings, database: Database, clock: Clock) -> OpenAPI:
    """Make the HTTP side."""
    app = web.app(
        NAME,
        title="Punctual notifier",
        service_key=settings.service_key,
        clock=clock,
        checks={"database": database.ping, "events": partial(outbox.late, database, clock)},
        refused=Refused,
    )

    @app.get("/me/bookings/<booking_id>/deliveries")
    def deliveries(path: BookingPath) -> dict[str, Any]:
        host_id = web.require_host()
        with database.read() as tx:
            rows = storage.of_booking(tx, path.booking_id, host_id)
            reminders = storage.reminders_of(tx, path.booking_id, host_id)
        coming = [{"minutes": row.minutes, "at": _moment(row.due_at)} for row in reminders]
        return {"items": [_shown(row) for row in rows], "reminders": coming}

    @app.post("/me/bookings/<booking_id>/retry")
    def retry(path: BookingPath) -> tuple[dict[str, Any], int]:
        host_id = web.require_host()
        with database.write() as tx:
            handlers.try_again(tx, path.booking_id, host_id, clock(), settings.wait)
        return {}, 202

    return app


def _shown(row: Any) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "to": row.address,
        "state": row.state,
        "attempts": row.attempts,
        "next_attempt_at": _moment(row.next_attempt_at),
        "last_error": row.last_error,
        "sent_at": _moment(row.sent_at),
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
