"""Passwords: argon2 hashes, and a limit on wrong ones per address that tells nothing about who exists."""

import hashlib
import math
import secrets
import threading
import unicodedata
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway import storage
from gateway.accounts.refused import Refused
from gateway.storage import Account
from shared.clock import Clock
from shared.database import Database

MINIMUM = 10
MAXIMUM = 200
"""Characters. Longer ones are refused, since hashing them would cost whoever runs this."""
WRONG_ALLOWED = 10
WINDOW = timedelta(minutes=1)
AT_ONCE = 4


def email_key(email: str) -> str:
    """Spell an address in the one way in which addresses are compared."""
    return unicodedata.normalize("NFC", email).strip().casefold()


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
        email_hash = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
        account = self._count_then_find(key, email_hash)
        right = self._verify(account.password_hash if account else self._nobody, password)
        if account is None or not right:
            raise Refused("bad_credentials", "unauthorized", "The e-mail address or the password is wrong.")
        fresh = self.hash(password) if self._hasher.check_needs_rehash(account.password_hash) else None
        with self._database.write() as tx:
            storage.forget_wrong_passwords(tx, email_hash)
            if fresh:
                storage.set_password_hash(tx, account.id, fresh)
        return account

    def _count_then_find(self, key: str, email_hash: str) -> Account | None:
        # Counted as wrong before it is known to be: a burst of parallel guesses must not slip through together.
        now = self._clock()
        with self._database.write() as tx:
            wrong = storage.wrong_passwords(tx, email_hash, now - WINDOW)
            if len(wrong) >= WRONG_ALLOWED:
                wait = wrong[WRONG_ALLOWED - 1] + WINDOW - now
                raise Refused(
                    "rate_limited",
                    "limited",
                    "Too many wrong passwords for this e-mail address. Wait a minute and try again.",
                    retry_after=max(1, math.ceil(wait.total_seconds())),
                )
            storage.add_wrong_password(tx, email_hash, now=now, forget_before=now - WINDOW)
            account = storage.account_by_email(tx, key)
        return account if account and account.active else None

    def _verify(self, stored: str, password: str) -> bool:
        given = password[:MAXIMUM].encode("utf-8", "replace")
        try:
            with self._room:
                return self._hasher.verify(stored, given) and len(password) <= MAXIMUM
        except (VerificationError, InvalidHashError):
            return False
