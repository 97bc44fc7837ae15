"""Why the gateway itself says no."""

from typing import Any


class Refused(Exception):
    """A refusal with a stable word for machines and a sentence for people."""

    def __init__(
        self,
        code: str,
        kind: str,
        detail: str,
        *,
        errors: list[dict[str, str]] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.kind = kind
        self.detail = detail
        self.errors = errors or []
        self.extra: dict[str, Any] = {}
        self.retry_after = retry_after
