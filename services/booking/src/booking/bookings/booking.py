"""A booking: what is allowed, and what it becomes. Knows no database, no HTTP and no clock of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from booking.bookings.refused import Refused
from booking.bookings.session_types import Location, Provider, Question, SessionType
from booking.bookings.words import span

Party = Literal["client", "host"]
Status = Literal["confirmed", "canceled"]
VideoState = Literal["none", "pending", "ready", "delayed", "unavailable", "failed", "removed"]
RemovedBecause = Literal["canceled", "deleted_in_zoom", "accepted"]


@dataclass(frozen=True, slots=True)
class Client:
    """Who books, without an account. `timezone` is an IANA name."""

    name: str
    email: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Booked:
    """What was booked, as it was then. `duration` is in minutes, `reminders` are minutes before the start."""

    slug: str
    title: str
    description: str
    duration: int
    reminders: tuple[int, ...] = ()


class Stretch(NamedTuple):
    """From when to when, in UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Video:
    """Where the video link is on its way. There is a link only when it is `ready`.

    `moved_to` is where the host has moved the meeting in Zoom, away from the booking's time.
    """

    provider: Provider | None
    state: VideoState
    join_url: str | None = None
    passcode: str | None = None
    moved_to: Stretch | None = None
    removed_because: RemovedBecause | None = None


@dataclass(frozen=True, slots=True)
class News:
    """What the connector says about a meeting: of which booking version, and how late in its own row of news."""

    booking_version: int
    revision: int


@dataclass(frozen=True, slots=True)
class Booking:
    """A session that a client booked with a host. Times are in UTC.

    `version` is 1 at first and rises with each reschedule and cancel, and with nothing else. `group_id` names the
    group session that it is a seat of, also after the seat was given back.
    """

    id: str
    reference: str
    host_id: str
    session_type_id: str
    version: int
    status: Status
    start: datetime
    end: datetime
    booked: Booked
    client: Client
    notes: str
    answers: Mapping[str, str]
    questions: tuple[Question, ...]
    location: Location
    video: Video
    created_at: datetime
    changed_at: datetime
    occupancy_id: str | None = None
    group_id: str | None = None
    meeting_revision: int = 0
    moved_revision: int = 0
    canceled_by: Party | None = None
    cancel_reason: str | None = None

    def rescheduled(self, start: datetime, session_type: SessionType, now: datetime) -> "Booking":
        """Give the booking at another time, as long as the session type is now; it stays where it was to be."""
        return replace(
            self,
            version=self.version + 1,
            start=start,
            end=start + timedelta(minutes=session_type.duration),
            booked=what_is_booked(session_type),
            video=first_video(self.location),
            changed_at=now,
        )

    def canceled(self, by: Party, reason: str | None, now: datetime) -> "Booking":
        """Give the booking called off. Its Zoom meeting is in doubt until the connector says that it is gone."""
        return replace(
            self,
            version=self.version + 1,
            status="canceled",
            canceled_by=by,
            cancel_reason=reason,
            occupancy_id=None,
            video=_without_meeting(self.video),
            changed_at=now,
        )

    def has_heard(self, news: News) -> bool:
        """Say whether this, or something newer about the same meeting, has been taken in already."""
        return news.revision <= self.meeting_revision

    def with_news(self, news: News, video: Video, now: datetime) -> "Booking":
        """Take in what the connector says; what it says about an older version of the booking moves no state."""
        current = self._is_about_now(news)
        # A move has no link in it, so it never stands in for the older news that has: each has a revision of its own.
        moved_to = self.video.moved_to if self.moved_revision > news.revision else None
        return replace(
            self,
            meeting_revision=news.revision,
            video=replace(video, moved_to=moved_to) if current else self.video,
            changed_at=now if current else self.changed_at,
        )

    def has_heard_move(self, news: News) -> bool:
        """Say whether this move, or something newer about the same meeting, has been taken in already."""
        return news.revision <= max(self.moved_revision, self.meeting_revision)

    def with_move(self, news: News, moved_to: Stretch, now: datetime) -> "Booking":
        """Take in that the host moved the meeting in Zoom; the link stays good, and so does the booking."""
        current = self._is_about_now(news)
        return replace(
            self,
            moved_revision=news.revision,
            video=replace(self.video, moved_to=moved_to) if current else self.video,
            changed_at=now if current else self.changed_at,
        )

    def is_in_zoom_at(self, start: datetime) -> bool:
        """Say whether the host has moved the meeting to this start in Zoom."""
        return self.video.moved_to is not None and self.video.moved_to.start == start

    def _is_about_now(self, news: News) -> bool:
        return news.booking_version >= self.version and self.video.provider == "zoom"

    def require_movable(self, now: datetime) -> None:
        """Raise `Refused` when it can't be rescheduled any more."""
        if self.status == "canceled":
            raise _stuck("This booking was canceled; please book a new time.")
        if self.start <= now:
            raise _stuck("This session has already begun or is over; please book a new time.")

    def require_cancelable(self, now: datetime) -> None:
        """Raise `Refused` when the session is over: then there is nothing left to call off."""
        if self.end <= now:
            raise Refused("not_cancelable", "conflict", "This session is over and can no longer be canceled.")

    def changeable_until(self, cutoff: int) -> datetime | None:
        """Say until when its client may move or cancel it, given the host's `cutoff` in minutes before the start."""
        return self.start - timedelta(minutes=cutoff) if self.status == "confirmed" else None

    def require_in_time(self, cutoff: int, now: datetime) -> None:
        """Raise `Refused` when it is too late for its client to move or cancel it; a host has no such limit."""
        until = self.changeable_until(cutoff)
        if until is not None and until <= now:
            ahead = f"until {span(cutoff)} before it begins" if cutoff else "until it begins"
            raise Refused("too_late", "conflict", f"This can be changed {ahead}; please write to the host.")


def what_is_booked(session_type: SessionType) -> Booked:
    """Note what a session type is now."""
    kind = session_type
    return Booked(kind.slug, kind.title, kind.description, kind.duration, kind.reminders)


def first_video(location: Location) -> Video:
    """Say where the link is when nobody has prepared anything yet: a link of the host's own is there at once."""
    if location.kind != "video":
        return Video(None, "none")
    if location.provider == "zoom":
        return Video("zoom", "pending")
    if location.provider == "custom":
        return Video("custom", "ready", location.detail)
    return Video(None, "none")


def _without_meeting(video: Video) -> Video:
    if video.state == "none":
        return video
    if video.provider == "zoom":
        return Video("zoom", "pending")
    return Video(video.provider, "removed", removed_because="canceled")


def _stuck(detail: str) -> Refused:
    return Refused("not_reschedulable", "conflict", detail)
