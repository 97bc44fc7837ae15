"""Zoom's authorization server: consent address, tokens, revoking, and the confirmation of an erasure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from requests.auth import HTTPBasicAuth

from shared.clock import Clock
from zoom_connector.zoom import verdicts
from zoom_connector.zoom.errors import GrantInvalidError, RefusedError, UnsureError
from zoom_connector.zoom.transport import Answer, Budget, Transport

VERIFIER_LENGTH = 64


@dataclass(frozen=True)
class Grant:
    """What the token endpoint gives. `scopes` is None when it did not say; `expires_at` errs on the early side."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime
    scopes: frozenset[str] | None


def _words(value: object) -> object:
    return frozenset(value.split()) if isinstance(value, str) else None


class _Tokens(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    access_token: str = Field(min_length=1, max_length=20_000)
    refresh_token: str = Field(min_length=1, max_length=20_000)
    expires_in: int = Field(ge=0, le=10**8)
    scope: Annotated[frozenset[str] | None, BeforeValidator(_words)] = None


@dataclass(frozen=True)
class OAuth:
    """Speaks for this installation's Zoom app.

    `url` is the base of `/oauth/…` for browsers, `token_url` for us; a stand-in in a container has two addresses.
    """

    transport: Transport
    url: str
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    compliance_url: str
    clock: Clock

    def consent_address(self, state: str, verifier: str) -> str:
        """Give the address to send the host's browser to. Scopes are set in the Marketplace, so none is asked for."""
        session = OAuth2Session(self.client_id, redirect_uri=self.redirect_uri, code_challenge_method="S256")
        try:
            address, _ = session.create_authorization_url(
                f"{self.url}/oauth/authorize", state=state, code_verifier=verifier
            )
        finally:
            session.close()
        return str(address)

    def exchange(self, code: str, verifier: str, *, budget: Budget) -> Grant:
        """Trade an authorization code for tokens. Raises `GrantInvalidError` when Zoom does not take the code."""
        return self._tokens(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.redirect_uri,
                "code_verifier": verifier,
            },
            budget,
        )

    def refresh(self, refresh_token: str, *, budget: Budget) -> Grant:
        """Trade a refresh token for a new pair; the old one may be dead even if the answer never comes."""
        return self._tokens({"grant_type": "refresh_token", "refresh_token": refresh_token}, budget)

    def revoke(self, access_token: str, *, budget: Budget) -> None:
        """End the grant. Raises `GrantInvalidError` when Zoom does not know the token (any more)."""
        answer = self._post("revoke", {"token": access_token}, budget)
        if not answer.good:
            if answer.word("error") == "invalid_request":
                raise GrantInvalidError("invalid_request")
            raise verdicts.of_token(answer, self.clock())
        if not answer.clear:
            raise UnsureError("the answer is unreadable", answered=True)

    def confirm_erasure(self, document: Mapping[str, Any], *, budget: Budget) -> None:
        """Tell Zoom that a user's data is gone. Raises `RefusedError` on a 4xx, which is final."""
        answer = self.transport.send("POST", self.compliance_url, budget=budget, sign=self._sign, document=document)
        if answer.good:
            return
        if 400 <= answer.status < 500 and answer.status not in (408, 425, 429):  # noqa: PLR2004 - 4xx
            raise RefusedError(answer.status)
        raise UnsureError(f"status {answer.status}", answered=True)

    def _tokens(self, form: Mapping[str, str], budget: Budget) -> Grant:
        # The life counts from before the call: the answer may have taken its time.
        asked_at = self.clock()
        answer = self._post("token", form, budget)
        if not answer.good:
            raise verdicts.of_token(answer, self.clock())
        try:
            tokens = _Tokens.model_validate(answer.document)
        except ValidationError as error:
            raise UnsureError("the tokens are unreadable", answered=True) from error
        expires_at = asked_at + timedelta(seconds=tokens.expires_in)
        return Grant(tokens.access_token, tokens.refresh_token, expires_at, tokens.scope)

    def _post(self, name: str, form: Mapping[str, str], budget: Budget) -> Answer:
        return self.transport.send("POST", f"{self.token_url}/oauth/{name}", budget=budget, sign=self._sign, form=form)

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        signed: requests.PreparedRequest = HTTPBasicAuth(self.client_id, self.client_secret)(request)
        return signed


def new_verifier() -> str:
    """Make a PKCE verifier."""
    return str(generate_token(VERIFIER_LENGTH))
