"""The catalogue of events, all of what the services tell each other.

Each class is one event; `type` is its routing key. Schemas only grow: new fields have defaults and
readers ignore fields that they do not know, so services of two versions can run side by side.
"""

from shared.events.base import Event
from shared.events.bookings import (
    BookingCanceled,
    BookingCreated,
    BookingFacts,
    BookingRescheduled,
    ClientFacts,
    HostFacts,
    LocationFacts,
    QuestionFacts,
    SessionTypeFacts,
)
from shared.events.mails import MailFailed, MailSent
from shared.events.meetings import MeetingDelayed, MeetingFailed, MeetingReady, MeetingRemoved, MeetingUnavailable
from shared.events.zoom import ZoomConnected, ZoomDisconnected, ZoomNeedsReconnect

CATALOGUE: dict[str, type[Event]] = {
    event.type: event
    for event in (
        BookingCreated,
        BookingRescheduled,
        BookingCanceled,
        MeetingReady,
        MeetingDelayed,
        MeetingUnavailable,
        MeetingFailed,
        MeetingRemoved,
        ZoomConnected,
        ZoomDisconnected,
        ZoomNeedsReconnect,
        MailSent,
        MailFailed,
    )
}

__all__ = [
    "CATALOGUE",
    "BookingCanceled",
    "BookingCreated",
    "BookingFacts",
    "BookingRescheduled",
    "ClientFacts",
    "Event",
    "HostFacts",
    "LocationFacts",
    "MailFailed",
    "MailSent",
    "MeetingDelayed",
    "MeetingFailed",
    "MeetingReady",
    "MeetingRemoved",
    "MeetingUnavailable",
    "QuestionFacts",
    "SessionTypeFacts",
    "ZoomConnected",
    "ZoomDisconnected",
    "ZoomNeedsReconnect",
]
