"""Which permissions are needed or of use, and which were granted. Old apps have classic scopes, new ones granular."""

from collections.abc import Collection, Mapping

NEEDED: dict[str, frozenset[str]] = {
    "user:read:user": frozenset({"user:read:user", "user:read"}),
    "meeting:write:meeting": frozenset({"meeting:write:meeting", "meeting:write"}),
    "meeting:update:meeting": frozenset({"meeting:update:meeting", "meeting:write"}),
    "meeting:delete:meeting": frozenset({"meeting:delete:meeting", "meeting:write"}),
}
"""Each needed scope with those that grant it."""
OPTIONAL: dict[str, frozenset[str]] = {
    "meeting:read:list_meetings": frozenset({"meeting:read:list_meetings", "meeting:read"}),
    "meeting:read:meeting": frozenset({"meeting:read:meeting", "meeting:read"}),
}
"""Those that are used if they are granted."""
ESSENTIAL = ("user:read:user", "meeting:write:meeting")
"""Without these nothing works. Without the other needed ones some things do, and people are told which do not."""


def missing(granted: Collection[str]) -> list[str]:
    """Name the needed scopes that nothing granted covers."""
    return _uncovered(NEEDED, granted)


def optional_missing(granted: Collection[str]) -> list[str]:
    """Name the scopes of use that nothing granted covers."""
    return _uncovered(OPTIONAL, granted)


def essential_missing(granted: Collection[str]) -> list[str]:
    """Name the scopes without which there is no connection, and that nothing granted covers."""
    return [scope for scope in missing(granted) if scope in ESSENTIAL]


def _uncovered(wanted: Mapping[str, frozenset[str]], granted: Collection[str]) -> list[str]:
    return [scope for scope, any_of in wanted.items() if not any_of & set(granted)]
