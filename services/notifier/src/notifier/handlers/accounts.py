"""Mails that the gateway asks for about a host's account. Their links are keys: not a line of them is logged."""

import uuid
from datetime import datetime

from sqlalchemy import Connection

from notifier.deliveries.notices import Notice, replaced
from notifier.storage import hosts, notices
from shared.events import AccountMailRequested


def account_mail_requested(event: AccountMailRequested, tx: Connection, now: datetime) -> None:
    """Owe the mail to the address that it names, in place of an older one of its kind that has not gone out."""
    notice = Notice(str(uuid.uuid4()), event.host_id, event.kind, now, {"link": event.link}, event.expires_at)
    if notice.expired(now) or hosts.is_removed(tx, event.host_id):
        return
    notices.withdraw(tx, event.host_id, replaced(event.kind), now)
    notices.owe(tx, notice, address=event.to, name=event.name)
