"""Puts the plain data of the rules into the shapes of the contract, each time on the right clock."""

import json
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from booking.api.shapes import (
    AvailabilityView,
    BookedView,
    BookingHostView,
    BookingView,
    BookingWithTimelineView,
    ClientView,
    FeedView,
    HostView,
    HoursView,
    IntervalView,
    LineView,
    LinksView,
    LocationView,
    OfferView,
    OverrideView,
    PublicHostView,
    QuestionView,
    SessionTypeView,
    StretchView,
    VacationView,
    VideoView,
    WeeklyView,
)
from booking.bookings import Host, Location, Party, SessionType, Video, WorkingHours
from booking.handlers.desk import Record, clock_of
from booking.slots import Slot, WallClock
from booking.storage import Line
from shared.clock import Clock

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Views:
    """Makes what callers see; `public_url` is where they reach us, the clock says what can still be changed."""

    def __init__(self, public_url: str, clock: Clock) -> None:
        self._public_url = public_url
        self._clock = clock

    def host(self, found: Host) -> HostView:
        """Show a host to the host."""
        return HostView(
            id=found.id,
            name=found.name,
            email=found.email,
            handle=found.handle,
            timezone=found.timezone,
            default_video_provider=found.default_video_provider,
            welcome_text=found.welcome_text,
            color=found.color,
            calendar_feed=self.feed(found).calendar_feed,
            change_cutoff=found.change_cutoff,
            logo=_logo(found),
        )

    def feed(self, found: Host) -> FeedView:
        """Show a host the address of the calendar feed."""
        return FeedView(calendar_feed=f"{self._public_url}/api/v1/me/calendar.ics?key={found.feed_key}")

    def booking(self, record: Record, reader: Party) -> BookingView:
        """Show a booking with its times on the clock of its reader."""
        found, host = record
        clock = clock_of(record, reader)
        until = found.changeable_until(host.change_cutoff)
        return BookingView(
            id=found.id,
            reference=found.reference,
            status=found.status,
            start=_at(found.start, clock),
            end=_at(found.end, clock),
            version=found.version,
            session_type=BookedView.model_validate(found.booked),
            host=BookingHostView.model_validate(host),
            client=ClientView.model_validate(found.client),
            notes=found.notes,
            answers=dict(found.answers),
            questions=[QuestionView.model_validate(question) for question in found.questions],
            location=_without_link(found.location),
            video=_video(found.video, clock),
            canceled_by=found.canceled_by,
            cancel_reason=found.cancel_reason,
            changeable=until is not None and self._clock() < until,
            changeable_until=None if until is None else _at(until, clock),
            created_at=_at(found.created_at, clock),
            links=LinksView(page=self.page(record), calendar=f"{self._api(record)}/calendar.ics"),
        )

    def booking_with_timeline(self, record: Record, lines: Sequence[Line]) -> BookingWithTimelineView:
        """Show a booking and what has happened with it to its host."""
        clock = clock_of(record, "host")
        shown = [
            LineView(
                at=_at(line.at, clock),
                type=line.type,
                text=line.text,
                detail=dict(line.detail) if line.detail else None,
            )
            for line in lines
        ]
        return BookingWithTimelineView(**dict(self.booking(record, "host")), timeline=shown)

    def page(self, record: Record) -> str:
        """Give the address of a booking's page for its client."""
        return f"{self._public_url}/bookings/{record.booking.reference}"

    def host_page(self, record: Record) -> str:
        """Give the address of a booking's page for its host."""
        return f"{self._public_url}/dashboard/bookings/{record.booking.id}"

    def _api(self, record: Record) -> str:
        return f"{self._public_url}/api/v1/bookings/{record.booking.reference}"


def availability(found: Host, hours: WorkingHours) -> AvailabilityView:
    """Show when a host works."""
    shown = _hours(hours)
    return AvailabilityView(
        timezone=found.timezone,
        weekly=shown.weekly,
        overrides=shown.overrides,
        vacations=[VacationView(first=away.first.isoformat(), last=away.last.isoformat()) for away in hours.vacations],
    )


def _hours(hours: WorkingHours) -> HoursView:
    weekly = [
        WeeklyView(weekday=WEEKDAYS[weekday], start=_clock(interval.start), end=_clock(interval.end))
        for weekday, intervals in sorted(hours.weekly.items())
        for interval in intervals
    ]
    overrides = [
        OverrideView(
            date=day.isoformat(), intervals=[IntervalView(start=_clock(i.start), end=_clock(i.end)) for i in intervals]
        )
        for day, intervals in sorted(hours.overrides.items())
    ]
    return HoursView(weekly=weekly, overrides=overrides)


def session_type(found: SessionType) -> SessionTypeView:
    """Show a session type to its host."""
    own = None if found.availability is None else _hours(found.availability)
    shown = {name: getattr(found, name) for name in SessionTypeView.model_fields}
    return SessionTypeView.model_validate({**shown, "slot_step": found.terms.slot_step, "availability": own})


def public_host(found: Host, offered: Sequence[SessionType]) -> PublicHostView:
    """Show a host and what can be booked to everybody."""
    return PublicHostView(
        name=found.name,
        handle=found.handle,
        welcome_text=found.welcome_text,
        color=found.color,
        logo=_logo(found),
        timezone=found.timezone,
        session_types=[
            OfferView.model_validate(one).model_copy(update={"location": _without_link(one.location)})
            for one in offered
        ],
    )


def slots(clock: ZoneInfo, found: Sequence[Slot]) -> bytes:
    """Write free times on the asked clock, as `SlotsView`; a model for each of a thousand would take longest of all."""
    shown = []
    if found:
        wall = WallClock(clock, found[0].begins, found[-1].ends + 1)
        starts = wall.written([slot.begins for slot in found])
        ends = wall.written([slot.ends for slot in found])
        shown = [
            {"start": start, "end": end, "seats_left": slot.seats_left}
            for start, end, slot in zip(starts, ends, found, strict=True)
        ]
    return json.dumps({"timezone": clock.key, "slots": shown}, separators=(",", ":")).encode()


def _logo(found: Host) -> str | None:
    return None if found.logo is None else f"/api/v1/hosts/{found.handle}/logo?v={found.logo}"


def _video(found: Video, clock: ZoneInfo) -> VideoView:
    moved_to = found.moved_to
    return VideoView(
        provider=found.provider,
        state=found.state,
        join_url=found.join_url,
        passcode=found.passcode,
        moved_to=StretchView(start=_at(moved_to.start, clock), end=_at(moved_to.end, clock)) if moved_to else None,
        removed_because=found.removed_because,
    )


def _without_link(location: Location) -> LocationView:
    """Show where it is; the link of a video session is only ever shown as the link of a booking."""
    shown = LocationView.model_validate(location)
    return shown.model_copy(update={"detail": None}) if location.kind == "video" else shown


def _at(moment: datetime, clock: ZoneInfo) -> str:
    return moment.astimezone(clock).isoformat()


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
