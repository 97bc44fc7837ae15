"""Sends the mails about bookings that are due: claimed under a lease, sent with no transaction open, settled singly.

A worker that is killed between the server's answer and the commit sends that one mail again, with the same
Message-ID, when its lease has run out.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from notifier import handlers, storage
from notifier.deliveries import Correspondence, Delivery, Occasion, is_owed, occasion, retry_after
from notifier.deliveries.reminders import earliest, is_too_late, latest
from notifier.dispatch.leases import BATCH, LEASE, kept
from notifier.mail import addresses
from notifier.mail.message import Writer
from notifier.mail.server import Outcome, Session
from shared import due, logs, outbox
from shared.clock import Clock
from shared.database import Database
from shared.events import MailFailed, MailSent

log = logs.get(__name__)

SOURCE = "notifier"
TOO_LATE = Outcome("refused", "the session had begun before this reminder could be sent")


@dataclass(frozen=True)
class _Task:
    row: Row[Any]
    host_id: str
    delivery: Delivery
    occasion: Occasion
    useless_from: datetime | None


@dataclass
class Dispatch:
    """Sends what is due. Any number of them may share one database."""

    database: Database
    writer: Writer
    connect: Callable[[], Session]
    clock: Clock
    chance: random.Random
    wait: timedelta

    def step(self) -> int:
        """Send a batch of mails that are due, over one connection; give how many were taken."""
        with self.database.read() as tx:
            if not storage.anything_due(tx, storage.DELIVERIES, self.clock()):
                return 0
        with self.database.write() as tx:
            rows = storage.claim(tx, now=self.clock(), lease_for=LEASE, limit=BATCH)
        if rows:
            with (
                kept(self.database, storage.DELIVERIES, rows[0].lease, self.clock),
                self.connect() as session,
            ):
                for row in rows:
                    if task := self._opened(row):
                        self._settle(task, self._send(task, session))
        return len(rows)

    def _opened(self, row: Row[Any]) -> _Task | None:
        """Read what the mail is to say as late as possible: a link may have come since the claim."""
        with self.database.read() as tx:
            held = storage.holds(tx, row)
            case = storage.correspondence(tx, row.booking_id)
        if not held or case is None:
            log.warning("delivery_lease_lost", delivery_id=row.id)
            return None
        delivery, now = storage.as_delivery(row), self.clock()
        not_before = earliest(case, delivery)
        if is_owed(case, delivery, now):
            if not_before is None or now >= not_before:
                return _task(row, case, delivery)
            self._put_aside(row, not_before)
        elif is_too_late(case, delivery, now):
            self._settle(_task(row, case, delivery), TOO_LATE)
        else:
            self._put_aside(row, None)
        return None

    def _put_aside(self, row: Row[Any], until: datetime | None) -> None:
        """Give back a mail whose moment is still to come, the clock having been set back; forget one not owed."""
        with self.database.write() as tx:
            storage.locked(tx, row.booking_id)
            if until is None:
                storage.forget_unowed(tx, row.id, row.lease)
            elif storage.holds(tx, row):
                again = {"next_attempt_at": until, "last_error": row.last_error, "attempts": row.attempts - 1}
                storage.settle(tx, row, **again)
            # Whatever waited behind it is the next in its line.
            handlers.replan(tx, row.booking_id, self.clock(), self.wait)

    def _send(self, task: _Task, session: Session) -> Outcome:
        try:
            mail = self.writer.write(task.delivery, task.occasion, self.clock())
            recipient = self.writer.recipient_address(task.delivery.address)
        except addresses.UnusableAddress:
            return Outcome("refused", "the recipient's address is not one that mail can be sent to")
        except Exception as error:  # noqa: BLE001 - a mail that can't be written must not hold up the others
            log.error("mail_not_written", delivery_id=task.row.id, kind=task.row.kind, error=logs.where(error))
            return Outcome("later", "the mail could not be written")
        return session.send(mail, sender=self.writer.sender_address, recipient=recipient)

    def _settle(self, task: _Task, outcome: Outcome) -> None:
        try:
            with self.database.write() as tx:
                now = self.clock()
                # The booking before its delivery: the order in which handlers lock them.
                storage.locked(tx, task.row.booking_id)
                if outcome.state == "sent":
                    self._sent(tx, task, now)
                else:
                    self._failed(tx, task, outcome, now)
                handlers.replan(tx, task.row.booking_id, now, self.wait)
        except due.LeaseLostError:
            log.warning("delivery_lease_lost", delivery_id=task.row.id)

    def _sent(self, tx: Connection, task: _Task, now: datetime) -> None:
        storage.settle(
            tx,
            task.row,
            next_attempt_at=None,
            state="sent",
            sent_at=now,
            told=task.occasion.outlook,
            told_link=task.occasion.join_url,
        )
        outbox.add(tx, MailSent(**_names(task), sent_at=now), source=SOURCE, now=now)
        log.info("mail_sent", delivery_id=task.row.id, kind=task.row.kind, attempts=task.row.attempts)

    def _failed(self, tx: Connection, task: _Task, outcome: Outcome, now: datetime) -> None:
        again = self._next_attempt(task, outcome, now)
        reason = outcome.reason or ""
        state = "failed" if again is None else "retrying"
        storage.settle(tx, task.row, next_attempt_at=again, last_error=reason, state=state)
        # During an outage each mail is tried dozens of times; the timeline hears of what changed.
        if again is None or task.row.last_error != reason:
            failed = MailFailed(**_names(task), reason=reason, final=again is None, next_attempt_at=again)
            outbox.add(tx, failed, source=SOURCE, now=now)
        log.warning(
            "mail_not_sent", delivery_id=task.row.id, kind=task.row.kind, attempts=task.row.attempts, reason=reason
        )

    def _next_attempt(self, task: _Task, outcome: Outcome, now: datetime) -> datetime | None:
        if outcome.state == "refused":
            return None
        wait = retry_after(task.row.attempts, now - task.row.created_at, self.chance)
        again = None if wait is None else now + wait
        # A reminder after the start reminds nobody.
        too_late = again is not None and task.useless_from is not None and again >= task.useless_from
        return None if too_late else again


def _task(row: Row[Any], case: Correspondence, delivery: Delivery) -> _Task:
    return _Task(row, case.host_id, delivery, occasion(case, delivery), latest(case, delivery))


def _names(task: _Task) -> dict[str, Any]:
    row = task.row
    return {
        "booking_id": row.booking_id,
        "host_id": task.host_id,
        "delivery_id": row.id,
        "kind": row.kind,
        "recipient": row.recipient,
        "version": row.version,
        "attempts": row.attempts,
    }
