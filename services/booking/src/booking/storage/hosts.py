"""Keeps hosts and their logos."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from booking.bookings import Host
from booking.storage.tables import HOSTS, LOGOS


class Logo(NamedTuple):
    """A host's picture; `version` names its content."""

    version: str
    media_type: str
    content: bytes


def add_host(tx: Connection, host: Host) -> None:
    """Keep a new host. Raises `IntegrityError` when handle, e-mail or id are taken."""
    tx.execute(insert(HOSTS).values(**asdict(host), email_key=email_key(host.email)))


def save_host(tx: Connection, host: Host) -> None:
    """Keep what a host is now. Raises `IntegrityError` when the handle is taken."""
    tx.execute(update(HOSTS).where(HOSTS.c.id == host.id).values(**asdict(host), email_key=email_key(host.email)))


def host(tx: Connection, host_id: str, *, lock: bool = False) -> Host | None:
    """Find a host by id; `lock` makes others wait who want to change this host's diary."""
    return _host(tx, HOSTS.c.id == host_id, lock=lock)


def host_by_handle(tx: Connection, handle: str, *, lock: bool = False) -> Host | None:
    """Find a host by the handle in the address of the public page."""
    return _host(tx, HOSTS.c.handle == handle, lock=lock)


def host_by_feed_key(tx: Connection, feed_key: str) -> Host | None:
    """Find the host whose calendar feed a key opens."""
    return _host(tx, HOSTS.c.feed_key == feed_key)


def host_by_email(tx: Connection, email: str) -> Host | None:
    """Find a host by e-mail address, whatever its case."""
    return _host(tx, HOSTS.c.email_key == email_key(email))


def email_key(email: str) -> str:
    """Give what two spellings of one address share."""
    return email.casefold()


def _host(tx: Connection, condition: Any, *, lock: bool = False) -> Host | None:
    query = select(*(HOSTS.c[name] for name in Host.__slots__)).where(condition)
    row = tx.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    return None if row is None else Host(**row)


def hosts_to_announce(tx: Connection, limit: int) -> Sequence[Host]:
    """Find hosts that the other services have not been told of."""
    query = select(*(HOSTS.c[name] for name in Host.__slots__)).where(HOSTS.c.revision == 0).limit(limit)
    return [Host(**row) for row in tx.execute(query.with_for_update(skip_locked=True)).mappings()]


def logo(tx: Connection, handle: str) -> Logo | None:
    """Find the logo of the host with a handle."""
    query = select(HOSTS.c.logo, LOGOS.c.media_type, LOGOS.c.content).join(LOGOS).where(HOSTS.c.handle == handle)
    row = tx.execute(query).one_or_none()
    return None if row is None else Logo(*row)


def replace_logo(tx: Connection, host_id: str, logo: Logo | None) -> None:
    """Keep this logo and none of the earlier ones; None keeps none."""
    tx.execute(delete(LOGOS).where(LOGOS.c.host_id == host_id))
    if logo is not None:
        tx.execute(insert(LOGOS), {"host_id": host_id, "media_type": logo.media_type, "content": logo.content})
