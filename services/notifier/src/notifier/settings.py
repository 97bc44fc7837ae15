"""What the notifier is told by its environment; a bad value is named in one line at start."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import BeforeValidator, ConfigDict, Field

from shared.settings import Common

Security = Literal["none", "tls", "starttls"]

_SCHEMES: dict[str, tuple[Security, int]] = {
    "smtp": ("none", 25),
    "smtps": ("tls", 465),
    "smtp+starttls": ("starttls", 587),
}


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed over, and how."""

    host: str
    port: int
    security: Security
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def _mail_server(value: Any) -> MailServer:
    if isinstance(value, MailServer):
        return value
    try:
        parts = urlsplit(str(value))
        port = parts.port
    except ValueError as error:
        raise ValueError("is no address of a mail server") from error
    if parts.scheme not in _SCHEMES:
        raise ValueError("must begin with smtp://, smtps:// or smtp+starttls://")
    if not parts.hostname or port == 0 or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must look like smtp://[user:password@]host:port")
    user, password = (unquote(part) if part else None for part in (parts.username, parts.password))
    if (user is None) != (password is None):
        raise ValueError("needs both a user and a password, or neither")
    if not f"{user}{password}".isascii():
        raise ValueError("can hold a user and a password in ASCII only")
    security, usual_port = _SCHEMES[parts.scheme]
    return MailServer(parts.hostname, port or usual_port, security, user, password)


def _sender(value: Any) -> Address:
    if isinstance(value, Address):
        return value
    name, address = parseaddr(str(value))
    if re.search(r"[\x00-\x1f\x7f]", str(value)) or "@" not in address[1:-1] or not address.isascii():
        raise ValueError("must look like Name <name@example.com>, the address in ASCII")
    try:
        return Address(display_name=name, addr_spec=address)
    except (ValueError, IndexError, MessageError) as error:
        raise ValueError("must look like Name <name@example.com>") from error


class Settings(Common):
    """The notifier's settings. `confirmation_wait` is how long a first mail waits for its link."""

    smtp_url: Annotated[MailServer, BeforeValidator(_mail_server)]
    mail_from: Annotated[Address, BeforeValidator(_sender)] = Address("Punctual", "no-reply", "localhost")
    confirmation_wait: float = Field(default=15, ge=0, le=86400)

    model_config = ConfigDict(arbitrary_types_allowed=True)

    @property
    def wait(self) -> timedelta:
        """Give `confirmation_wait` as a time span."""
        return timedelta(seconds=self.confirmation_wait)
