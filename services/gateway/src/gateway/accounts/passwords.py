"""Passwords: argon2 hashes, and a limit on wrong ones per address that tells nothing about who exists."""

import hashlib
import math
import secrets
import threading
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection

from gateway.accounts.fields import LONGEST_PASSWORD, email_key
from gateway.accounts.refused import Refused
from gateway.storage import Account, accounts, wrong_passwords
from shared.clock import Clock
from shared.database import Database

WRONG_ALLOWED = 10
WINDOW = timedelta(minutes=1)
AT_ONCE = 4
WRONG = "bad_credentials"


class Passwords:
    """Checks passwords against the stored hashes."""

    def __init__(self, database: Database, clock: Clock, hasher: PasswordHasher) -> None:
        self._database = database
        self._clock = clock
        self._hasher = hasher
        # Each hash takes 64 MiB; a crowd that signs in at once waits instead of eating the memory.
        self._room = threading.Semaphore(AT_ONCE)
        self._nobody = self._hasher.hash(secrets.token_hex())

    def hash(self, password: str) -> str:
        """Hash a new password: tens of milliseconds and 64 MiB, on purpose."""
        with self._room:
            return self._hasher.hash(password)

    def check(self, email: str, password: str) -> Account:
        """Find the account that this address and password open.

        Raises `Refused`: `bad_credentials`, the same in time and words whether or not the address is known,
        or `rate_limited` after ten wrong ones within a minute.
        """
        key = email_key(email)
        email_hash = _email_hash(key)
        account = self._count_then_find(key, email_hash)
        right = self._verify(account.password_hash if account else self._nobody, password)
        if account is None or not right:
            raise Refused(WRONG, "unauthorized", "The e-mail address or the password is wrong.")
        fresh = self.hash(password) if self._hasher.check_needs_rehash(account.password_hash) else None
        with self._database.write() as tx:
            wrong_passwords.forget(tx, email_hash)
            if fresh:
                accounts.set_password_hash(tx, account.id, fresh)
        return account

    def check_own(self, account_id: str, password: str) -> Account:
        """Make sure that a signed-in host knows the account's password. Raises `Refused` like `check`."""
        with self._database.read() as tx:
            account = accounts.by_id(tx, account_id)
        if account is None:
            raise _wrong()
        try:
            return self.check(account.email, password)
        except Refused as error:
            raise (_wrong() if error.code == WRONG else error) from error

    def forget_wrong(self, tx: Connection, email: str) -> None:
        """Start counting afresh for an address whose password was replaced."""
        wrong_passwords.forget(tx, _email_hash(email_key(email)))

    def sweep(self, tx: Connection) -> None:
        """Drop what no longer counts for anybody."""
        wrong_passwords.forget_before(tx, self._clock() - WINDOW)

    def _count_then_find(self, key: str, email_hash: str) -> Account | None:
        # Counted as wrong before it is known to be: a burst of parallel guesses must not slip through together.
        now = self._clock()
        with self._database.write() as tx:
            wrong = wrong_passwords.since(tx, email_hash, now - WINDOW)
            if len(wrong) >= WRONG_ALLOWED:
                wait = wrong[WRONG_ALLOWED - 1] + WINDOW - now
                raise Refused(
                    "rate_limited",
                    "limited",
                    "Too many wrong passwords for this e-mail address. Wait a minute and try again.",
                    retry_after=max(1, math.ceil(wait.total_seconds())),
                )
            wrong_passwords.add(tx, email_hash, now=now)
            account = accounts.by_email(tx, key)
        return account if account and account.active else None

    def _verify(self, stored: str, password: str) -> bool:
        given = password[:LONGEST_PASSWORD].encode("utf-8", "replace")
        try:
            with self._room:
                return self._hasher.verify(stored, given) and len(password) <= LONGEST_PASSWORD
        except (VerificationError, InvalidHashError):
            return False


def _email_hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def _wrong() -> Refused:
    return Refused(WRONG, "unauthorized", "The password is wrong.")
