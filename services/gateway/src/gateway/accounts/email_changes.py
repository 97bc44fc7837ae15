"""A host's new e-mail address: it counts once somebody who reads its mail says so.

Two services keep the address: the account here and the host at booking. What was confirmed stands here at once, and
booking is told until it has heard; the worker goes on where a call failed.
"""

import math
import secrets
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from gateway.accounts.fields import Email, GivenPassword, email_key
from gateway.accounts.letters import Letters
from gateway.accounts.passwords import Passwords
from gateway.accounts.refused import Refused
from gateway.accounts.sign_ins import token_hash
from gateway.storage import accounts, links
from gateway.upstream import RefusedUpstreamError, Upstream, UpstreamUnavailableError
from shared import logs
from shared.clock import Clock
from shared.database import Database
from shared.web import Body

log = logs.get(__name__)

CONFIRM_PATH = "/confirm-email"
"""The page behind the link in the mail is `CONFIRM_PATH/<token>`."""
LIFETIME = timedelta(hours=24)
BETWEEN = timedelta(minutes=1)
"""How soon another mail may go out: our form must not fill a stranger's mailbox."""


class EmailChange(Body):
    """The new address, and the password that the host has."""

    email: Email
    password: GivenPassword


class EmailChanges:
    """Changes addresses."""

    def __init__(
        self, database: Database, clock: Clock, passwords: Passwords, letters: Letters, booking: Upstream
    ) -> None:
        self._database = database
        self._clock = clock
        self._passwords = passwords
        self._letters = letters
        self._booking = booking

    def ask(self, account_id: str, wanted: EmailChange) -> None:
        """Mail a link to the new address. Until it is followed nothing changes; a newer wish replaces an older one.

        Raises `Refused`: `bad_credentials` or `rate_limited` for the password, `email_taken`, `email_unchanged`,
        or `rate_limited` when the last mail went out less than a minute ago.
        """
        account = self._passwords.check_own(account_id, wanted.password)
        if email_key(wanted.email) == email_key(account.email):
            raise Refused("email_unchanged", "conflict", "This is your address already.")
        recipient = self._letters.recipient(account)
        token, now = secrets.token_urlsafe(32), self._clock()
        with self._database.write() as tx:
            if accounts.by_email(tx, email_key(wanted.email)) is not None:
                raise _email_taken()
            for earlier in self._waiting(tx, account_id):
                wait = earlier.created_at + BETWEEN - now
                if wait > timedelta():
                    raise _too_soon(wait)
            links.drop_waiting(tx, account_id, links.EMAIL_CHANGE)
            links.add(
                tx,
                token_hash=token_hash(token),
                account_id=account_id,
                purpose=links.EMAIL_CHANGE,
                email=wanted.email,
                now=now,
                expires_at=now + LIFETIME,
            )
            link = self._letters.link(CONFIRM_PATH, token)
            self._letters.ask(tx, "email_change", recipient, to=wanted.email, link=link, expires_at=now + LIFETIME)

    def waiting(self, account_id: str) -> str | None:
        """Give the address that waits to be confirmed, if one does; for the settings page."""
        with self._database.read() as tx:
            return next((str(link.email) for link in self._waiting(tx, account_id)), None)

    def address(self, token: str) -> str | None:
        """Give the address that a link would confirm, or None when it no longer works.

        For the page behind the link, which asks by a button: programs that look for viruses follow links, too.
        """
        with self._database.read() as tx:
            link = links.find(tx, token_hash(token), links.EMAIL_CHANGE, self._clock())
        return str(link.email) if link else None

    def confirm(self, token: str) -> str:
        """Give the account its new address, tell the old one by mail, and give the new one.

        It needs no sign-in: the link is the proof. Raises `Refused` (`link_expired`, kind `not_found`; `email_taken`).
        """
        used, now = token_hash(token), self._clock()
        with self._database.read() as tx:
            link = links.find(tx, used, links.EMAIL_CHANGE, now)
            account = accounts.by_id(tx, link.account_id) if link else None
        if link is None or account is None:
            raise _link_expired()
        recipient = self._letters.recipient(account)
        try:
            with self._database.write() as tx:
                if not links.confirm(tx, used, now):
                    raise _link_expired()
                accounts.set_email(tx, account.id, email=link.email, email_key=email_key(link.email))
                # A reset link in the old mailbox must not open the account any more.
                links.drop_waiting(tx, account.id)
                self._letters.ask(tx, "email_changed", recipient)
        except IntegrityError as error:
            raise _email_taken() from error
        self._tell_booking(link)
        return str(link.email)

    def tell_booking(self) -> int:
        """Go on with what was confirmed and booking has not heard of; for the worker. Gives how many are done."""
        with self._database.read() as tx:
            found = links.confirmed(tx)
        return sum(self._tell_booking(link) for link in found)

    def _tell_booking(self, link: Row[Any]) -> bool:
        with self._database.read() as tx:
            account = accounts.by_id(tx, link.account_id)
        if account is None:
            return False
        try:
            self._booking.ask("PUT", "/me/email", host=account.id, json_body={"email": account.email})
        except UpstreamUnavailableError:
            return False
        except RefusedUpstreamError as refused:
            # Another host, who has given this address up here, is about to do so there.
            log.warning("email_change_refused", host_id=account.id, code=refused.code)
            return False
        with self._database.write() as tx:
            # What was told must still be true: another change may have overtaken this one.
            now = accounts.by_id(tx, account.id)
            return now is not None and now.email == account.email and links.drop(tx, link.token_hash)

    def _waiting(self, tx: Connection, account_id: str) -> list[Row[Any]]:
        return links.waiting(tx, account_id, links.EMAIL_CHANGE, self._clock())


def _link_expired() -> Refused:
    sentence = "This link was used already, was replaced by a newer one, or is too old. Ask for a new one in Settings."
    return Refused("link_expired", "not_found", sentence)


def _email_taken() -> Refused:
    return Refused("email_taken", "conflict", "There is already an account with this e-mail address.")


def _too_soon(wait: timedelta) -> Refused:
    sentence = "A mail went out less than a minute ago. Look for it, or wait a little and try again."
    return Refused("rate_limited", "limited", sentence, retry_after=max(1, math.ceil(wait.total_seconds())))
