"""Keeps the mails about bookings and the moments of reminders."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, insert, or_, select, update

from notifier.deliveries import REMINDER, Delivery, Plan
from notifier.storage.tables import BOOKINGS, DELIVERIES, REMINDERS
from shared import due


def apply(tx: Connection, booking_id: str, plan: Plan) -> None:
    """Make the rows what the plan says. A row that got a holder since it was read is left alone."""
    if plan.withdrawn:
        tx.execute(delete(DELIVERIES).where(DELIVERIES.c.id.in_(plan.withdrawn), DELIVERIES.c.lease.is_(None)))
    add(tx, booking_id, (replace(delivery, next_attempt_at=plan.times.get(delivery.id)) for delivery in plan.added))
    new = {delivery.id for delivery in plan.added}
    for delivery_id, moment in plan.times.items():
        if delivery_id in new:
            continue
        tx.execute(
            update(DELIVERIES)
            .where(DELIVERIES.c.id == delivery_id, DELIVERIES.c.lease.is_(None))
            .values(next_attempt_at=moment)
        )


def add(tx: Connection, booking_id: str, deliveries: Iterable[Delivery]) -> None:
    """Owe these mails."""
    if rows := [_row(booking_id, delivery) for delivery in deliveries]:
        tx.execute(insert(DELIVERIES), rows)


def revive(tx: Connection, delivery_ids: Iterable[str]) -> None:
    """Let these wait for nothing but their turn."""
    tx.execute(
        update(DELIVERIES)
        .where(DELIVERIES.c.id.in_(list(delivery_ids)), DELIVERIES.c.lease.is_(None))
        .values(state="retrying", next_attempt_at=None)
    )


def anything_due(tx: Connection, table: Table, now: datetime) -> bool:
    """Say whether a claim could find something, without taking a lock."""
    free = or_(table.c.leased_until.is_(None), table.c.leased_until <= now)
    return tx.execute(select(table.c.id).where(table.c.next_attempt_at <= now, free).limit(1)).first() is not None


def claim(tx: Connection, *, now: datetime, lease_for: timedelta, limit: int) -> list[Row[Any]]:
    """Lease mails that are due."""
    return due.claim(tx, DELIVERIES, now=now, lease_for=lease_for, limit=limit)


def forget_unowed(tx: Connection, delivery_id: str, lease: str) -> None:
    """Take back a mail that was claimed and is not owed any more."""
    tx.execute(delete(DELIVERIES).where(DELIVERIES.c.id == delivery_id, DELIVERIES.c.lease == lease))


def holds(tx: Connection, row: Row[Any]) -> bool:
    """Say whether a claimed mail is still held under the lease that it was claimed with."""
    held = select(DELIVERIES.c.id).where(DELIVERIES.c.id == row.id, DELIVERIES.c.lease == row.lease)
    return tx.execute(held).first() is not None


def extend(tx: Connection, table: Table, lease: str, until: datetime) -> None:
    """Keep what is still held under `lease` for longer."""
    tx.execute(update(table).where(table.c.lease == lease).values(leased_until=until))


def settle(tx: Connection, row: Row[Any], **outcome: Any) -> None:
    """Give a claimed mail back with its outcome. Raises `due.LeaseLostError`."""
    due.settle(tx, DELIVERIES, row.id, row.lease, **outcome)


def of_booking(tx: Connection, booking_id: str, host_id: str) -> list[Row[Any]]:
    """List the mails about one booking of this host, in the order of its versions."""
    return list(
        tx.execute(
            select(DELIVERIES)
            .join(BOOKINGS, BOOKINGS.c.id == DELIVERIES.c.booking_id)
            .where(DELIVERIES.c.booking_id == booking_id, BOOKINGS.c.host_id == host_id)
            .order_by(DELIVERIES.c.version, DELIVERIES.c.created_at, DELIVERIES.c.kind)
        )
    )


def set_reminders(tx: Connection, booking_id: str, moments: Mapping[int, datetime]) -> None:
    """Remind at these moments, by minutes before the start, and at no others."""
    tx.execute(delete(REMINDERS).where(REMINDERS.c.booking_id == booking_id))
    rows = [{"booking_id": booking_id, "minutes": minutes, "due_at": at} for minutes, at in moments.items()]
    if rows:
        tx.execute(insert(REMINDERS), rows)


def bookings_to_remind(tx: Connection, now: datetime, limit: int) -> list[str]:
    """List bookings with a reminder whose moment has come, those first that wait longest."""
    query = select(REMINDERS.c.booking_id).where(REMINDERS.c.due_at <= now).order_by(REMINDERS.c.due_at).limit(limit)
    return list(dict.fromkeys(tx.execute(query).scalars()))


def take_reminders(tx: Connection, booking_id: str, now: datetime) -> list[int]:
    """Take up the reminders of a booking whose moment has come: their minutes before the start."""
    taken = delete(REMINDERS).where(REMINDERS.c.booking_id == booking_id, REMINDERS.c.due_at <= now)
    return sorted(tx.execute(taken.returning(REMINDERS.c.minutes)).scalars())


def host_is_reminded(tx: Connection, booking_id: str, minutes: int) -> bool:
    """Say whether the reminder of another seat of the same session reminds the host already."""
    own = select(BOOKINGS.c.occupancy_id).where(BOOKINGS.c.id == booking_id).scalar_subquery()
    reminder = (DELIVERIES.c.kind == REMINDER["host"], DELIVERIES.c.turn == minutes)
    other = (BOOKINGS.c.id == DELIVERIES.c.booking_id, BOOKINGS.c.occupancy_id == own, BOOKINGS.c.id != booking_id)
    return tx.execute(select(DELIVERIES.c.id).where(*reminder, *other).limit(1)).first() is not None


def reminders_of(tx: Connection, booking_id: str, host_id: str) -> list[Row[Any]]:
    """List when people will be reminded of one booking of this host."""
    return list(
        tx.execute(
            select(REMINDERS.c.minutes, REMINDERS.c.due_at)
            .join(BOOKINGS, BOOKINGS.c.id == REMINDERS.c.booking_id)
            .where(REMINDERS.c.booking_id == booking_id, BOOKINGS.c.host_id == host_id)
            .order_by(REMINDERS.c.due_at)
        )
    )


def _row(booking_id: str, delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "booking_id": booking_id,
        "version": delivery.version,
        "kind": delivery.kind,
        "recipient": delivery.recipient,
        "turn": delivery.turn,
        "address": delivery.address,
        "state": delivery.state,
        "created_at": delivery.created_at,
        "wait_until": delivery.wait_until,
        "next_attempt_at": delivery.next_attempt_at,
    }
