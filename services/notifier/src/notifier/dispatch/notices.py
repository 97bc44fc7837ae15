"""Sends the mails that are about no booking, and erases each once it is sent or never will be.

Nobody hears of them: neither their addresses nor their links are anybody else's business.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from notifier import storage
from notifier.deliveries import retry_after
from notifier.deliveries.notices import Addressee, Notice
from notifier.dispatch.leases import BATCH, LEASE, kept
from notifier.mail import addresses
from notifier.mail.message import Writer
from notifier.mail.server import Outcome, Session
from notifier.storage import hosts, notices
from shared import due, logs
from shared.clock import Clock
from shared.database import Database

log = logs.get(__name__)


@dataclass
class Notices:
    """Sends notices that are due. Any number of them may share one database."""

    database: Database
    writer: Writer
    connect: Callable[[], Session]
    clock: Clock
    chance: random.Random

    def step(self) -> int:
        """Send a batch over one connection; give how many were taken."""
        with self.database.read() as tx:
            if not storage.anything_due(tx, storage.NOTICES, self.clock()):
                return 0
        with self.database.write() as tx:
            rows = notices.claim(tx, now=self.clock(), lease_for=LEASE, limit=BATCH)
        if rows:
            with kept(self.database, storage.NOTICES, rows[0].lease, self.clock), self.connect() as session:
                for row in rows:
                    self._deal_with(row, session)
        return len(rows)

    def _deal_with(self, row: Row[Any], session: Session) -> None:
        with self.database.read() as tx:
            held = notices.holds(tx, row)
            host = hosts.addressee(tx, row.host_id)
        notice = notices.as_notice(row)
        if not held:
            log.warning("notice_lease_lost", notice_id=row.id)
            return
        if notice.expired(self.clock()):
            log.info("notice_expired", notice_id=row.id, kind=row.kind)
            self._settle(row, None)
        elif (reader := _reader(row, notice, host)) is None:
            self._wait_for_address(row)
        else:
            self._settle(row, self._send(notice, reader, session))

    def _send(self, notice: Notice, reader: Addressee, session: Session) -> Outcome:
        try:
            mail = self.writer.notify(notice, reader, self.clock())
            recipient = self.writer.recipient_address(reader.email)
        except addresses.UnusableAddress:
            return Outcome("refused", "the recipient's address is not one that mail can be sent to")
        except Exception as error:  # noqa: BLE001 - a mail that can't be written must not hold up the others
            log.error("mail_not_written", notice_id=notice.id, kind=notice.kind, error=logs.where(error))
            return Outcome("later", "the mail could not be written")
        return session.send(mail, sender=self.writer.sender_address, recipient=recipient)

    def _settle(self, row: Row[Any], outcome: Outcome | None) -> None:
        try:
            with self.database.write() as tx:
                now = self.clock()
                wait = None
                if outcome is not None and outcome.state == "later":
                    wait = retry_after(row.attempts, now - row.created_at, self.chance)
                if outcome is None or wait is None:
                    notices.finish(tx, row)
                else:
                    notices.settle(tx, row, next_attempt_at=now + wait, last_error=outcome.reason, state="retrying")
        except due.LeaseLostError:
            log.warning("notice_lease_lost", notice_id=row.id)
        if outcome is not None:
            said = {"notice_id": row.id, "kind": row.kind, "attempts": row.attempts}
            if outcome.state == "sent":
                log.info("mail_sent", **said)
            else:
                log.warning("mail_not_sent", **said, reason=outcome.reason, final=wait is None)

    def _wait_for_address(self, row: Row[Any]) -> None:
        with self.database.write() as tx:
            # Asked again in the transaction: the answer may have come since, and nobody would wake it twice.
            if hosts.addressee(tx, row.host_id) is None and notices.holds(tx, row):
                notices.settle(tx, row, next_attempt_at=None, attempts=row.attempts - 1)


def _reader(row: Row[Any], notice: Notice, host: Addressee | None) -> Addressee | None:
    """Give who gets it: where the host is reached now, or the address that an account's mail names."""
    if notice.is_about_zoom:
        return host
    return Addressee(row.name, row.address, host.timezone if host else "UTC")
