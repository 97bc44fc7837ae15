"""Keeps what is known about each booking: its versions, its meeting, and the mails as the rules see them."""

from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from notifier.deliveries import OF_ALL_SEATS, Change, Correspondence, Delivery, Meeting
from notifier.storage.tables import BOOKINGS, CHANGES, DELIVERIES, HOSTS
from shared.events import BookingFacts, HostFacts

_FOUND = (
    select(
        BOOKINGS,
        *(HOSTS.c[name].label(f"of_host_{name}") for name in HOSTS.c.keys() if name != "id"),  # noqa: SIM118 - no dict
    )
    .select_from(BOOKINGS.outerjoin(HOSTS, HOSTS.c.id == BOOKINGS.c.host_id))
)  # fmt: skip


def correspondence(tx: Connection, booking_id: str) -> Correspondence | None:
    """Read all that is known about a booking; None when nothing is."""
    found = tx.execute(_FOUND.where(BOOKINGS.c.id == booking_id)).one_or_none()
    if found is None:
        return None
    changes = tx.execute(select(CHANGES).where(CHANGES.c.booking_id == booking_id)).all()
    deliveries = tx.execute(select(DELIVERIES).where(DELIVERIES.c.booking_id == booking_id)).all()
    host = _host(found)
    return Correspondence(
        booking_id,
        found.host_id,
        {row.version: _change(row, host) for row in changes},
        _meeting(found),
        tuple(as_delivery(row) for row in deliveries),
        host=host,
        host_removed=found.of_host_removed_at is not None,
        session_told=_session_told(tx, found),
    )


def locked(tx: Connection, booking_id: str) -> Correspondence | None:
    """Lock the booking until the end of `tx`, then read all that is known about it."""
    tx.execute(select(BOOKINGS.c.id).where(BOOKINGS.c.id == booking_id).with_for_update())
    return correspondence(tx, booking_id)


def opened(tx: Connection, booking_id: str, host_id: str) -> Correspondence:
    """Lock the booking and read it; enter it first when nobody has heard of it yet."""
    found = locked(tx, booking_id)
    if found is not None:
        return found
    tx.execute(insert(BOOKINGS).values(id=booking_id, host_id=host_id))
    return correspondence(tx, booking_id) or Correspondence(booking_id, host_id, {})


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
            moved_by=change.by,
        )
    )


def seat(tx: Connection, booking_id: str, occupancy_id: str | None) -> None:
    """Keep which group session the booking is a seat of."""
    tx.execute(update(BOOKINGS).where(BOOKINGS.c.id == booking_id).values(occupancy_id=occupancy_id))


def save_meeting(tx: Connection, booking_id: str, meeting: Meeting) -> None:
    """Keep the newest that is known about a booking's meeting."""
    moved_start, moved_end = meeting.moved or (None, None)
    tx.execute(
        update(BOOKINGS)
        .where(BOOKINGS.c.id == booking_id)
        .values(
            meeting_version=meeting.version,
            meeting_revision=meeting.revision,
            meeting_since=meeting.since,
            meeting_state=meeting.state,
            meeting_cause=meeting.cause,
            join_url=meeting.join_url,
            passcode=meeting.passcode,
            meeting_reason=meeting.reason,
            moved_start=moved_start,
            moved_end=moved_end,
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
        turn=row.turn,
        sent_at=row.sent_at,
    )


def _session_told(tx: Connection, seat: Row[Any]) -> frozenset[str]:
    """Find what the host was told of the session's meeting in a mail about another seat, as it is there now."""
    if seat.occupancy_id is None:
        return frozenset()
    other = [BOOKINGS.c.occupancy_id == seat.occupancy_id, BOOKINGS.c.id != seat.id]
    now = [DELIVERIES.c.version == BOOKINGS.c.meeting_version, DELIVERIES.c.turn == BOOKINGS.c.meeting_since]
    told = select(DELIVERIES.c.kind).join(BOOKINGS, BOOKINGS.c.id == DELIVERIES.c.booking_id).distinct()
    sent = [DELIVERIES.c.kind.in_(OF_ALL_SEATS), DELIVERIES.c.state == "sent"]
    return frozenset(tx.execute(told.where(*other, *now, *sent)).scalars())


def _host(row: Row[Any]) -> HostFacts | None:
    """Give the host as he or she is called and reached now, if that is known better than from the booking itself."""
    if not row.of_host_revision or row.of_host_email is None:
        return None
    return HostFacts(
        id=row.host_id,
        name=row.of_host_name,
        email=row.of_host_email,
        handle=row.of_host_handle,
        timezone=row.of_host_timezone,
    )


def _change(row: Row[Any], host: HostFacts | None) -> Change:
    facts = BookingFacts.model_validate_json(row.facts)
    if host is not None:
        facts = facts.model_copy(update={"host": host})
    return Change(row.version, row.what, facts, row.previous_start, row.previous_end, row.moved_by)


def _meeting(row: Row[Any]) -> Meeting | None:
    if row.meeting_version is None or row.meeting_revision is None:
        return None
    return Meeting(
        row.meeting_version,
        row.meeting_revision,
        row.meeting_state,
        row.join_url,
        row.passcode,
        row.meeting_reason,
        (row.moved_start, row.moved_end) if row.moved_start and row.moved_end else None,
        row.meeting_cause,
        row.meeting_since or 0,
    )
