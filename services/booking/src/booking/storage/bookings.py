"""Keeps bookings, the answers given under an idempotency key, and each booking's timeline."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from booking.bookings import Booked, Booking, Client, Location, Question, Stretch, Video
from booking.storage.tables import BOOKINGS, IDEMPOTENCY_KEYS, TIMELINE
from shared.database import Instant


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of bookings is narrowed to; None does not narrow. `since` is included, `until` is not."""

    since: datetime | None = None
    until: datetime | None = None
    status: str | None = None
    words: str | None = None
    """A part of the client's name or e-mail address."""
    session_type: str | None = None
    video_state: str | None = None
    newest_first: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a booking's timeline."""

    at: datetime
    type: str
    text: str
    detail: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a request under an idempotency key was, and which booking it made."""

    body_hash: str
    booking_id: str


def add_booking(tx: Connection, booking: Booking) -> None:
    """Keep a new booking."""
    tx.execute(insert(BOOKINGS), _values(booking))


def save_booking(tx: Connection, booking: Booking) -> None:
    """Keep what a booking is now."""
    tx.execute(update(BOOKINGS).where(BOOKINGS.c.id == booking.id).values(_values(booking)))


def detach(tx: Connection, booking_id: str) -> None:
    """Part a booking from its occupancy, so that this can go before there is another one."""
    tx.execute(update(BOOKINGS).where(BOOKINGS.c.id == booking_id).values(occupancy_id=None))


def booking(tx: Connection, booking_id: str, *, lock: bool = False) -> Booking | None:
    """Find a booking by its id; `lock` makes others wait who want to change it."""
    return _one(tx, select(BOOKINGS).where(BOOKINGS.c.id == booking_id), lock=lock)


def booking_of_host(tx: Connection, host_id: str, booking_id: str) -> Booking | None:
    """Find a booking of this host and of no other."""
    return _one(tx, select(BOOKINGS).where(BOOKINGS.c.id == booking_id, BOOKINGS.c.host_id == host_id))


def seats(tx: Connection, occupancy_id: str) -> list[Booking]:
    """List, and lock, the bookings that have a seat in a session, the earliest first."""
    query = select(BOOKINGS).where(BOOKINGS.c.occupancy_id == occupancy_id)
    return all_of(tx, query.order_by(BOOKINGS.c.created_at, BOOKINGS.c.id).with_for_update())


def booking_by_reference(tx: Connection, reference: str) -> Booking | None:
    """Find a booking by the reference that its client holds."""
    return _one(tx, select(BOOKINGS).where(BOOKINGS.c.reference == reference))


def bookings(
    tx: Connection, host_id: str, filters: Filters, *, after: tuple[datetime, str] | None, limit: int
) -> list[Booking]:
    """List a host's bookings by their start, from behind a place in that order: each page costs the same."""
    order = tuple_(BOOKINGS.c.starts_at, BOOKINGS.c.id)
    query = _narrowed(select(BOOKINGS).where(BOOKINGS.c.host_id == host_id), filters)
    if after is not None:
        place = tuple_(literal(after[0], Instant), literal(after[1]))
        query = query.where(order < place if filters.newest_first else order > place)
    columns = (column.desc() if filters.newest_first else column.asc() for column in order)
    return all_of(tx, query.order_by(*columns).limit(limit))


def all_of(tx: Connection, query: Select[Any]) -> list[Booking]:
    """Read the bookings that a query of whole rows finds."""
    return [_booking(row) for row in tx.execute(query)]


def _narrowed(query: Select[Any], filters: Filters) -> Select[Any]:
    if filters.since is not None:
        query = query.where(BOOKINGS.c.starts_at >= filters.since)
    if filters.until is not None:
        query = query.where(BOOKINGS.c.starts_at < filters.until)
    if filters.status is not None:
        query = query.where(BOOKINGS.c.status == filters.status)
    if filters.session_type is not None:
        query = query.where(BOOKINGS.c.session_type_id == filters.session_type)
    if filters.video_state is not None:
        query = query.where(BOOKINGS.c.video_state == filters.video_state)
    if filters.words is not None:
        query = query.where(BOOKINGS.c.client_words.contains(filters.words.casefold(), autoescape=True))
    return query


def remember(tx: Connection, session_type_id: str, key: str, *, body_hash: str, booking_id: str, now: datetime) -> None:
    """Keep which booking a request under this key made."""
    row = {"session_type_id": session_type_id, "key": key, "body_hash": body_hash, "booking_id": booking_id}
    tx.execute(insert(IDEMPOTENCY_KEYS), row | {"created_at": now})


def remembered(tx: Connection, session_type_id: str, key: str) -> Remembered | None:
    """Find what was made under this key."""
    row = tx.execute(
        select(IDEMPOTENCY_KEYS.c.body_hash, IDEMPOTENCY_KEYS.c.booking_id).where(
            IDEMPOTENCY_KEYS.c.session_type_id == session_type_id, IDEMPOTENCY_KEYS.c.key == key
        )
    ).one_or_none()
    return None if row is None else Remembered(row.body_hash, row.booking_id)


def forget_keys(tx: Connection, before: datetime) -> int:
    """Delete idempotency keys from before a moment; give how many."""
    return tx.execute(delete(IDEMPOTENCY_KEYS).where(IDEMPOTENCY_KEYS.c.created_at < before)).rowcount


def note(tx: Connection, booking_id: str, news: str, line: Line) -> None:
    """Add a line to a booking's timeline, once for each `news` however often it is told."""
    insert_or_not = postgres_insert if tx.dialect.name == "postgresql" else sqlite_insert
    told = {"at": line.at, "type": line.type, "text": line.text, "detail": line.detail}
    once = insert_or_not(TIMELINE).on_conflict_do_nothing(index_elements=["booking_id", "news"])
    tx.execute(once, {"booking_id": booking_id, "news": news} | told)


def timeline(tx: Connection, booking_id: str) -> list[Line]:
    """Read a booking's timeline, oldest first."""
    query = select(TIMELINE).where(TIMELINE.c.booking_id == booking_id).order_by(TIMELINE.c.at, TIMELINE.c.id)
    return [Line(row.at, row.type, row.text, row.detail) for row in tx.execute(query)]


def _one(tx: Connection, query: Select[Any], *, lock: bool = False) -> Booking | None:
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _booking(row)


def _values(booking: Booking) -> dict[str, Any]:
    values = asdict(booking)
    client, _, start, end = (values.pop(name) for name in ("client", "video", "start", "end"))
    video, moved_to = booking.video, booking.video.moved_to
    return {
        **values,
        "starts_at": start,
        "ends_at": end,
        "client_name": client["name"],
        "client_email": client["email"],
        "client_timezone": client["timezone"],
        # Folded here, because SQLite knows upper and lower case of ASCII only.
        "client_words": f"{client['name']}\n{client['email']}".casefold(),
        "video_provider": video.provider,
        "video_state": video.state,
        "join_url": video.join_url,
        "passcode": video.passcode,
        "moved_start": moved_to.start if moved_to else None,
        "moved_end": moved_to.end if moved_to else None,
        "removed_because": video.removed_because,
    }


def _booking(row: Row[Any]) -> Booking:
    return Booking(
        id=row.id,
        reference=row.reference,
        host_id=row.host_id,
        session_type_id=row.session_type_id,
        occupancy_id=row.occupancy_id,
        group_id=row.group_id,
        version=row.version,
        status=row.status,
        start=row.starts_at,
        end=row.ends_at,
        booked=_booked(row.booked),
        client=Client(row.client_name, row.client_email, row.client_timezone),
        notes=row.notes,
        answers=row.answers,
        questions=tuple(Question(**question) for question in row.questions),
        location=Location(**row.location),
        video=_video(row),
        meeting_revision=row.meeting_revision,
        moved_revision=row.moved_revision,
        canceled_by=row.canceled_by,
        cancel_reason=row.cancel_reason,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )


def _booked(document: Mapping[str, Any]) -> Booked:
    return Booked(**{**document, "reminders": tuple(document.get("reminders", ()))})


def _video(row: Row[Any]) -> Video:
    moved_to = None if row.moved_start is None else Stretch(row.moved_start, row.moved_end)
    return Video(row.video_provider, row.video_state, row.join_url, row.passcode, moved_to, row.removed_because)
