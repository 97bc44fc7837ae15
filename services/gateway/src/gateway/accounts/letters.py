"""Asks the notifier, by an event, for the mails about an account. What they say is the notifier's."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from gateway.storage import Account
from gateway.upstream import RefusedUpstreamError, Upstream, UpstreamUnavailableError
from shared import logs, outbox
from shared.clock import Clock
from shared.events.accounts import AccountMailRequested

log = logs.get(__name__)

Kind = Literal["password_reset", "password_changed", "email_change", "email_changed"]
SOURCE = "gateway"


@dataclass(frozen=True)
class Recipient:
    """Whom a mail addresses: the host, by the name that booking knows."""

    host_id: str
    name: str
    email: str


class Letters:
    """The mails that only the gateway can ask for."""

    def __init__(self, booking: Upstream, clock: Clock, public_url: str) -> None:
        self._booking = booking
        self._clock = clock
        self._public_url = public_url

    def recipient(self, account: Account) -> Recipient:
        """Ask booking for the host's name, outside any transaction; a mail about safety goes out without it, too."""
        try:
            name = str(self._booking.ask("GET", "/me", host=account.id)["name"])
        except (UpstreamUnavailableError, RefusedUpstreamError):
            log.warning("host_name_unknown", host_id=account.id)
            name = account.email
        return Recipient(account.id, name, account.email)

    def link(self, path: str, token: str) -> str:
        """Give the address behind a link in a mail."""
        return f"{self._public_url}{path}/{token}"

    def ask(
        self,
        tx: Connection,
        kind: Kind,
        recipient: Recipient,
        *,
        to: str | None = None,
        link: str | None = None,
        expires_at: datetime | None = None,
    ) -> None:
        """Promise a mail to the host's address, or to another one, with the change that it tells of."""
        event = AccountMailRequested(
            host_id=recipient.host_id,
            kind=kind,
            to=to or recipient.email,
            name=recipient.name,
            link=link,
            expires_at=expires_at,
        )
        outbox.add(tx, event, source=SOURCE, now=self._clock())
