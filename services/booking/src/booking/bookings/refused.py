"""Why the booking service says no: a stable word for machines, a sentence for people."""

from collections.abc import Mapping, Sequence
from typing import Any


class Refused(Exception):
    """A refusal. `kind` is what HTTP makes a status of; `extra` are further members of the answer."""

    def __init__(
        self,
        code: str,
        kind: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.kind = kind
        self.detail = detail
        self.errors = [dict(error) for error in errors]
        self.extra = dict(extra or {})


def unfit(field: str, message: str, *, code: str = "validation_failed") -> Refused:
    """Refuse one field of what was sent; the message goes on after the field's name."""
    errors = [{"field": field, "message": message}]
    return Refused(code, "invalid", f"{field} {message}.", errors=errors)


def missing(what: str) -> Refused:
    """Refuse to know something that isn't there, or that belongs to another host."""
    return Refused(f"no_such_{what}", "not_found", f"There is no such {what.replace('_', ' ')}.")
