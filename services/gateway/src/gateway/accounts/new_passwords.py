"""New passwords: chosen by a signed-in host, or by whoever reads the mail of one who forgot it.

A reset's link works once and for 30 minutes; of its token only the hash is kept. Nobody learns from an answer, or
from how long it takes, whether an address has an account: the wish is stored, and the worker looks.
"""

import secrets
from datetime import timedelta

from sqlalchemy import Connection

from gateway.accounts.fields import Email, GivenPassword, Password, Token, email_key
from gateway.accounts.letters import Letters, Recipient
from gateway.accounts.passwords import Passwords
from gateway.accounts.refused import Refused
from gateway.accounts.sign_ins import token_hash
from gateway.storage import Account, accounts, links, sign_ins
from shared import logs
from shared.clock import Clock
from shared.database import Database
from shared.web import Body

log = logs.get(__name__)

RESET_PATH = "/reset-password"
"""The page behind the link in the mail is `RESET_PATH/<token>`."""
LIFETIME = timedelta(minutes=30)
MOST_WAITING = 3
"""Links that one account may have out at once: nobody can fill somebody's mailbox from our form."""
WISHES_AT_ONCE = 20


class ResetWish(Body):
    """Who forgot a password."""

    email: Email


class Reset(Body):
    """The token from the mail's link, and the new password."""

    token: Token
    password: Password


class PasswordChange(Body):
    """The password that a host has, and the one to have instead."""

    password: GivenPassword
    new_password: Password


class NewPasswords:
    """Replaces passwords."""

    def __init__(self, database: Database, clock: Clock, passwords: Passwords, letters: Letters) -> None:
        self._database = database
        self._clock = clock
        self._passwords = passwords
        self._letters = letters

    def wish(self, wanted: ResetWish) -> None:
        """Note that somebody forgot a password; if there is an account, its mail follows. Never refuses."""
        with self._database.write() as tx:
            links.add_wish(tx, email_key(wanted.email), self._clock())

    def send_links(self) -> int:
        """Turn wishes into links in mails; for the worker. Gives how many wishes are done with."""
        with self._database.read() as tx:
            found = links.wishes(tx, WISHES_AT_ONCE)
            known = {wish.id: accounts.by_email(tx, wish.email_key) for wish in found}
        for wish in found:
            account = known[wish.id]
            recipient = self._letters.recipient(account) if account and account.active else None
            with self._database.write() as tx:
                # Another worker may have taken it meanwhile.
                if links.drop_wish(tx, wish.id) and recipient is not None:
                    self._send_link(tx, recipient)
        return len(found)

    def is_open(self, token: str) -> bool:
        """Tell whether a reset link still works: for the page that it leads to, before anything is typed."""
        with self._database.read() as tx:
            return links.find(tx, token_hash(token), links.PASSWORD_RESET, self._clock()) is not None

    def reset(self, wanted: Reset) -> None:
        """Replace a forgotten password. Every browser is signed out and every other reset link is worth nothing.

        Raises `Refused` (`link_expired`, kind `not_found`) when the link was used, replaced, or is too old.
        """
        used, now = token_hash(wanted.token), self._clock()
        with self._database.read() as tx:
            link = links.find(tx, used, links.PASSWORD_RESET, now)
            account = accounts.by_id(tx, link.account_id) if link else None
        if account is None:
            raise _link_expired()
        recipient = self._letters.recipient(account)
        hashed = self._passwords.hash(wanted.password)
        with self._database.write() as tx:
            if not links.drop(tx, used):
                raise _link_expired()
            self._replace(tx, account, recipient, hashed, keep=None)

    def change(self, account_id: str, wanted: PasswordChange, *, keep: str | None = None) -> None:
        """Replace the password of a host who knows it, and sign out every browser but the one with the token `keep`.

        Raises `Refused` (`bad_credentials` or `rate_limited`) for a wrong password.
        """
        account = self._passwords.check_own(account_id, wanted.password)
        recipient = self._letters.recipient(account)
        hashed = self._passwords.hash(wanted.new_password)
        with self._database.write() as tx:
            self._replace(tx, account, recipient, hashed, keep=keep)

    def _send_link(self, tx: Connection, recipient: Recipient) -> None:
        now = self._clock()
        if len(links.waiting(tx, recipient.host_id, links.PASSWORD_RESET, now)) >= MOST_WAITING:
            log.info("reset_link_withheld", host_id=recipient.host_id)
            return
        token, expires_at = secrets.token_urlsafe(32), now + LIFETIME
        links.add(
            tx,
            token_hash=token_hash(token),
            account_id=recipient.host_id,
            purpose=links.PASSWORD_RESET,
            now=now,
            expires_at=expires_at,
        )
        link = self._letters.link(RESET_PATH, token)
        self._letters.ask(tx, "password_reset", recipient, link=link, expires_at=expires_at)

    def _replace(
        self, tx: Connection, account: Account, recipient: Recipient, hashed: str, *, keep: str | None
    ) -> None:
        accounts.set_password_hash(tx, account.id, hashed)
        sign_ins.drop_all(tx, account.id, but=token_hash(keep) if keep else None)
        # Whoever knew the old password may also have asked for another address.
        links.drop_waiting(tx, account.id)
        self._passwords.forget_wrong(tx, account.email)
        self._letters.ask(tx, "password_changed", recipient)


def _link_expired() -> Refused:
    sentence = "This link was used already or is too old. Ask for a new one; it works for 30 minutes."
    return Refused("link_expired", "not_found", sentence)
