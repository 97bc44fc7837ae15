"""The calls that this Zoom knows, each with the scope that it needs and the rate class that it belongs to."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Operation:
    """One documented call."""

    name: str
    method: str
    path: str
    granular: str | None = None
    classic: str | None = None
    category: str = "Light"

    @property
    def text(self) -> str:
        """The call as it is written in documents."""
        return f"{self.method} {self.path}"

    @property
    def changes_meetings(self) -> bool:
        """Whether it counts towards a host's 100 creates and updates a day."""
        return self.name in {"create_meeting", "update_meeting"}


OPERATIONS = (
    Operation("authorize", "GET", "/oauth/authorize"),
    Operation("decide", "POST", "/oauth/authorize"),
    Operation("token", "POST", "/oauth/token"),
    Operation("revoke", "POST", "/oauth/revoke"),
    Operation("compliance", "POST", "/oauth/data/compliance"),
    Operation("read_user", "GET", "/v2/users/me", "user:read:user", "user:read"),
    Operation("create_meeting", "POST", "/v2/users/me/meetings", "meeting:write:meeting", "meeting:write"),
    Operation("list_meetings", "GET", "/v2/users/me/meetings", "meeting:read:list_meetings", "meeting:read", "Medium"),
    Operation("read_meeting", "GET", "/v2/meetings/{id}", "meeting:read:meeting", "meeting:read"),
    Operation("update_meeting", "PATCH", "/v2/meetings/{id}", "meeting:update:meeting", "meeting:write"),
    Operation("delete_meeting", "DELETE", "/v2/meetings/{id}", "meeting:delete:meeting", "meeting:write"),
)
REST = tuple(operation.name for operation in OPERATIONS if operation.path.startswith("/v2/"))

# What the consent page says for each permission, in words.
PERMISSIONS = {
    "user:read:user": "View your name, e-mail address and time zone",
    "meeting:write:meeting": "Create meetings for you",
    "meeting:update:meeting": "Change your meetings",
    "meeting:delete:meeting": "Delete your meetings",
    "meeting:read:list_meetings": "View the list of your meetings",
    "meeting:read:meeting": "View one of your meetings",
}
DEFAULT_SCOPES = tuple(PERMISSIONS)


def _segments(path: str) -> str:
    return re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path))


def find(method: str, path: str) -> Operation | None:
    """Find the documented call behind a request, if there is one."""
    method = "GET" if method == "HEAD" else method
    template = re.sub(r"^(/v2/users)/[^/]+", r"\1/me", path)
    for operation in OPERATIONS:
        if operation.method == method and re.fullmatch(_segments(operation.path), template):
            return operation
    return None


def pattern(on: str) -> re.Pattern[str]:
    """Compile what a fault is set on: `POST /v2/meetings/{id}`, `/oauth/token`, `* /v2/*`."""
    method, _, path = on.strip().rpartition(" ")
    wanted = r"\S+" if method in {"", "*"} else re.escape(method.upper())
    return re.compile(f"{wanted} {_segments(path).replace(re.escape('*'), '.*')}")


def names_a_call(on: str) -> bool:
    """Whether a pattern can ever match a call of this Zoom."""
    wanted = pattern(on)
    written = " ".join(on.strip().split())
    return any(
        wanted.fullmatch(operation.text)
        or (
            re.fullmatch(rf"(\S+ )?{_segments(operation.path)}", written)
            and wanted.fullmatch(f"{operation.method} {written.rpartition(' ')[2]}")
        )
        for operation in OPERATIONS
    )
