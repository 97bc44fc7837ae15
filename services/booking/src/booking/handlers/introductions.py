"""Tells the other services of hosts whom they have never heard of."""

from dataclasses import replace
from datetime import datetime

from booking import storage
from booking.handlers import announcements
from shared.database import Database

AT_ONCE = 100


def introduce(database: Database, now: datetime) -> int:
    """Announce some hosts who were not announced yet; give how many."""
    with database.write() as tx:
        hosts = [replace(host, revision=1) for host in storage.hosts_to_announce(tx, AT_ONCE)]
        for host in hosts:
            storage.save_host(tx, host)
            announcements.host_changed(tx, host, now)
    return len(hosts)
