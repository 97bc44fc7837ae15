"""What the pages say about Zoom: each permission with its reason, each way that connecting can end, each receipt."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal


@dataclass(frozen=True)
class Permission:
    """What Punctual may do in Zoom, why, and what doesn't work without it."""

    scope: str
    classic: str
    may: str
    why: str
    without: str
    needed: bool = True


PERMISSIONS = (
    Permission(
        "user:read:user",
        "user:read",
        "See which Zoom account it is",
        "So that this page can name the account that your meetings are made in.",
        "we can't tell whose account it is, so it can't be connected.",
    ),
    Permission(
        "meeting:write:meeting",
        "meeting:write",
        "Make a meeting",
        "When somebody books you, the session gets a meeting of its own.",
        "there are no links.",
    ),
    Permission(
        "meeting:update:meeting",
        "meeting:write",
        "Move a meeting that it made",
        "When a booking is moved, the meeting moves with it and the link stays the same.",
        "a moved booking gets a new meeting, and your client a new link.",
    ),
    Permission(
        "meeting:delete:meeting",
        "meeting:write",
        "Delete a meeting that it made",
        "When a booking is canceled, its meeting goes.",
        "meetings of canceled bookings remain in Zoom until you delete them.",
    ),
    Permission(
        "meeting:read:list_meetings",
        "meeting:read",
        "Look which meetings are there",
        "So that a meeting is never made twice when Zoom's answer got lost.",
        "we wait for Zoom to tell us instead, and a link can come later.",
        needed=False,
    ),
    Permission(
        "meeting:read:meeting",
        "meeting:read",
        "Read a meeting that it made",
        "To notice when you moved or deleted it in Zoom.",
        "we only learn of your changes when Zoom tells us.",
        needed=False,
    ),
)

UNTOUCHED = (
    "what other meetings of yours are about",
    "recordings and transcripts",
    "contacts",
    "chat",
    "the settings of your account",
)

STATUS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "connected": ("check", "Connected", "good"),
        "disconnected": ("unplugged", "Not connected", ""),
        "needs_reconnect": ("alert", "Needs to be connected again", "warn"),
    }
)
CAUSE = MappingProxyType({"disconnected": "You disconnected Zoom", "deauthorized": "Punctual was removed in Zoom"})
COMPLIANCE = MappingProxyType(
    {
        "posted": "the erasing was confirmed to Zoom",
        "pending": "the erasing is being confirmed to Zoom",
        "not_required": "Zoom asked for no confirmation",
        "failed": "Zoom did not take the confirmation",
    }
)


@dataclass(frozen=True)
class Outcome:
    """How a try to connect Zoom ended, and the one thing to do next: try again, or look at the connection."""

    title: str
    text: str
    button: str = "Connect Zoom"
    then: Literal["connect", "look"] = "connect"
    tone: Literal["good", "warn", "bad"] = "warn"


REFUSED: Mapping[str, Outcome] = MappingProxyType(
    {
        "consent_denied": Outcome(
            "You did not allow it in Zoom",
            "Nothing was connected. Punctual can only make meetings for you once you allow it in Zoom.",
            "Try again",
        ),
        "scopes_missing": Outcome(
            "Zoom gave fewer permissions than needed",
            "Without them meetings can't be made for you. Connect again and leave all permissions ticked.",
            "Connect again",
        ),
        "state_expired": Outcome(
            "That took longer than ten minutes",
            "For your safety a connection that was begun is only good for ten minutes. Nothing was connected.",
            "Start again",
        ),
        "state_used": Outcome(
            "This step was taken already",
            "The page was opened a second time, for example by reloading, and Zoom is not connected now.",
            "Start again",
        ),
        "state_unknown": Outcome(
            "We don't know this connection",
            "It was not begun here, or it was begun too long ago. Nothing was connected.",
            "Start again",
        ),
        "state_of_another_host": Outcome(
            "This connection was begun by somebody else",
            "Zoom is only connected for the host who asked for it. You are signed in as another one.",
            "Connect your own Zoom",
        ),
        "code_rejected": Outcome(
            "Zoom did not accept the connection",
            "Its confirmation had expired or was used before. Nothing was connected.",
            "Start again",
        ),
        "zoom_unreachable": Outcome(
            "Zoom does not answer right now",
            "Nothing was connected. Bookings go on as usual; try again in a few minutes.",
            "Try again",
        ),
        "token_store_unavailable": Outcome(
            "The connection could not be kept",
            "The safe place for Zoom's tokens does not answer. Nothing was connected; try again in a few minutes.",
            "Try again",
        ),
        "connection_changed": Outcome(
            "The connection was changed in the meantime",
            "Somebody connected or disconnected Zoom for you at the same moment, perhaps in a second tab.",
            "See your connections",
            "look",
        ),
    }
)
FAILED = Outcome("Zoom was not connected", "Something went wrong on the way back from Zoom.", "Try again")
TOO_MANY_ROUNDS = Outcome(
    "Zoom sends you back again and again",
    "Several tries within a minute did not come to an end, so we stopped. Nothing was connected. Wait a minute.",
    "Try again",
)


def completed_before(email: str | None) -> Outcome:
    """Say that a doubled or reloaded callback changed nothing."""
    account = f" as {email}" if email else ""
    return Outcome(
        f"Zoom is connected{account}",
        "This step was taken already, for example because the page was loaded again. There is nothing left to do.",
        "See your connections",
        "look",
        "good",
    )


def connected(connection: Mapping[str, Any], before: str | None) -> str:
    """Confirm a connection by the account's name."""
    email = connection.get("account_email")
    account = f" as {email}" if email else ""
    if before and email and before != email:
        return f"Zoom is connected{account}, in place of {before}. New meetings are made in the new account."
    together = " Another host here uses the same account; both connections work." if connection.get("shared") else ""
    return f"Zoom is connected{account}.{together}"


def granted(permission: Permission, scopes: list[str]) -> bool:
    """Tell whether Zoom gave a permission, under its new or its old name."""
    return permission.scope in scopes or permission.classic in scopes
