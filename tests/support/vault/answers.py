"""What a request is answered with, in Vault's own shapes."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request. `path` is what follows `/v1/`, unescaped; `token` is empty when none was sent."""

    method: str
    path: str
    token: str
    body: dict[str, Any] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)

    @property
    def capability(self) -> str:
        """What a policy has to grant for it; whether a write creates or updates is known to the mount alone."""
        return {"GET": "read", "LIST": "list", "DELETE": "delete", "PATCH": "patch"}.get(self.method, "update")


@dataclass(frozen=True)
class Said:
    """One answer."""

    status: int
    body: dict[str, Any] | None = None


class RefusedError(Exception):
    """Vault answers with an error."""

    def __init__(self, status: int, *errors: str, data: Any = None) -> None:
        super().__init__(status)
        self.said = Said(status, {"errors": list(errors)} if data is None else _envelope(data))


def done() -> Said:
    """Answer that there is nothing to say."""
    return Said(204)


def data(found: Any) -> Said:
    """Answer with data."""
    return Said(200, _envelope(found))


def auth(**given: Any) -> Said:
    """Answer with a token."""
    return Said(200, {**_envelope(None), "auth": given})


def denied() -> RefusedError:
    """Refuse for want of a policy that allows it."""
    return RefusedError(403, "1 error occurred:\n\t* permission denied\n\n")


def _envelope(found: Any) -> dict[str, Any]:
    return {
        "request_id": "0",
        "lease_id": "",
        "renewable": False,
        "lease_duration": 0,
        "data": found,
        "wrap_info": None,
        "warnings": None,
        "auth": None,
    }
