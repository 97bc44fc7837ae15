"""What single fields of requests may hold: their limits, and what becomes of them on the way in."""

import re
from datetime import UTC, date, datetime
from functools import partial
from typing import Annotated
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Discriminator, Field, Tag, WithJsonSchema

from booking.bookings import RESERVED_HANDLES
from shared.web import Line, Text

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:\d\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
END_OF_DAY = 1440


def _email(value: str, *, anywhere: bool) -> str:
    try:
        # What the mail server needs, so a domain in other scripts is kept in its ASCII form.
        found = validate_email(
            value,
            check_deliverability=False,
            allow_smtputf8=False,
            test_environment=True,
            strict=True,
            globally_deliverable=not anywhere,
        )
    except EmailNotValidError as error:
        raise ValueError("must be an e-mail address, like name@example.com") from error
    return found.ascii_email or found.normalized


def _handle(value: str) -> str:
    if value in RESERVED_HANDLES:
        raise ValueError("is reserved; please choose another one")
    return value


def _rfc_3339(value: object) -> object:
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise ValueError("must be a time with an offset, like 2026-12-01T09:00:00+01:00")
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is outside of the calendar") from error


def _date(value: object) -> object:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError("must be a date, like 2026-12-01")
    return value


def _kind_of_time(value: object) -> str:
    # Left to choose, pydantic takes midnight for a date.
    return "day" if isinstance(value, str) and _DATE.fullmatch(value) else "moment"


def _minute(value: object) -> int:
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("must be a time of day, like 09:00")
    return int(found[1]) * 60 + int(found[2]) if found[1] else END_OF_DAY


def _blank_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _findable(value: str) -> str:
    # Nothing that is stored holds a NUL, and PostgreSQL can't even be asked for one.
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}")


def is_web_address(value: str) -> bool:
    """Say whether a text is the address of a page."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r'[\s<>"\\^`{|}]', value)


_EMAIL_SCHEMA = WithJsonSchema({"type": "string", "format": "email", "maxLength": 254})
ClientEmail = Annotated[Line, Field(max_length=254), AfterValidator(partial(_email, anywhere=False)), _EMAIL_SCHEMA]
HostEmail = Annotated[Line, Field(max_length=254), AfterValidator(partial(_email, anywhere=True)), _EMAIL_SCHEMA]
"""Where mail reaches the host of an inside server may be a name without a dot."""
Name = Annotated[Line, Field(min_length=1, max_length=120)]
Handle = Annotated[
    Line,
    Field(pattern=r"^[a-z0-9-]{3,40}$"),
    AfterValidator(_handle),
    WithJsonSchema({"type": "string", "pattern": r"^[a-z0-9-]{3,40}$"}),
]
Slug = Annotated[
    Line,
    Field(pattern=r"^[a-z0-9-]{1,60}$"),
    WithJsonSchema({"type": "string", "pattern": r"^[a-z0-9-]{1,60}$"}),
]
Title = Annotated[Line, Field(min_length=1, max_length=120)]
Zone = Annotated[Line, Field(min_length=1, max_length=64)]
LongText = Annotated[Text, Field(max_length=2000)]
Detail = Annotated[Line, Field(max_length=500)]
CancelReason = Annotated[Text, Field(max_length=500)]
Color = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
QuestionKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
Flag = Annotated[bool, Field(strict=True)]
Label = Annotated[Line, Field(min_length=1, max_length=200)]
TimeOfDay = Annotated[
    int, BeforeValidator(_minute), WithJsonSchema({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$"})
]
"""Minutes since midnight, from what a wall clock shows."""
Moment = Annotated[AwareDatetime, BeforeValidator(_rfc_3339), AfterValidator(_in_utc)]
"""RFC 3339 with an offset; kept in UTC."""
Day = Annotated[date, BeforeValidator(_date)]
Found = Annotated[str, AfterValidator(_findable)]
"""Something to look for: what does not fit is simply not found."""
Words = Annotated[Found, Field(max_length=200)]
Blank = BeforeValidator(_blank_is_none)
"""What a form sends for a field that was left empty."""
After = AfterValidator
DayOrMoment = Annotated[Annotated[Day, Tag("day")] | Annotated[Moment, Tag("moment")], Discriminator(_kind_of_time)]

Duration = Annotated[int, Field(strict=True, ge=5, le=480)]
Buffer = Annotated[int, Field(strict=True, ge=0, le=1440)]
Notice = Annotated[int, Field(strict=True, ge=0, le=525_600)]
Cutoff = Annotated[int, Field(strict=True, ge=0, le=525_600)]
Reminder = Annotated[int, Field(strict=True, ge=5, le=43_200)]
Horizon = Annotated[int, Field(strict=True, ge=1, le=365)]
Step = Annotated[int, Field(strict=True, ge=5, le=1440)]
Count = Annotated[int, Field(strict=True, ge=1, le=1000)]
