"""One step: claim the nearest due meeting, do one thing at Zoom with no transaction open, and settle it."""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from shared import due, logs
from shared.clock import Clock
from shared.database import Database
from zoom_connector.meetings import CALLS, Action, Meeting, decide
from zoom_connector.reconcile import failures, outcomes, sayings
from zoom_connector.reconcile.outcomes import Outcome, Situation
from zoom_connector.reconcile.port import Account, Accounts, BusyError, NotConnectedError
from zoom_connector.reconcile.settling import settle
from zoom_connector.storage import connections, hosts, meetings, permissions
from zoom_connector.storage.tables import MEETINGS
from zoom_connector.tokens import TokenStoreUnavailableError
from zoom_connector.zoom.errors import MeetingGoneError, MeetingOverError, ZoomError

log = logs.get(__name__)

LONGEST_PAUSE = 2.0
"""Seconds. The window is one; whatever says more is a clock that was set."""
LEASE = timedelta(seconds=45)
"""Longer than an account's whole budget of time, so that a living worker never loses a row in the middle of a call."""

Crash = Callable[[str], None]
"""Called with the name of each line at which a process may be killed. Tests raise from it."""

FAILURES = (ZoomError, NotConnectedError, BusyError, TokenStoreUnavailableError)


def no_crash(_place: str) -> None:
    """Go on."""


@dataclass(frozen=True)
class Task:
    """What one claim is about. `row` is as it was claimed."""

    row: Row[Any]
    meeting: Meeting
    action: Action
    connected_at: datetime | None
    failures: int
    scopes: frozenset[str]
    wait: float
    """Seconds until the host's account may be called again."""


@dataclass
class Reconcile:
    """Any number of these, in any number of processes, may share one database."""

    database: Database
    accounts: Accounts
    clock: Clock
    chance: random.Random
    crash: Crash = no_crash
    a_second: int = 4
    """So many calls are made of one host's account, all workers together; Zoom takes four of a free account."""
    pause: Callable[[float], None] = time.sleep

    def step(self) -> int:
        """Take one due meeting one thing further; 0 when none is due."""
        now = self.clock()
        with self.database.read() as tx:
            nearest = meetings.nearest_due(tx, now)
        if not nearest:
            return 0
        try:
            with self.database.write() as tx:
                row = meetings.claim(tx, now, LEASE, nearest)
                if row is None:
                    # Others were faster, and are at work on them.
                    return 1
                task = self._task(tx, row, now)
            self.crash("after claim")
            if task is not None:
                self._work(task)
        except due.LeaseLostError:
            log.warning("meeting_lease_lost")
        return 1

    def _task(self, tx: Connection, row: Row[Any], now: datetime) -> Task | None:
        """Say what is to be done at Zoom; what needs no Zoom, or has none to go to, is settled here."""
        meeting = meetings.read(row)
        host = connections.get(tx, row.host_id)
        powers = permissions.powers(host)
        action = decide(meeting, now, powers)
        outcome: Outcome | None = None
        if not action.needs_zoom:
            outcome = _without_zoom(meeting, action, now)
        elif host is None or host.status != connections.CONNECTED:
            reason = host.reason if host is not None and meeting.live else None
            outcome = Outcome(None, sayings.unavailable(live=meeting.live, reason=reason), error="not_connected")
        elif _parked(host, action, now):
            # Waiting in line is no attempt, and a moment of it is nobody's news.
            brief = host.parked_for == "second" and host.parked_until - now < failures.SHORT_WAIT
            saying = None if brief or action is Action.CHECK else sayings.delayed(host.parked_for)
            rest = {"attempts": row.attempts - 1}
            outcome = Outcome(host.parked_until, saying, rest, error=host.parked_for)
        if outcome is not None:
            settle(tx, row, outcome, now)
            return None
        wait = hosts.reserve(tx, row.host_id, now, calls=CALLS[action], a_second=self.a_second)
        return Task(
            row,
            meeting,
            action,
            connected_at=host.connected_at if host else None,
            failures=host.failures if host else 0,
            scopes=powers.scopes,
            wait=wait,
        )

    def _work(self, task: Task) -> None:
        try:
            account = self.accounts(task.row.host_id)
        except FAILURES as error:
            self._settle(task, failures.failed(self._situation(task), error))
            return
        if task.wait:
            # One of a host's meetings is in hand at a time, so nobody else of this host's is held up.
            self.pause(min(task.wait, LONGEST_PAUSE))
        prepared = self._prepare(task)
        if prepared is None:
            return
        self.crash(f"before zoom {prepared.action.value}")
        try:
            outcome = self._call(account, prepared)
        except FAILURES as error:
            outcome = failures.failed(self._situation(prepared), error)
        self.crash(f"after zoom {prepared.action.value}")
        try:
            self._settle(prepared, outcome)
        except due.LeaseLostError:
            self._disown(prepared, outcome)
            raise
        self.crash("after settle")

    def _prepare(self, task: Task) -> Task | None:
        """Hold the row for the whole call; before a create, keep that it was begun. None if it is outdated by now."""
        now = self.clock()
        with self.database.write() as tx:
            current = due.confirm(tx, MEETINGS, task.row.id, task.row.lease)
            if current.wakes != task.row.wakes:
                settle(tx, task.row, Outcome(now), now)
                return None
            if task.action is not Action.CREATE:
                meetings.renew(tx, task.row.id, now + LEASE)
                return task
            intent = outcomes.begun(task.meeting, now)
            meetings.renew(tx, task.row.id, now + LEASE, **meetings.intent_values(intent))
        return replace(task, meeting=replace(task.meeting, intent=intent))

    def _call(self, account: Account, task: Task) -> Outcome:
        meeting = task.meeting
        if task.action is Action.CREATE:
            made = account.create(meeting.wanted)
            return outcomes.created(self._situation(task), made)
        if task.action is Action.LOOK and meeting.intent is not None:
            seen = account.find(meeting.wanted.marker, meeting.intent.start)
            found = [made for made in seen if made.id not in meeting.left_behind]
            self._delete_strays(account, task, [stray.id for stray in found[1:]])
            return outcomes.looked(self._situation(task), found)
        if meeting.made is None:
            raise ValueError(f"nothing to {task.action.value}")
        if task.action is Action.UPDATE:
            account.update(meeting.made.id, meeting.wanted, renamed=meeting.made.topic != meeting.wanted.topic)
            return outcomes.updated(self._situation(task))
        if task.action is Action.CHECK:
            return outcomes.checked(self._situation(task), account.read(meeting.made.id))
        account.delete(meeting.made.id)
        return outcomes.deleted(self._situation(task))

    def _delete_strays(self, account: Account, task: Task, strays: list[int]) -> None:
        # Only a process that stood still between its last check and its sending leaves one; our marker is on it.
        for stray in strays:
            log.warning("stray_meeting_deleted", key=task.row.id, meeting_id=stray)
            try:
                account.delete(stray)
            except (MeetingGoneError, MeetingOverError):
                continue

    def _settle(self, task: Task, outcome: Outcome) -> None:
        now = self.clock()
        with self.database.write() as tx:
            settle(tx, task.row, outcome, now, connected_at=task.connected_at)
            hosts.answered(tx, task.row.host_id, now, calls=CALLS[task.action])
            self.crash("inside settle")
        log.info("meeting_reconciled", key=task.row.id, action=task.action.value, error=outcome.error)

    def _disown(self, task: Task, outcome: Outcome) -> None:
        """Delete what was made by a worker that stood still so long that another one has made the meeting."""
        made = outcome.values.get("zoom_id") if task.action is Action.CREATE else None
        with self.database.read() as tx:
            row = meetings.get(tx, task.row.id)
        if made is None or row is None or row.zoom_id in (None, made):
            return
        log.warning("stray_meeting_deleted", key=task.row.id, meeting_id=made)
        with suppress(*FAILURES):
            self.accounts(task.row.host_id).delete(made)

    def _situation(self, task: Task) -> Situation:
        return Situation(
            task.meeting, task.action, self.clock(), task.row.attempts, task.failures, self.chance, task.scopes
        )


def _without_zoom(meeting: Meeting, action: Action, now: datetime) -> Outcome:
    if action is Action.ABANDON:
        return outcomes.left(meeting, now, sayings.OLD_REMAINS)
    if action is Action.LEAVE:
        return outcomes.left(meeting, now, sayings.NO_LEAVE_TO_DELETE)
    start = meeting.deviation.start if meeting.deviation is not None else None
    saying = {
        Action.ANNOUNCE_READY: sayings.ready(),
        Action.ANNOUNCE_MOVED: sayings.moved(start),
        Action.ANNOUNCE_DELETED: sayings.removed("deleted_in_zoom"),
        Action.ANNOUNCE_ACCEPTED: sayings.removed("accepted"),
        Action.ANNOUNCE_REMOVED: sayings.removed(),
        Action.GIVE_UP: sayings.over(),
    }[action]
    return Outcome(None, saying, {"attempts": 0})


def _parked(host: Row[Any], action: Action, now: datetime) -> bool:
    if host.parked_until is None or host.parked_until <= now:
        return False
    return action.writes or host.parked_for != "user_day"
