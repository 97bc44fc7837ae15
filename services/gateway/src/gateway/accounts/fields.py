"""What a person types about an account: each field with its limits."""

import unicodedata
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BeforeValidator, Field

from shared.web import Line

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
"""Characters. Longer ones are refused, since hashing them would cost whoever runs this."""
LONGEST_TYPED = 1000
LONGEST_TOKEN = 200


def email_key(email: str) -> str:
    """Spell an address in the one way in which addresses are compared."""
    return unicodedata.normalize("NFC", email).strip().casefold()


def _email(value: str) -> str:
    try:
        # An inside mail domain is fine for somebody who hosts this: whether mail arrives there is theirs to know.
        return validate_email(value, check_deliverability=False, globally_deliverable=False).normalized
    except EmailNotValidError as error:
        raise ValueError("must be an e-mail address, like name@example.com") from error


def _encodable(value: object) -> object:
    if isinstance(value, str) and "\0" in value:
        raise ValueError("must not hold a NUL character")
    return value


Email = Annotated[Line, Field(max_length=254), AfterValidator(_email)]
Password = Annotated[str, Field(min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD), BeforeValidator(_encodable)]
"""A password that somebody chooses."""
GivenPassword = Annotated[str, Field(max_length=LONGEST_TYPED)]
"""A password that is only compared; what it may not be, it simply isn't."""
Token = Annotated[str, Field(max_length=LONGEST_TOKEN)]
"""What a link in a mail ends with."""
