"""Making, changing and taking back what hosts offer."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from booking import storage
from booking.bookings import Host, Refused, SessionType, default_location
from booking.handlers.desk import Desk, require_host
from booking.handlers.offers import require_own_type


def session_types(desk: Desk, host_id: str, *, after: tuple[datetime, str] | None, limit: int) -> Sequence[SessionType]:
    """List a host's session types from behind a place, oldest first."""
    with desk.database.read() as tx:
        return storage.session_types(tx, require_host(tx, host_id).id, after=after, limit=limit)


def session_type(desk: Desk, host_id: str, type_id: str) -> SessionType:
    """Read a session type of a host."""
    with desk.database.read() as tx:
        return require_own_type(tx, host_id, type_id)


def add_session_type(desk: Desk, host_id: str, values: Mapping[str, Any]) -> SessionType:
    """Offer something new; without a location it is a session with the host's default provider."""
    try:
        with desk.database.write() as tx:
            found = require_host(tx, host_id)
            made = SessionType(
                **{"color": found.color, "location": None, **values},
                id=uuid.uuid4().hex,
                host_id=host_id,
                created_at=desk.clock(),
            )
            made = _checked(made, found)
            storage.add_session_type(tx, made)
            return made
    except IntegrityError as error:
        raise _slug_taken() from error


def change_session_type(desk: Desk, host_id: str, type_id: str, changes: Mapping[str, Any]) -> SessionType:
    """Change what is offered from now on."""
    try:
        with desk.database.write() as tx:
            found = require_host(tx, host_id)
            changed = _checked(require_own_type(tx, host_id, type_id).changed(**changes), found)
            storage.save_session_type(tx, changed)
            return changed
    except IntegrityError as error:
        raise _slug_taken() from error


def withdraw_session_type(desk: Desk, host_id: str, type_id: str) -> None:
    """Take a session type out of all listings; its bookings stay."""
    with desk.database.write() as tx:
        withdrawn = require_own_type(tx, host_id, type_id).changed(deleted_at=desk.clock())
        storage.save_session_type(tx, withdrawn)


def _checked(session_type: SessionType, host: Host) -> SessionType:
    if session_type.availability is not None:
        session_type.availability.require_disjoint("availability.")
    if session_type.location is not None:
        return session_type
    return session_type.changed(location=default_location(host.default_video_provider))


def _slug_taken() -> Refused:
    return Refused("slug_taken", "conflict", "Another session type has this slug; please choose another one.")
