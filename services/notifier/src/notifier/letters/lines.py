"""Makes people's text harmless: one line for headers and headings, clean lines for bodies, links only if they are."""

import re
import unicodedata
from urllib.parse import urlsplit

# Marks that turn the direction of what follows: a name could make the rest of a line read backwards.
_TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNPRINTABLE = {"Cc", "Cs"}
_LINE_ENDS = re.compile(r"\r\n|[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


def one_line(text: str) -> str:
    """Put `text` on one line, without control characters and without anything that a header would decode."""
    # An encoded word in a name would be decoded by the reader's mail program, line breaks included.
    return " ".join(_printable(_LINE_ENDS.sub(" ", text).replace("\t", " ")).split()).replace("=?", "= ?")


def block(text: str) -> tuple[str, ...]:
    """Split `text` into its lines, without control characters and without blank lines at either end."""
    return tuple(_printable(line.replace("\t", " ")).rstrip() for line in _LINE_ENDS.split(text.strip()))


def web_link(text: str | None) -> str | None:
    """Give `text` back if it is an http(s) address and nothing else."""
    address = (text or "").strip()
    if re.search(r"[\s<>\"\\\x00-\x1f\x7f]", address):
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return address if parts.scheme in ("http", "https") and parts.hostname else None


def _printable(text: str) -> str:
    return "".join(c for c in text if c not in _TURNING and unicodedata.category(c) not in _UNPRINTABLE)
