"""Making and changing hosts, their working hours and what they offer."""

import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from booking import storage
from booking.bookings import (
    FIRST_COLOR,
    FIRST_WORKING_HOURS,
    Host,
    Refused,
    SessionType,
    WorkingHours,
    default_location,
    first_session_type,
    missing,
    zone,
)
from booking.handlers.desk import Desk, require_handle, require_host


class Profile(NamedTuple):
    """Who somebody is when they sign up."""

    name: str
    email: str
    handle: str
    timezone: str


def welcome(desk: Desk, host_id: str, profile: Profile) -> tuple[Host, bool]:
    """Make a host with working hours and a first session type; give it, and whether it is new.

    The same id again gives the host as it is, so that a sign-up which broke off can be finished.
    """
    zone(profile.timezone)
    try:
        with desk.database.write() as tx:
            known = storage.host(tx, host_id)
            if known is not None:
                return known, False
            _refuse_taken(tx, profile)
            return _welcome(tx, host_id, profile, desk.clock()), True
    except IntegrityError as error:
        # Two sign-ups at the same moment: the other one was first.
        with desk.database.read() as tx:
            known = storage.host(tx, host_id)
            if known is not None:
                return known, False
            _refuse_taken(tx, profile)
        raise _handle_taken() from error


def _refuse_taken(tx: Connection, profile: Profile) -> None:
    if storage.host_by_handle(tx, profile.handle) is not None:
        raise _handle_taken()
    if storage.host_by_email(tx, profile.email) is not None:
        raise Refused("email_taken", "conflict", "There is already a host with this e-mail address.")


def _welcome(tx: Connection, host_id: str, profile: Profile, now: datetime) -> Host:
    host = Host(
        id=host_id,
        name=profile.name,
        email=profile.email,
        handle=profile.handle,
        timezone=profile.timezone,
        default_video_provider="zoom",
        welcome_text="",
        color=FIRST_COLOR,
        feed_key=secrets.token_urlsafe(24),
        created_at=now,
    )
    storage.add_host(tx, host)
    storage.replace_working_hours(tx, host.id, FIRST_WORKING_HOURS)
    storage.add_session_type(tx, first_session_type(host, uuid.uuid4().hex))
    return host


def host(desk: Desk, host_id: str) -> Host:
    """Read a host."""
    with desk.database.read() as tx:
        return require_host(tx, host_id)


def change_host(desk: Desk, host_id: str, changes: Mapping[str, Any]) -> Host:
    """Change a host's profile. Working hours keep their wall-clock times when the zone changes."""
    if "timezone" in changes:
        zone(changes["timezone"])
    try:
        with desk.database.write() as tx:
            changed = replace(require_host(tx, host_id, lock=True), **changes)
            storage.save_host(tx, changed)
            return changed
    except IntegrityError as error:
        raise _handle_taken() from error


def public_page(desk: Desk, handle: str) -> tuple[Host, Sequence[SessionType]]:
    """Read what everybody may see of a host."""
    with desk.database.read() as tx:
        found = require_handle(tx, handle)
        return found, storage.offered_session_types(tx, found.id)


def working_hours(desk: Desk, host_id: str) -> tuple[Host, WorkingHours]:
    """Read when a host works."""
    with desk.database.read() as tx:
        return require_host(tx, host_id), storage.working_hours(tx, host_id)


def set_working_hours(desk: Desk, host_id: str, hours: WorkingHours, timezone: str | None) -> tuple[Host, WorkingHours]:
    """Replace a host's working hours as a whole. The zone is the host's own, here as in the profile."""
    hours.require_disjoint()
    if timezone is not None:
        zone(timezone)
    with desk.database.write() as tx:
        found = require_host(tx, host_id, lock=True)
        if timezone is not None and timezone != found.timezone:
            found = replace(found, timezone=timezone)
            storage.save_host(tx, found)
        storage.replace_working_hours(tx, host_id, hours)
        return found, storage.working_hours(tx, host_id)


def session_types(desk: Desk, host_id: str, *, after: tuple[datetime, str] | None, limit: int) -> Sequence[SessionType]:
    """List a host's session types from behind a place, oldest first."""
    with desk.database.read() as tx:
        return storage.session_types(tx, require_host(tx, host_id).id, after=after, limit=limit)


def session_type(desk: Desk, host_id: str, type_id: str) -> SessionType:
    """Read a session type of a host."""
    with desk.database.read() as tx:
        return _require_type(tx, host_id, type_id)


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
            made = _located(made, found)
            storage.add_session_type(tx, made)
            return made
    except IntegrityError as error:
        raise _slug_taken() from error


def change_session_type(desk: Desk, host_id: str, type_id: str, changes: Mapping[str, Any]) -> SessionType:
    """Change what is offered from now on."""
    try:
        with desk.database.write() as tx:
            found = require_host(tx, host_id)
            changed = _located(_require_type(tx, host_id, type_id).changed(**changes), found)
            storage.save_session_type(tx, changed)
            return changed
    except IntegrityError as error:
        raise _slug_taken() from error


def withdraw_session_type(desk: Desk, host_id: str, type_id: str) -> None:
    """Take a session type out of all listings; its bookings stay."""
    with desk.database.write() as tx:
        withdrawn = _require_type(tx, host_id, type_id).changed(deleted_at=desk.clock())
        storage.save_session_type(tx, withdrawn)


def _require_type(tx: Connection, host_id: str, type_id: str) -> SessionType:
    found = storage.session_type(tx, host_id, type_id)
    if found is None or found.deleted_at is not None:
        raise missing("session_type")
    return found


def _located(session_type: SessionType, host: Host) -> SessionType:
    if session_type.location is not None:
        return session_type
    return session_type.changed(location=default_location(host.default_video_provider))


def _handle_taken() -> Refused:
    return Refused("handle_taken", "conflict", "This handle is taken; please choose another one.")


def _slug_taken() -> Refused:
    return Refused("slug_taken", "conflict", "Another session type has this slug; please choose another one.")
