"""The public routes that inner services answer: which service, who may call, and the few that take more than one."""

from typing import Literal, NamedTuple

PREFIX = "/api/v1"

BOOKING = "booking"
ZOOM_CONNECTOR = "zoom-connector"
NOTIFIER = "notifier"

HOST = "host"
ANYONE = "anyone"

JSON = "json"
RAW = "raw"
NOTHING = "nothing"


class Route(NamedTuple):
    """One line of the table. The path is the same outside, below `/api/v1`, and inside."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    service: str
    who: str
    composed: bool = False
    """Answered in `composed`, from more than one service; all others are forwarded as they are."""
    takes: str = JSON
    """What comes with it. A body where none is expected is refused: a field in it would be lost in silence."""
    streamed: bool = False
    """Its answer may be long, and is passed on as it comes."""


ROUTES = (
    Route("GET", "/me", BOOKING, HOST),
    Route("PATCH", "/me", BOOKING, HOST),
    Route("PUT", "/me/logo", BOOKING, HOST, takes=RAW),
    Route("DELETE", "/me/logo", BOOKING, HOST, takes=NOTHING),
    Route("POST", "/me/calendar-feed", BOOKING, HOST, takes=NOTHING),
    Route("GET", "/me/availability", BOOKING, HOST),
    Route("PUT", "/me/availability", BOOKING, HOST),
    Route("GET", "/me/session-types", BOOKING, HOST),
    Route("POST", "/me/session-types", BOOKING, HOST),
    Route("GET", "/me/session-types/<id>", BOOKING, HOST),
    Route("PATCH", "/me/session-types/<id>", BOOKING, HOST),
    Route("DELETE", "/me/session-types/<id>", BOOKING, HOST, takes=NOTHING),
    Route("GET", "/me/session-types/<id>/slots", BOOKING, HOST),
    Route("GET", "/me/session-types/<id>/why", BOOKING, HOST),
    Route("GET", "/me/bookings", BOOKING, HOST),
    Route("POST", "/me/bookings", BOOKING, HOST),
    Route("GET", "/me/bookings.csv", BOOKING, HOST, streamed=True),
    Route("GET", "/me/bookings/<id>", BOOKING, HOST, composed=True),
    Route("GET", "/me/bookings/<id>/slots", BOOKING, HOST),
    Route("POST", "/me/bookings/<id>/reschedule", BOOKING, HOST),
    Route("POST", "/me/bookings/<id>/cancel", BOOKING, HOST),
    Route("POST", "/me/bookings/<id>/retry", ZOOM_CONNECTOR, HOST, composed=True, takes=NOTHING),
    Route("POST", "/me/bookings/<id>/accept", ZOOM_CONNECTOR, HOST, composed=True, takes=NOTHING),
    # A calendar program can't send a key in a header: the feed's address is itself the capability.
    Route("GET", "/me/calendar.ics", BOOKING, ANYONE),
    Route("GET", "/hosts/<handle>", BOOKING, ANYONE),
    Route("GET", "/hosts/<handle>/logo", BOOKING, ANYONE),
    Route("GET", "/hosts/<handle>/session-types/<slug>/slots", BOOKING, ANYONE),
    Route("POST", "/hosts/<handle>/session-types/<slug>/bookings", BOOKING, ANYONE),
    Route("GET", "/bookings/<reference>", BOOKING, ANYONE),
    Route("GET", "/bookings/<reference>/slots", BOOKING, ANYONE),
    Route("POST", "/bookings/<reference>/reschedule", BOOKING, ANYONE),
    Route("POST", "/bookings/<reference>/cancel", BOOKING, ANYONE),
    Route("GET", "/bookings/<reference>/calendar.ics", BOOKING, ANYONE),
    Route("GET", "/me/connections/zoom", ZOOM_CONNECTOR, HOST),
    Route("POST", "/me/connections/zoom", ZOOM_CONNECTOR, HOST, takes=NOTHING),
    Route("DELETE", "/me/connections/zoom", ZOOM_CONNECTOR, HOST, takes=NOTHING),
    Route("POST", "/me/connections/zoom/check", ZOOM_CONNECTOR, HOST, takes=NOTHING),
    Route("GET", "/me/connections/zoom/receipts", ZOOM_CONNECTOR, HOST),
)
