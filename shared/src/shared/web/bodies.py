"""Types for what people send: text without characters that break a header, a page or a database."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict


class Body(BaseModel):
    """A request's JSON body. An unknown field is an error, so that a typing mistake is never lost in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _strip(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _one_line(value: str) -> str:
    if any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in value):
        raise ValueError("must be one line without control characters")
    return value


def _text(value: str) -> str:
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    if any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in value):
        raise ValueError("must not hold control characters")
    return value


Line = Annotated[str, BeforeValidator(_strip), AfterValidator(_one_line)]
"""One line of text, without white space around it."""
Text = Annotated[str, BeforeValidator(_strip), AfterValidator(_text)]
"""Text that may have several lines; they end in LF."""
