"""Sign-up across two services: the account here, the host at booking, and no crash in between that isn't healed."""

import uuid
import zoneinfo
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from sqlalchemy.exc import IntegrityError

from gateway.accounts.fields import Email, Password, email_key
from gateway.accounts.passwords import Passwords
from gateway.accounts.refused import Refused
from gateway.accounts.reserved import RESERVED
from gateway.storage import accounts
from gateway.upstream import RefusedUpstreamError, Upstream, UpstreamUnavailableError, path
from shared.clock import Clock
from shared.database import Database
from shared.web import Body, Line

CLAIM = timedelta(minutes=1)


def _handle(value: str) -> str:
    if value in RESERVED:
        raise ValueError("is reserved; choose another one")
    return value


def _zone(value: str) -> str:
    if value not in zoneinfo.available_timezones():
        raise ValueError("must be an IANA time zone, like Europe/Berlin")
    return value


class SignUp(Body):
    """What somebody fills in to become a host."""

    name: Annotated[Line, Field(min_length=1, max_length=120)]
    email: Email
    password: Password
    handle: Annotated[str, Field(pattern=r"^[a-z0-9-]{3,40}$"), AfterValidator(_handle)]
    timezone: Annotated[str, AfterValidator(_zone)]


@dataclass(frozen=True)
class _Claim:
    account_id: str
    token: str
    fresh: bool


class SignUps:
    """Makes hosts."""

    def __init__(self, database: Database, clock: Clock, passwords: Passwords, booking: Upstream) -> None:
        self._database = database
        self._clock = clock
        self._passwords = passwords
        self._booking = booking

    def sign_up(self, wanted: SignUp) -> dict[str, Any]:
        """Make an account and its host; give the host as booking describes it.

        The account stays pending until booking has the host. A sign-up that broke off in between is taken over by
        the next one with the same address, under the same id, so booking never gets a second host for it.
        Raises `Refused` (`email_taken`), `RefusedUpstreamError` (`handle_taken` and the like), or
        `UpstreamUnavailableError`.
        """
        claim = self._claim(wanted, self._passwords.hash(wanted.password))
        try:
            host = self._make_host(claim, wanted)
        except RefusedUpstreamError:
            self._give_up(claim)
            raise
        except UpstreamUnavailableError:
            with self._database.write() as tx:
                accounts.release(tx, claim.account_id, claim.token, self._clock())
            raise
        with self._database.write() as tx:
            if not accounts.activate(tx, claim.account_id, claim.token):
                raise _email_taken()
        return host

    def _claim(self, wanted: SignUp, password_hash: str) -> _Claim:
        now = self._clock()
        mine = accounts.Claim(str(uuid.uuid4()), now + CLAIM)
        key = email_key(wanted.email)
        try:
            with self._database.write() as tx:
                found = accounts.by_email(tx, key)
                if found is None:
                    account_id = str(uuid.uuid4())
                    accounts.add_pending(
                        tx,
                        account_id,
                        email=wanted.email,
                        email_key=key,
                        password_hash=password_hash,
                        claim=mine,
                        now=now,
                    )
                    return _Claim(account_id, mine.token, fresh=True)
                busy = found.status != accounts.PENDING
                if busy or (found.claimed_until and found.claimed_until > now):
                    raise _email_taken()
                accounts.take_over(tx, found.id, email=wanted.email, password_hash=password_hash, claim=mine)
                return _Claim(found.id, mine.token, fresh=False)
        except IntegrityError as error:
            # Two sign-ups with one address at the same moment: the other one was first.
            raise _email_taken() from error

    def _make_host(self, claim: _Claim, wanted: SignUp) -> dict[str, Any]:
        profile = wanted.model_dump(include={"name", "email", "handle", "timezone"})
        host: dict[str, Any] = self._booking.ask("PUT", path("hosts", claim.account_id), json_body=profile)
        # An earlier try may have made the host with another name, handle or zone; what counts is this one.
        other = {name: profile[name] for name in ("name", "handle", "timezone") if host[name] != profile[name]}
        if other:
            host = self._booking.ask("PATCH", "/me", host=claim.account_id, json_body=other)
        return host

    def _give_up(self, claim: _Claim) -> None:
        with self._database.write() as tx:
            if claim.fresh:
                accounts.drop_pending(tx, claim.account_id, claim.token)
            else:
                # An earlier try may have reached booking, so the id must not be lost.
                accounts.release(tx, claim.account_id, claim.token, self._clock())


def _email_taken() -> Refused:
    return Refused("email_taken", "conflict", "There is already an account with this e-mail address. Sign in instead.")
