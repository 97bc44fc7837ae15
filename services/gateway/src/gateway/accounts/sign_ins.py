"""Sign-in sessions: a random token in the browser's cookie, its hash in a row that can be revoked."""

import hashlib
import secrets
from datetime import timedelta

from gateway import storage
from gateway.storage import Account
from shared.clock import Clock
from shared.database import Database

LIFETIME = timedelta(days=30)


class SignIns:
    """The browsers that are signed in."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def start(self, account_id: str, *, instead_of: str | None) -> str:
        """Sign a browser in and give its token. The token that it came with, if any, is worth nothing afterwards."""
        token = secrets.token_urlsafe(32)
        now = self._clock()
        with self._database.write() as tx:
            if instead_of:
                storage.drop_sign_in(tx, _hash(instead_of))
            storage.add_sign_in(tx, token_hash=_hash(token), account_id=account_id, now=now, expires_at=now + LIFETIME)
        return token

    def find(self, token: str) -> Account | None:
        """Give the account of a signed-in browser."""
        with self._database.read() as tx:
            account = storage.signed_in(tx, _hash(token), self._clock())
        return account if account and account.active else None

    def end(self, token: str) -> None:
        """Sign one browser out."""
        with self._database.write() as tx:
            storage.drop_sign_in(tx, _hash(token))

    def end_all(self, account_id: str) -> None:
        """Sign every browser of the account out."""
        with self._database.write() as tx:
            storage.drop_sign_ins(tx, account_id)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
