"""Addresses as a header and an envelope can carry them."""

import re
from email.errors import MessageError
from email.headerregistry import Address

from notifier.letters.lines import one_line


class UnusableAddress(Exception):
    """No mail can be sent to what was given as an address."""


def person(name: str, address: str) -> Address:
    """Make a header's address; a domain with other letters than ASCII becomes punycode.

    Raises `UnusableAddress`. A local part may hold any letter: whether it can be sent is the server's word.
    """
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain or re.search(r"[\s,;<>()\[\]:\\\"\x00-\x1f\x7f]", address):
        raise UnusableAddress
    try:
        ascii_domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
        return Address(display_name=one_line(name), username=local, domain=ascii_domain)
    except (ValueError, IndexError, MessageError) as error:
        raise UnusableAddress from error


def envelope(address: Address) -> str:
    """Give the bare address, as SMTP takes it."""
    return f"{address.username}@{address.domain}"
