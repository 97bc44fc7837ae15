"""Deletes accounts: closed here at once, then erased at booking, then here. The worker ends what a crash cut off."""

from gateway.accounts.fields import GivenPassword
from gateway.accounts.passwords import Passwords
from gateway.storage import accounts, keys, links, sign_ins
from gateway.upstream import RefusedUpstreamError, Upstream, UpstreamUnavailableError
from shared import logs
from shared.database import Database
from shared.web import Body

log = logs.get(__name__)

NOT_FOUND = 404


class Departure(Body):
    """The password, so that nobody's account goes by mistake or by an open browser."""

    password: GivenPassword


class Departures:
    """Deletes accounts."""

    def __init__(self, database: Database, passwords: Passwords, booking: Upstream) -> None:
        self._database = database
        self._passwords = passwords
        self._booking = booking

    def leave(self, account_id: str, wanted: Departure) -> None:
        """Delete an account with its host: nobody can sign in to it or use its keys from now on.

        Booking cancels the future bookings and announces that the host is gone, upon which the connection to Zoom and
        the deliveries are erased. Raises `Refused` (`bad_credentials` or `rate_limited`) for a wrong password.
        """
        account = self._passwords.check_own(account_id, wanted.password)
        with self._database.write() as tx:
            accounts.begin_leaving(tx, account.id)
            sign_ins.drop_all(tx, account.id)
            keys.drop_all(tx, account.id)
            links.drop_waiting(tx, account.id)
        log.info("account_closed", host_id=account.id)
        self._erase(account.id)

    def finish(self) -> int:
        """Erase the accounts that were closed and are still there; for the worker. Gives how many are done."""
        with self._database.read() as tx:
            found = accounts.leaving(tx)
        return sum(self._erase(account_id) for account_id in found)

    def _erase(self, account_id: str) -> bool:
        try:
            self._booking.ask("DELETE", "/me", host=account_id)
        except UpstreamUnavailableError:
            return False
        except RefusedUpstreamError as refused:
            if refused.status != NOT_FOUND:
                log.warning("host_not_erased", host_id=account_id, code=refused.code)
                return False
        with self._database.write() as tx:
            accounts.drop(tx, account_id)
        log.info("account_erased", host_id=account_id)
        return True
