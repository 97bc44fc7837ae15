"""Keeps where hosts are reached, and erases all of a host who has left."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from notifier.deliveries.notices import Addressee
from notifier.storage.tables import BOOKINGS, CHANGES, DELIVERIES, HOSTS, NOTICES, REMINDERS
from shared.events import HostFacts

UNSENT = ("queued", "retrying")


def meet(tx: Connection, host: HostFacts) -> bool:
    """Note a host of whom only a booking has told so far; say whether nothing was known before."""
    known = tx.execute(select(HOSTS.c.email, HOSTS.c.removed_at).where(HOSTS.c.id == host.id)).one_or_none()
    if known is not None and (known.email is not None or known.removed_at is not None):
        return False
    add(tx, host.id)
    tx.execute(update(HOSTS).where(HOSTS.c.id == host.id, HOSTS.c.email.is_(None)).values(**_reached(host)))
    return True


def change(tx: Connection, host: HostFacts, revision: int) -> bool:
    """Keep who a host is now; say whether that was news. The newest revision wins."""
    add(tx, host.id)
    changed = tx.execute(
        update(HOSTS)
        .where(HOSTS.c.id == host.id, HOSTS.c.revision < revision, HOSTS.c.removed_at.is_(None))
        .values(revision=revision, **_reached(host))
    )
    return changed.rowcount == 1


def redirect(tx: Connection, host: HostFacts) -> None:
    """Let the host's mails that have not gone out go to where the host is reached now."""
    own = select(BOOKINGS.c.id).where(BOOKINGS.c.host_id == host.id)
    unsent = (DELIVERIES.c.recipient == "host", DELIVERIES.c.state.in_(UNSENT), DELIVERIES.c.booking_id.in_(own))
    tx.execute(update(DELIVERIES).where(*unsent).values(address=host.email))


def addressee(tx: Connection, host_id: str) -> Addressee | None:
    """Give who the host is and where to reach him or her; None while nobody has said so."""
    row = tx.execute(select(HOSTS).where(HOSTS.c.id == host_id)).one_or_none()
    return None if row is None or row.email is None else Addressee(row.name, row.email, row.timezone)


def is_removed(tx: Connection, host_id: str) -> bool:
    """Say whether the host's account is gone."""
    found = select(HOSTS.c.id).where(HOSTS.c.id == host_id, HOSTS.c.removed_at.is_not(None))
    return tx.execute(found).first() is not None


def zoom_is(tx: Connection, host_id: str, state: str) -> bool:
    """Note the last that was heard of the host's connection; say whether that is another than before."""
    add(tx, host_id)
    other = or_(HOSTS.c.zoom.is_(None), HOSTS.c.zoom != state)
    return tx.execute(update(HOSTS).where(HOSTS.c.id == host_id, other).values(zoom=state)).rowcount == 1


def remove(tx: Connection, host_id: str, at: datetime) -> None:
    """Write to this host no more, and forget where he or she was reached. What clients are owed stays for now."""
    add(tx, host_id)
    nobody = {"name": None, "email": None, "handle": None, "timezone": None, "zoom": None}
    tx.execute(update(HOSTS).where(HOSTS.c.id == host_id).values(removed_at=at, **nobody))
    tx.execute(delete(NOTICES).where(NOTICES.c.host_id == host_id))
    own = select(BOOKINGS.c.id).where(BOOKINGS.c.host_id == host_id)
    tx.execute(delete(REMINDERS).where(REMINDERS.c.booking_id.in_(own)))
    tx.execute(delete(DELIVERIES).where(DELIVERIES.c.recipient == "host", DELIVERIES.c.booking_id.in_(own)))


def erasable(tx: Connection, now: datetime, *, settle: timedelta, longest: timedelta) -> list[str]:
    """List removed hosts of whom rows are left that may go: nobody is owed a mail any more, or it took too long."""
    owed = exists().where(
        DELIVERIES.c.booking_id == BOOKINGS.c.id, DELIVERIES.c.state.in_(UNSENT), BOOKINGS.c.host_id == HOSTS.c.id
    )
    query = select(HOSTS.c.id).where(
        HOSTS.c.removed_at <= now - settle,
        exists().where(BOOKINGS.c.host_id == HOSTS.c.id),
        or_(~owed, HOSTS.c.removed_at <= now - longest),
    )
    return list(tx.execute(query).scalars())


def erase(tx: Connection, host_id: str) -> None:
    """Delete all about a removed host's bookings."""
    own = select(BOOKINGS.c.id).where(BOOKINGS.c.host_id == host_id)
    # Whoever writes about one of them has locked it first.
    tx.execute(own.with_for_update())
    for table in (REMINDERS, DELIVERIES, CHANGES):
        tx.execute(delete(table).where(table.c.booking_id.in_(own)))
    tx.execute(delete(BOOKINGS).where(BOOKINGS.c.host_id == host_id))


def forget_removed(tx: Connection, before: datetime) -> None:
    """Forget the bare ids of hosts who left long ago: no event about them can be on its way any more."""
    rest = exists().where(BOOKINGS.c.host_id == HOSTS.c.id)
    tx.execute(delete(HOSTS).where(HOSTS.c.removed_at < before, ~rest))


def add(tx: Connection, host_id: str) -> None:
    """Enter the host's id unless it is there."""
    new = postgres_insert if tx.dialect.name == "postgresql" else sqlite_insert
    tx.execute(new(HOSTS).values(id=host_id).on_conflict_do_nothing(index_elements=["id"]))


def _reached(host: HostFacts) -> dict[str, str]:
    return {"name": host.name, "email": host.email, "handle": host.handle, "timezone": host.timezone}
