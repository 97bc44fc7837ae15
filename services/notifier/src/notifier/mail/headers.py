"""How names and subjects are written into headers.

Python 3.11 folds long headers in other letters than ASCII so that spaces between words get lost, and puts a long
subject on a line below its name. The older `Header` does neither, so it writes these four.
"""

from email.header import Header
from email.headerregistry import Address, AddressHeader
from email.policy import EmailPolicy
from typing import Any

WIDTH = 76


class Wire(EmailPolicy):
    """The form of our mails on the wire."""

    def fold(self, name: str, value: Any) -> str:
        """Write one header, ended by a line end."""
        if isinstance(value, AddressHeader):
            written = ", ".join(_person(name, address) for address in value.addresses)
        elif name.lower() == "subject":
            written = _text(name, str(value))
        else:
            return str(super().fold(name, value))
        return f"{name}: {written}{self.linesep}"

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Write one header in bytes; only an address in an SMTPUTF8 mail is not ASCII in it."""
        return self.fold(name, value).encode("utf-8" if self.utf8 else "ascii")


WIRE = Wire(linesep="\r\n")


def _text(header: str, text: str) -> str:
    charset = "us-ascii" if text.isascii() else "utf-8"
    return Header(text, charset, header_name=header, maxlinelen=WIDTH).encode(splitchars=" ", linesep="\r\n")


def _person(header: str, address: Address) -> str:
    if address.display_name.isascii():
        return str(address)
    return f"{_text(header, address.display_name)}\r\n <{address.addr_spec}>"
