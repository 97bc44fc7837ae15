"""Where bookings' versions, their meetings and their deliveries are kept. Decides nothing."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    delete,
    insert,
    or_,
    select,
    update,
)

from notifier.deliveries import Change, Correspondence, Delivery, Meeting, Plan
from shared import due
from shared.database import Instant
from shared.events import BookingFacts
from shared.inbox import INBOX
from shared.outbox import OUTBOX

METADATA = MetaData()

BOOKINGS = Table(
    "bookings",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("host_id", String(64), nullable=False),
    # The newest that the connector said about the booking's meeting; null before it spoke.
    Column("meeting_version", Integer, nullable=True),
    Column("meeting_revision", Integer, nullable=True),
    Column("meeting_state", String(20), nullable=True),
    Column("join_url", Text, nullable=True),
    Column("passcode", Text, nullable=True),
    Column("meeting_reason", Text, nullable=True),
)

CHANGES = Table(
    "changes",
    METADATA,
    Column("booking_id", String(64), ForeignKey("bookings.id", name="changes_booking"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("what", String(20), nullable=False),
    Column("facts", Text, nullable=False),
    Column("previous_start", Instant, nullable=True),
    Column("previous_end", Instant, nullable=True),
)

DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("booking_id", String(64), ForeignKey("bookings.id", name="deliveries_booking"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("recipient", String(10), nullable=False),
    Column("address", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("wait_until", Instant, nullable=False),
    Column("sent_at", Instant, nullable=True),
    Column("told", String(20), nullable=True),
    Column("told_link", Text, nullable=True),
    *due.columns(),
    UniqueConstraint("booking_id", "version", "kind", "recipient", name="deliveries_once"),
    Index("deliveries_by_due", "next_attempt_at"),
)

INBOX.to_metadata(METADATA)
OUTBOX.to_metadata(METADATA)


def correspondence(tx: Connection, booking_id: str) -> Correspondence | None:
    """Read all that is known about a booking; None when nothing is."""
    found = tx.execute(select(BOOKINGS).where(BOOKINGS.c.id == booking_id)).one_or_none()
    if found is None:
        return None
    changes = tx.execute(select(CHANGES).where(CHANGES.c.booking_id == booking_id)).all()
    deliveries = tx.execute(select(DELIVERIES).where(DELIVERIES.c.booking_id == booking_id)).all()
    return Correspondence(
        booking_id,
        found.host_id,
        {row.version: _change(row) for row in changes},
        _meeting(found),
        tuple(as_delivery(row) for row in deliveries),
    )


def locked(tx: Connection, booking_id: str) -> Correspondence | None:
    """Lock the booking until the end of `tx`, then read all that is known about it."""
    tx.execute(select(BOOKINGS.c.id).where(BOOKINGS.c.id == booking_id).with_for_update())
    return correspondence(tx, booking_id)


def opened(tx: Connection, booking_id: str, host_id: str) -> Correspondence:
    """Lock the booking and read it; enter it first when nobody has heard of it yet."""
    found = locked(tx, booking_id)
    if found is None:
        tx.execute(insert(BOOKINGS).values(id=booking_id, host_id=host_id))
    return found or Correspondence(booking_id, host_id, {})


def add_change(tx: Connection, booking_id: str, change: Change) -> None:
    """Keep one version of a booking."""
    tx.execute(
        insert(CHANGES).values(
            booking_id=booking_id,
            version=change.version,
            what=change.what,
            facts=change.booking.model_dump_json(),
            previous_start=change.previous_start,
            previous_end=change.previous_end,
        )
    )


def save_meeting(tx: Connection, booking_id: str, meeting: Meeting) -> None:
    """Keep the newest that is known about a booking's meeting."""
    tx.execute(
        update(BOOKINGS)
        .where(BOOKINGS.c.id == booking_id)
        .values(
            meeting_version=meeting.version,
            meeting_revision=meeting.revision,
            meeting_state=meeting.state,
            join_url=meeting.join_url,
            passcode=meeting.passcode,
            meeting_reason=meeting.reason,
        )
    )


def apply(tx: Connection, booking_id: str, plan: Plan) -> None:
    """Make the rows what the plan says. A row that got a holder since it was read is left alone."""
    for delivery_id in plan.withdrawn:
        tx.execute(delete(DELIVERIES).where(DELIVERIES.c.id == delivery_id, DELIVERIES.c.lease.is_(None)))
    for added in plan.added:
        tx.execute(insert(DELIVERIES).values(**_row(booking_id, added)))
    for delivery_id, moment in plan.times.items():
        tx.execute(
            update(DELIVERIES)
            .where(DELIVERIES.c.id == delivery_id, DELIVERIES.c.lease.is_(None))
            .values(next_attempt_at=moment)
        )


def revive(tx: Connection, delivery_ids: Iterable[str]) -> None:
    """Let these wait for nothing but their turn."""
    tx.execute(
        update(DELIVERIES)
        .where(DELIVERIES.c.id.in_(list(delivery_ids)), DELIVERIES.c.lease.is_(None))
        .values(state="retrying", next_attempt_at=None)
    )


def anything_due(tx: Connection, now: datetime) -> bool:
    """Say whether a claim could find something, without taking a lock."""
    free = or_(DELIVERIES.c.leased_until.is_(None), DELIVERIES.c.leased_until <= now)
    return (
        tx.execute(select(DELIVERIES.c.id).where(DELIVERIES.c.next_attempt_at <= now, free).limit(1)).first()
        is not None
    )


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


def extend(tx: Connection, lease: str, until: datetime) -> None:
    """Keep what is still held under `lease` for longer."""
    tx.execute(update(DELIVERIES).where(DELIVERIES.c.lease == lease).values(leased_until=until))


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


def as_delivery(row: Row[Any]) -> Delivery:
    """Read a row as the rules see it."""
    return Delivery(
        id=row.id,
        version=row.version,
        kind=row.kind,
        recipient=row.recipient,
        address=row.address,
        state=row.state,
        wait_until=row.wait_until,
        created_at=row.created_at,
        next_attempt_at=row.next_attempt_at,
        attempts=row.attempts,
        leased=row.lease is not None,
        told=row.told,
        told_link=row.told_link,
    )


def _row(booking_id: str, delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "booking_id": booking_id,
        "version": delivery.version,
        "kind": delivery.kind,
        "recipient": delivery.recipient,
        "address": delivery.address,
        "state": delivery.state,
        "created_at": delivery.created_at,
        "wait_until": delivery.wait_until,
    }


def _change(row: Row[Any]) -> Change:
    facts = BookingFacts.model_validate_json(row.facts)
    return Change(row.version, row.what, facts, row.previous_start, row.previous_end)


def _meeting(row: Row[Any]) -> Meeting | None:
    if row.meeting_version is None or row.meeting_revision is None:
        return None
    return Meeting(
        row.meeting_version, row.meeting_revision, row.meeting_state, row.join_url, row.passcode, row.meeting_reason
    )
