"""The catalogue of events, all of what the services tell each other.

Each class is one event; `type` is its routing key. Schemas only grow: new fields have defaults and
readers ignore fields that they do not know, so services of two versions can run side by side.
"""

from shared.events.accounts import AccountMailRequested
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
from shared.events.hosts import HostChanged, HostRemoved
from shared.events.mails import MailFailed, MailSent
from shared.events.meetings import (
    MeetingDelayed,
    MeetingFailed,
    MeetingMoved,
    MeetingReady,
    MeetingRemoved,
    MeetingUnavailable,
)
from shared.events.zoom import ZoomConnected, ZoomDisconnected, ZoomLinksWaiting, ZoomNeedsReconnect

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
        MeetingMoved,
        MeetingRemoved,
        ZoomConnected,
        ZoomDisconnected,
        ZoomNeedsReconnect,
        ZoomLinksWaiting,
        HostChanged,
        HostRemoved,
        MailSent,
        MailFailed,
        AccountMailRequested,
    )
}

__all__ = [
    "CATALOGUE",
    "AccountMailRequested",
    "BookingCanceled",
    "BookingCreated",
    "BookingFacts",
    "BookingRescheduled",
    "ClientFacts",
    "Event",
    "HostChanged",
    "HostFacts",
    "HostRemoved",
    "LocationFacts",
    "MailFailed",
    "MailSent",
    "MeetingDelayed",
    "MeetingFailed",
    "MeetingMoved",
    "MeetingReady",
    "MeetingRemoved",
    "MeetingUnavailable",
    "QuestionFacts",
    "SessionTypeFacts",
    "ZoomConnected",
    "ZoomDisconnected",
    "ZoomLinksWaiting",
    "ZoomNeedsReconnect",
]
