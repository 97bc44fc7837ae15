"""What people may ask for in an address: paths, queries and headers, and the cursors of lists."""

import base64
import binascii
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from booking.api import fields
from booking.bookings import Refused, VideoState
from booking.storage import Filters

DEFAULT_LIMIT = 50
MOST = 200
FIRST_YEAR, LAST_YEAR = date(1970, 1, 1), date(2200, 1, 1)
LONGEST_CURSOR = 200


class Place(NamedTuple):
    """A place in a list that is ordered by a moment and an id."""

    moment: datetime
    id: str


class Asked(BaseModel):
    """A query or a header. The web library asks for its schema at every request, so it is made once."""

    @classmethod
    def model_json_schema(cls, *arguments: Any, **options: Any) -> dict[str, Any]:
        """Give the schema that requests are read by, or any other that is asked for."""
        return super().model_json_schema(*arguments, **options) if arguments or options else _schema(cls)


@cache
def _schema(model: type[Asked]) -> dict[str, Any]:
    return super(Asked, model).model_json_schema()


class IdPath(BaseModel):
    """The id of something that the host has."""

    id: fields.Found


class HandlePath(BaseModel):
    """The name in the address of a host's public page."""

    handle: fields.Found


class OfferPath(HandlePath):
    """A session type of a host, by the names in the addresses of the pages."""

    slug: fields.Found


class ReferencePath(BaseModel):
    """The reference that opens a booking."""

    reference: fields.Found


class SlotsQuery(Asked):
    """Which dates are asked about, both included, and on whose clock; without a zone it is the host's."""

    first: fields.Day = Field(alias="from")
    last: fields.Day = Field(alias="to")
    timezone: Annotated[fields.Zone | None, fields.Blank] = None


class PageQuery(Asked):
    """Which part of a list."""

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MOST)
    cursor: Annotated[str | None, fields.Blank] = None

    def after(self) -> Place | None:
        """Give the place behind which the page begins. Raises `Refused`."""
        return None if self.cursor is None else _place(self.cursor)


class FiltersQuery(Asked):
    """Which bookings: by their start (`from` and `to` are dates of the host, both included, or moments)."""

    since: Annotated[fields.DayOrMoment | None, fields.Blank] = Field(default=None, alias="from")
    until: Annotated[fields.DayOrMoment | None, fields.Blank] = Field(default=None, alias="to")
    status: Annotated[Literal["confirmed", "canceled"] | None, fields.Blank] = None
    q: Annotated[fields.Words | None, fields.Blank] = None
    session_type: Annotated[fields.Found | None, fields.Blank] = None
    video_state: Annotated[VideoState | None, fields.Blank] = None
    order: Annotated[Literal["asc", "desc"] | None, fields.Blank] = Field(
        default=None, description="By the start; the earliest first unless it is desc."
    )

    def filters(self, zone: ZoneInfo) -> Filters:
        """Give the filters, with dates read on the host's clock."""
        until = self.until
        if isinstance(until, date) and not isinstance(until, datetime):
            until = min(until, LAST_YEAR) + timedelta(days=1)
        return Filters(
            _moment(self.since, zone),
            _moment(until, zone),
            self.status,
            self.q,
            self.session_type,
            self.video_state,
            self.order == "desc",
        )


class BookingsQuery(FiltersQuery, PageQuery):
    """Which bookings, and which part of their list."""


class StartQuery(Asked):
    """Which time is asked about."""

    start: fields.Moment


class LogoQuery(Asked):
    """Which content of a logo: only there so that a changed one has another address."""

    v: fields.Found | None = None


class FeedQuery(Asked):
    """The key in the address of a calendar feed."""

    key: fields.Found = ""


class RepeatHeader(Asked):
    """What makes a repeated request safe."""

    key: Annotated[str | None, Field(max_length=255), fields.Blank] = Field(default=None, alias="Idempotency-Key")


def cursor(page: list[Place], limit: int) -> str | None:
    """Name the place behind a page of `limit` entries, when the list had one more."""
    if len(page) <= limit:
        return None
    last = page[limit - 1]
    return base64.urlsafe_b64encode(f"{last.moment.isoformat()}/{last.id}".encode()).decode().rstrip("=")


def _place(text: str) -> Place:
    try:
        raw = base64.b64decode(text[:LONGEST_CURSOR] + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        moment, _, found = raw.decode("ascii").partition("/")
        place = Place(datetime.fromisoformat(moment).astimezone(UTC), found)
    except (ValueError, OverflowError, binascii.Error) as error:
        raise _bad_cursor() from error
    if datetime.fromisoformat(moment).tzinfo is None or not found.isalnum():
        raise _bad_cursor()
    return place


def _bad_cursor() -> Refused:
    errors = [{"field": "cursor", "message": "is not a cursor of this list"}]
    return Refused("bad_cursor", "invalid", "The cursor is not one of this list.", errors=errors)


def _moment(given: date | datetime | None, zone: ZoneInfo) -> datetime | None:
    if given is None or isinstance(given, datetime):
        return given
    return datetime.combine(min(max(given, FIRST_YEAR), LAST_YEAR), time(), zone)
