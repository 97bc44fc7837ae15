"""Looks at night and on demand whether Zoom still has a host's meetings as we know them: no webhook may have told."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from shared import due, logs
from shared.clock import Clock
from shared.database import Database
from zoom_connector.meetings import LIST_SCOPE, READ_SCOPE, Deviation, Powers
from zoom_connector.reconcile.port import Accounts, BusyError, NotConnectedError
from zoom_connector.storage import connections, hosts, leases, meetings, permissions
from zoom_connector.storage.tables import HOSTS
from zoom_connector.tokens import TokenStoreUnavailableError
from zoom_connector.zoom.errors import ScopesMissingError, ZoomError

log = logs.get(__name__)

LEASE = timedelta(seconds=60)
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
ABOUT = timedelta(minutes=1)
LIST_COSTS = 2
LONGEST_PAUSE = 2.0

Listed = Mapping[int, datetime | None]


@dataclass
class Looking:
    """Goes through one host's meetings at a time."""

    database: Database
    accounts: Accounts
    clock: Clock
    chance: random.Random
    a_second: int = 4
    pause: Callable[[float], None] = time.sleep

    def step(self) -> int:
        """Look after one host whose time has come; 0 when there is none."""
        row = leases.take(self.database, HOSTS, self.clock(), LEASE)
        if row is None:
            return 0
        now = self.clock()
        try:
            again_at = self._look(row.id, now)
        except (ZoomError, BusyError, TokenStoreUnavailableError) as error:
            wait = due.backoff(row.attempts, self.chance, base=FIRST_WAIT, cap=LONGEST_WAIT)
            name = type(error).__name__
            return leases.give_back(self.database, HOSTS, row, next_attempt_at=now + wait, last_error=name)
        return leases.give_back(self.database, HOSTS, row, next_attempt_at=again_at, attempts=0)

    def _look(self, host_id: str, now: datetime) -> datetime | None:
        """Compare; give when to do so again, or None when the host has nothing to come."""
        with self.database.read() as tx:
            host = connections.get(tx, host_id)
            rows = meetings.of_host(tx, host_id, now)
        if not rows:
            return None
        if host is None or host.status != connections.CONNECTED:
            return hosts.next_night(host_id, now)
        parked_until: datetime | None = host.parked_until if host.parked_for != "user_day" else None
        if parked_until is not None and parked_until > now:
            return max(parked_until, now + FIRST_WAIT)
        powers = permissions.powers(host)
        listed = self._listed(host_id, powers)
        if listed is not None:
            self._compare(rows, listed, powers, now)
        elif powers.may(READ_SCOPE):
            self._doubt(rows, now)
        log.info("meetings_looked_after", host_id=host_id, meetings=len(rows))
        return hosts.next_night(host_id, now)

    def _listed(self, host_id: str, powers: Powers) -> Listed | None:
        """List what Zoom has; None when that is not granted, and each has to be asked for by itself."""
        if not powers.may(LIST_SCOPE):
            return None
        with self.database.write() as tx:
            wait = hosts.reserve(tx, host_id, self.clock(), calls=LIST_COSTS, a_second=self.a_second)
        self.pause(min(wait, LONGEST_PAUSE))
        try:
            return self.accounts(host_id).scheduled()
        except (ScopesMissingError, NotConnectedError):
            return None

    def _compare(self, rows: Sequence[Row[Any]], listed: Listed, powers: Powers, now: datetime) -> None:
        others = [row for row in rows if not _as_known(row, listed)]
        if powers.may(READ_SCOPE):
            # A list may leave something out; only a clear word about the one meeting counts.
            self._doubt(others, now)
            return
        if 1 < len(rows) == len([row for row in rows if row.zoom_id not in listed]):
            # Rather another Zoom account that is connected by now than a host who deletes every single meeting.
            log.warning("none_of_our_meetings_listed", host_id=rows[0].host_id)
            return
        for row in others:
            with self.database.write() as tx:
                meetings.deviate(tx, now, row.id, _deviation(row, listed))

    def _doubt(self, rows: Sequence[Row[Any]], now: datetime) -> None:
        if rows:
            with self.database.write() as tx:
                meetings.doubt(tx, now, [row.id for row in rows])


def _as_known(row: Row[Any], listed: Listed) -> bool:
    if row.zoom_id not in listed:
        return row.deviation in ("deleted", "accepted")
    start = listed[row.zoom_id]
    if row.deviation in ("deleted", "accepted"):
        return False
    known = row.moved_start if row.deviation == "moved" else row.made_start
    return start is None or known is None or abs(start - known) < ABOUT


def _deviation(row: Row[Any], listed: Listed) -> Deviation | None:
    if row.zoom_id not in listed:
        return Deviation("deleted")
    start = listed[row.zoom_id]
    if start is None or row.made_start is None or abs(start - row.made_start) < ABOUT:
        return None
    return Deviation("moved", start, row.made_duration)
