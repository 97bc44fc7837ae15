"""How this Zoom says no: REST errors, token errors, and the error page of the consent."""

from typing import Any


class ApiError(Exception):
    """A REST refusal: HTTP status, Zoom's code and message, and the fields for code 300."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        errors: list[dict[str, str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"code": code, "message": message}
        if errors is not None:
            self.body["errors"] = errors


class TokenError(Exception):
    """A refusal of `/oauth/token` or `/oauth/revoke`: one short word and a reason."""

    def __init__(self, error: str, reason: str) -> None:
        super().__init__(reason)
        self.error = error
        self.reason = reason


class ConsentError(Exception):
    """An authorize request that Zoom answers with an error page; never sent back to the app."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def invalid(*errors: tuple[str, str]) -> ApiError:
    """Refuse fields, as Zoom's validation does."""
    listed = [{"field": field, "message": message} for field, message in errors]
    return ApiError(400, 300, "Validation Failed.", listed)
