"""Which permissions are needed, and whether they were granted. Old apps have classic scopes, new ones granular."""

from collections.abc import Collection

NEEDED: dict[str, frozenset[str]] = {
    "user:read:user": frozenset({"user:read:user", "user:read"}),
    "meeting:write:meeting": frozenset({"meeting:write:meeting", "meeting:write"}),
    "meeting:update:meeting": frozenset({"meeting:update:meeting", "meeting:write"}),
    "meeting:delete:meeting": frozenset({"meeting:delete:meeting", "meeting:write"}),
}
"""Each needed scope with those that grant it."""


def missing(granted: Collection[str]) -> list[str]:
    """Name the needed scopes that nothing granted covers."""
    return [scope for scope, any_of in NEEDED.items() if not any_of & set(granted)]
