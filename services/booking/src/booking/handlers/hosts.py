"""Making, changing and removing hosts, and when they work."""

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
    first_session_type,
    zone,
)
from booking.handlers import announcements
from booking.handlers.desk import Desk, require_handle, require_host

CLOSED = "The host has closed the account."


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
        raise _email_taken()


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
        feed_key=_new_feed_key(),
        created_at=now,
    )
    storage.add_host(tx, host)
    storage.replace_working_hours(tx, host.id, FIRST_WORKING_HOURS)
    storage.add_session_type(tx, first_session_type(host, uuid.uuid4().hex))
    announcements.host_changed(tx, host, now)
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
            return _change(tx, require_host(tx, host_id, lock=True), changes, desk.clock())
    except IntegrityError as error:
        raise _handle_taken() from error


def change_email(desk: Desk, host_id: str, email: str) -> Host:
    """Give a host another e-mail address; that it is the host's own has been found out before."""
    try:
        with desk.database.write() as tx:
            return _change(tx, require_host(tx, host_id, lock=True), {"email": email}, desk.clock())
    except IntegrityError as error:
        raise _email_taken() from error


def renew_feed(desk: Desk, host_id: str) -> Host:
    """Give the host's calendar feed another secret address; the old one leads nowhere."""
    with desk.database.write() as tx:
        return _change(tx, require_host(tx, host_id, lock=True), {"feed_key": _new_feed_key()}, desk.clock())


def _change(tx: Connection, found: Host, changes: Mapping[str, Any], now: datetime) -> Host:
    changed = replace(found, **changes)
    if changed.card != found.card:
        changed = replace(changed, revision=found.revision + 1)
    storage.save_host(tx, changed)
    if changed.revision > found.revision:
        announcements.host_changed(tx, changed, now)
    return changed


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
            found = _change(tx, found, {"timezone": timezone}, desk.clock())
        storage.replace_working_hours(tx, host_id, hours)
        return found, storage.working_hours(tx, host_id)


def remove_host(desk: Desk, host_id: str) -> None:
    """Call off what is ahead, so that its clients get to know; then erase the host. The handle is free again."""
    with desk.database.write() as tx:
        now = desk.clock()
        leaving = require_host(tx, host_id, lock=True)
        for booking in storage.future_bookings(tx, host_id, now):
            announcements.called_off(tx, booking.canceled("host", CLOSED, now), leaving, now)
        announcements.host_removed(tx, host_id, now)
        storage.erase_host(tx, host_id)


def _new_feed_key() -> str:
    return secrets.token_urlsafe(24)


def _handle_taken() -> Refused:
    return Refused("handle_taken", "conflict", "This handle is taken; please choose another one.")


def _email_taken() -> Refused:
    return Refused("email_taken", "conflict", "There is already a host with this e-mail address.")
