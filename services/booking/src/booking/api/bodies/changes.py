"""What changes have in common: what is not sent stays as it is."""

from typing import Any

from pydantic import Field

from shared.web import Body


def unsent() -> Any:
    """Mark a field of a change that may be left out, and that can't be null when it is sent."""
    return Field(default=None, json_schema_extra=_without_default)


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


class Changes(Body):
    """Changes of some fields; what is not sent stays as it is."""

    def given(self) -> dict[str, Any]:
        """Give what was sent."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}
