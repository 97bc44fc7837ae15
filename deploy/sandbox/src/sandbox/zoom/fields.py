"""Which values Zoom takes in a meeting. Each field has one check; what fails is listed under code 300."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from sandbox.zoom.errors import ApiError, invalid

# Says what is wrong, or None.
Check = Callable[[Any], str | None]

START = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z?")
FIRST_YEAR, LAST_YEAR = 1970, 2200
LOOSE_START = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?")
ZONES = frozenset(available_timezones())


def text(limit: int) -> Check:
    """Take a string of at most so many characters."""

    def check(value: Any) -> str | None:
        if not isinstance(value, str):
            return "The value must be a string."
        if any("\ud800" <= sign <= "\udfff" for sign in value):
            return "The value must be valid Unicode."
        return f"The value must be at most {limit} characters." if len(value) > limit else None

    return check


def flag(value: Any) -> str | None:
    """Take true or false."""
    return None if isinstance(value, bool) else "The value must be a boolean."


def whole(low: int, high: int) -> Check:
    """Take a whole number between two bounds."""

    def check(value: Any) -> str | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return "The value must be an integer."
        return None if low <= value <= high else f"The value must be between {low} and {high}."

    return check


def one_of(*known: Any) -> Check:
    """Take one of these values."""

    def check(value: Any) -> str | None:
        same = [choice for choice in known if choice == value and type(choice) is type(value)]
        return None if same else f"The value must be one of {', '.join(map(str, known))}."

    return check


def zone(value: Any) -> str | None:
    """Take an IANA zone."""
    return None if isinstance(value, str) and value in ZONES else "Invalid time zone."


def passcode(value: Any) -> str | None:
    """Take a passcode: letters, digits and four signs."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9@*_-]{0,10}", value):
        return "Passcode may only contain the characters a-z A-Z 0-9 @ - _ * and must be at most 10 characters."
    return None


def people(value: Any) -> str | None:
    """Take a list of objects that each have an e-mail."""
    fine = isinstance(value, list) and all(isinstance(one, dict) and isinstance(one.get("email"), str) for one in value)
    return None if fine else "The value must be a list of objects with an email."


def custom_keys(value: Any) -> str | None:
    """Take at most ten pairs; known on update only."""
    fine = (
        isinstance(value, list)
        and len(value) <= 10  # noqa: PLR2004 - Zoom's limit
        and all(
            isinstance(pair, dict) and text(64)(pair.get("key")) is None and text(256)(pair.get("value")) is None
            for pair in value
        )
    )
    return None if fine else "The value must be at most 10 pairs of key and value."


FIELDS: Mapping[str, Check] = {
    "topic": text(200),
    "type": one_of(1, 2, 3, 8, 10),
    "timezone": zone,
    "duration": whole(1, 1440),
    "agenda": text(2000),
    "password": passcode,
    "default_password": flag,
    "pre_schedule": flag,
}

SETTINGS: Mapping[str, Check] = {
    "host_video": flag,
    "participant_video": flag,
    "join_before_host": flag,
    "jbh_time": one_of(0, 5, 10, 15),
    "mute_upon_entry": flag,
    "waiting_room": flag,
    "use_pmi": flag,
    "private_meeting": flag,
    "approval_type": one_of(0, 1, 2),
    "registration_type": one_of(1, 2, 3),
    "registrants_email_notification": flag,
    "registrants_confirmation_email": flag,
    "email_notification": flag,
    "auto_recording": one_of("local", "cloud", "none"),
    "audio": one_of("both", "telephony", "voip", "thirdParty"),
    "alternative_hosts": text(2000),
    "meeting_authentication": flag,
    "authentication_option": text(200),
    "authentication_domains": text(2000),
    "encryption_type": one_of("enhanced_encryption", "e2ee"),
    "calendar_type": one_of(1, 2),
    "push_change_to_calendar": flag,
    "show_join_info": flag,
    "contact_name": text(200),
    "contact_email": text(254),
    "meeting_invitees": people,
}

DEFAULT_SETTINGS: Mapping[str, Any] = {
    "host_video": False,
    "participant_video": False,
    "join_before_host": False,
    "jbh_time": 0,
    "mute_upon_entry": False,
    "waiting_room": True,
    "use_pmi": False,
    "private_meeting": False,
    "approval_type": 2,
    "registrants_email_notification": True,
    "registrants_confirmation_email": True,
    "email_notification": True,
    "auto_recording": "none",
    "audio": "both",
    "alternative_hosts": "",
    "meeting_authentication": False,
    "encryption_type": "enhanced_encryption",
    "show_join_info": False,
}


@dataclass(frozen=True)
class Start:
    """A start_time as it was written: `wall` is without a zone unless it ended in Z."""

    wall: datetime

    def at(self, timezone: str) -> float:
        """Give the instant; without Z it is the wall clock of the meeting's zone."""
        aware = self.wall if self.wall.tzinfo else self.wall.replace(tzinfo=ZoneInfo(timezone))
        return aware.timestamp()


def read(body: Any, *, update: bool, loose_start_ignored: bool) -> tuple[dict[str, Any], Start | None]:
    """Check a create or an update; gives the known fields and the start. Raises `ApiError` 300 or 3000.

    Fields that Zoom does not know are ignored, null counts as absent.
    """
    if not isinstance(body, dict):
        raise ApiError(400, 300, "Request Body should be a valid JSON object.")
    given = {name: value for name, value in body.items() if value is not None}
    if "schedule_for" in given:
        raise ApiError(400, 3000, "You are not allowed to schedule meetings for this user.")
    wrong = [(name, said) for name, check in FIELDS.items() if name in given and (said := check(given[name]))]
    wrong += _wrong_settings(given.get("settings"), update=update)
    wrong += _wrong_recurrence(given)
    wrong += [("tracking_fields", f"Tracking field {name} does not exist.") for name in _tracking(given)]
    start, said = _start(given.get("start_time"), loose_start_ignored=loose_start_ignored)
    if said:
        wrong.append(("start_time", said))
    if wrong:
        raise invalid(*wrong)
    return given, start


def settings(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Lay the known settings over those before. A waiting room turns off joining before the host."""
    known = {
        name: value
        for name, value in given.items()
        if (name in SETTINGS or name == "custom_keys") and value is not None
    }
    merged = dict(before) | known
    if merged.get("waiting_room"):
        merged["join_before_host"] = False
    return merged


def _wrong_settings(given: Any, *, update: bool) -> list[tuple[str, str]]:
    if given is None:
        return []
    if not isinstance(given, dict):
        return [("settings", "The value must be an object.")]
    checks = dict(SETTINGS) | ({"custom_keys": custom_keys} if update else {})
    wrong = [
        (f"settings.{name}", said)
        for name, check in checks.items()
        if given.get(name) is not None and (said := check(given[name]))
    ]
    if given.get("alternative_hosts"):
        wrong.append(("settings.alternative_hosts", "The alternative host must be a licensed user of this account."))
    if given.get("approval_type") in {0, 1}:
        wrong.append(("settings.approval_type", "Registration needs a licensed host."))
    return wrong


def _wrong_recurrence(given: Mapping[str, Any]) -> list[tuple[str, str]]:
    if "recurrence" not in given:
        return []
    if not isinstance(given["recurrence"], dict):
        return [("recurrence", "The value must be an object.")]
    if given.get("type", 2) not in {3, 8}:
        return [("recurrence", "Recurrence is for meetings of type 8 only.")]
    return []


def _tracking(given: Mapping[str, Any]) -> list[str]:
    fields = given.get("tracking_fields", [])
    if not isinstance(fields, list):
        return ["(not a list)"]
    return [str(one.get("field")) if isinstance(one, dict) else "(not an object)" for one in fields]


def _start(value: Any, *, loose_start_ignored: bool) -> tuple[Start | None, str | None]:
    """Give the start, or what is wrong with it."""
    if value is None:
        return None, None
    if isinstance(value, str) and START.fullmatch(value):
        try:
            wall = datetime.fromisoformat(value.removesuffix("Z"))
        except ValueError:
            return None, "Invalid date."
        if not FIRST_YEAR <= wall.year <= LAST_YEAR:
            return None, "Invalid date."
        return Start(wall.replace(tzinfo=UTC) if value.endswith("Z") else wall), None
    if loose_start_ignored and isinstance(value, str) and LOOSE_START.fullmatch(value):
        return None, None
    return None, "The value must be of the form yyyy-MM-ddTHH:mm:ssZ or yyyy-MM-ddTHH:mm:ss."
