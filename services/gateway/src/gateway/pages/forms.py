"""Forms that come back with their errors beside the fields and with everything that was typed."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pydantic import ValidationError

from gateway.accounts import Refused
from gateway.upstream import RefusedUpstreamError


@dataclass
class Errors:
    """What is wrong: by field, and in general."""

    fields: dict[str, str] = field(default_factory=dict)
    general: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Tell whether anything is wrong."""
        return bool(self.fields or self.general)

    def add(self, name: str, message: str) -> None:
        """Note what is wrong with a field; its first error counts."""
        self.fields.setdefault(name, _sentence(message))


def from_pydantic(error: ValidationError) -> Errors:
    """Take over the errors of a model of ours."""
    errors = Errors()
    for one in error.errors(include_input=False, include_url=False, include_context=False):
        errors.add(".".join(str(part) for part in one["loc"]), one["msg"].removeprefix("Value error, "))
    return errors


def from_refusal(error: Refused, field_of_code: Mapping[str, str]) -> Errors:
    """Take over a refusal of the gateway's own."""
    return _placed(error.code, error.detail, error.errors, str, field_of_code)


def from_upstream(
    error: RefusedUpstreamError,
    *,
    rename: Callable[[str], str] = str,
    field_of_code: Mapping[str, str] = MappingProxyType({}),
) -> Errors:
    """Take over what an inner service says; `rename` gives our name for its field, `field_of_code` a code's place."""
    return _placed(error.code, error.detail, error.errors, rename, field_of_code)


def _placed(
    code: str,
    detail: str,
    found: Iterable[Mapping[str, str]],
    rename: Callable[[str], str],
    field_of_code: Mapping[str, str],
) -> Errors:
    errors = Errors()
    for one in found:
        errors.add(rename(str(one.get("field", ""))), str(one.get("message", "")))
    if not errors.fields:
        if code in field_of_code:
            errors.add(field_of_code[code], detail)
        else:
            errors.general.append(detail)
    return errors


def _sentence(message: str) -> str:
    plain = message.strip()
    for pattern, words in _PLAIN:
        plain = pattern.sub(words, plain)
    return plain[:1].upper() + plain[1:]


_COUNTED = r"^(?:String|Value) should have at {} (\d+) (?:character|item)s?(?: after validation, not \d+)?$"
_PLAIN = (
    (re.compile(r"^(Field required|(String|Value) should have at least 1 (character|item).*)$"), "Fill this in"),
    (re.compile(_COUNTED.format("least")), r"Use at least \1 characters"),
    (re.compile(_COUNTED.format("most")), r"Use at most \1 characters"),
    (re.compile(r"^String should match pattern .*$"), "Use 3 to 40 small letters, digits and hyphens"),
    (re.compile(r"^Input should be (greater|less) than or equal to (-?\d+)$"), r"Must be \1 than or equal to \2"),
    (re.compile(r"^Input should be a valid (\w+).*$"), r"Must be a valid \1"),
)
