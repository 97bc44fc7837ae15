"""What is announced about hosts themselves: where they are reached, and that they have left."""

from datetime import datetime

from sqlalchemy import Connection

from notifier.storage import hosts, notices
from shared.events import HostChanged, HostRemoved


def host_changed(event: HostChanged, tx: Connection, now: datetime) -> None:
    """From now on this is where the host is reached, also with what has not gone out yet."""
    if hosts.change(tx, event.host, event.revision):
        hosts.redirect(tx, event.host)
        notices.wake(tx, event.host.id, now)


def host_removed(event: HostRemoved, tx: Connection, now: datetime) -> None:
    """Nobody reads the host's mails any more. What clients are owed goes out, then the worker erases the rest."""
    hosts.remove(tx, event.host_id, now)
