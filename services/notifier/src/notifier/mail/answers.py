"""What a mail server's answer means, in words that a host understands.

Only its numbers are read: the code of three digits, and the finer one of RFC 3463 that most servers put behind it.
"""

import re

RECIPIENT = "the mail server refused the recipient's address"
MAIL = "the mail server refused the mail"
LATER = "the mail server asks to try again later"
PERMANENT = 500

_FINER = re.compile(r"\s*[245]\.(\d{1,3})\.(\d{1,3})(?!\d)")
_BY_FINER = {
    "1.1": "there is no mailbox with this address",
    "1.2": "the part of the address behind the @ does not exist",
    "1.3": "the address is not written as one",
    "1.6": "the mailbox has moved to another address",
    "1.10": "the part of the address behind the @ takes no mail",
    "2.0": "the mailbox takes no mail at the moment",
    "2.1": "the mailbox is closed",
    "2.2": "the mailbox is full",
    "2.3": "the mail is larger than the mailbox takes",
    "3.1": "the recipient's mail server is full",
    "3.4": "the mail is larger than the mail server takes",
    "4.1": "the recipient's mail server does not answer",
    "4.4": "nobody knows which server takes mail for this address",
    "4.7": "the recipient's mail server could not be reached for too long",
    "7.0": "the mail server refuses it for reasons of security",
    "7.1": "the mail server refuses mail from us, for instance as unwanted",
    "7.23": "the recipient's server finds that we may not send in the name of our domain (SPF)",
    "7.25": "the recipient's server does not trust the network that we send from",
    "7.26": "the recipient's server finds our mail not signed as it should be (SPF, DKIM)",
}
_CAN_PASS = {"2.2", "3.1", "4.1", "4.4", "4.7"}
"""What these say can be so for a while. Any other, "for now", is how servers see who comes again."""
_BY_CODE = {
    421: "the mail server is busy or about to close; it is tried again",
    452: "the mailbox or the mail server is full",
    552: "the mailbox is full or the mail too large",
    553: "the address is not one that the mail server takes",
    554: MAIL,
}


def in_words(code: int, said: bytes | str, what: str) -> str:
    """Say why a mail was not taken, with the code for whoever has to mend it. `what` is what was refused."""
    text = said.decode("ascii", "replace") if isinstance(said, bytes) else said
    finer = _FINER.match(text)
    detail = f"{int(finer[1])}.{int(finer[2])}" if finer else ""
    meaning = _BY_FINER.get(detail) if code >= PERMANENT or detail in _CAN_PASS else None
    usual = _BY_CODE.get(code, what if code >= PERMANENT else LATER)
    numbers = f"{code}, {finer[0].strip()}" if finer else str(code)
    return f"{meaning or usual} ({numbers})"
