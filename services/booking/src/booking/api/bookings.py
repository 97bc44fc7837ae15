"""The addresses of bookings: for clients, who hold a reference, and for their hosts."""

from flask import Response
from flask_openapi3 import APIBlueprint

from booking import calendar
from booking.api import answers, export, views
from booking.api.answers import parts, shown, written
from booking.api.bodies import CancelBody, HostRescheduleBody, HostWishBody, RescheduleBody, WishBody
from booking.api.queries import (
    BookingsQuery,
    FeedQuery,
    FiltersQuery,
    IdPath,
    OfferPath,
    Place,
    ReferencePath,
    RepeatHeader,
    SlotsQuery,
    cursor,
)
from booking.api.shapes import BookingsView, BookingView, BookingWithTimelineView, SlotsView
from booking.handlers import booking, offers, reading
from booking.handlers.desk import Record, by_reference, of_host
from booking.handlers.offers import Question
from shared.web import require_host

routes = APIBlueprint("bookings", __name__)


@routes.post("/hosts/<handle>/session-types/<slug>/bookings", responses={200: BookingView, 201: BookingView})
def book(path: OfferPath, header: RepeatHeader, body: WishBody) -> Response:
    """Book a free time; under the same idempotency key only once."""
    record, new = booking.book(parts().desk, path.handle, path.slug, body.wish(), key=header.key)
    return shown(parts().views.booking(record, "client"), 201 if new else 200)


@routes.get("/bookings/<reference>", responses={200: BookingView})
def booking_of_client(path: ReferencePath) -> Response:
    """Give a booking to whoever holds its reference."""
    return shown(parts().views.booking(reading.booking(parts().desk, by_reference(path.reference)), "client"))


@routes.get("/bookings/<reference>/slots", responses={200: SlotsView})
def slots_for_client(path: ReferencePath, query: SlotsQuery) -> Response:
    """List where a booking could be moved to."""
    question, find = Question(query.first, query.last, query.timezone), by_reference(path.reference)
    return written(views.slots(*offers.free_slots_for(parts().desk, find, question, by="client")))


@routes.post("/bookings/<reference>/reschedule", responses={200: BookingView})
def reschedule_by_client(path: ReferencePath, body: RescheduleBody) -> Response:
    """Move a booking to another free time."""
    moved = booking.reschedule(parts().desk, by_reference(path.reference), body.start, by="client")
    return shown(parts().views.booking(moved, "client"))


@routes.post("/bookings/<reference>/cancel", responses={200: BookingView})
def cancel_by_client(path: ReferencePath, body: CancelBody) -> Response:
    """Call a booking off."""
    canceled = booking.cancel(parts().desk, by_reference(path.reference), body.reason, by="client")
    return shown(parts().views.booking(canceled, "client"))


@routes.get("/bookings/<reference>/calendar.ics", responses=answers.CALENDAR_RESPONSES)
def download(path: ReferencePath) -> Response:
    """Give a booking for the client's own calendar."""
    record = reading.booking(parts().desk, by_reference(path.reference))
    return answers.calendar(calendar.download(*record, parts().views.page(record)), download=True)


@routes.get("/me/bookings", responses={200: BookingsView})
def bookings(query: BookingsQuery) -> Response:
    """List the bookings by their start."""
    desk, after = parts().desk, query.after()
    found = reading.bookings(desk, require_host(), query.filters, after=after, limit=query.limit + 1)
    following = cursor([Place(one.start, one.id) for one in found.bookings], query.limit)
    shown_ones = [Record(one, found.host) for one in found.bookings[: query.limit]]
    items = [parts().views.booking(record, "host") for record in shown_ones]
    return shown(BookingsView(items=items, next_cursor=following))


@routes.post("/me/bookings", responses={200: BookingView, 201: BookingView})
def book_for_client(header: RepeatHeader, body: HostWishBody) -> Response:
    """Book for a client; at any time if need be, and under the same idempotency key only once."""
    host_id, type_id = require_host(), body.session_type_id
    record, new = booking.book_for_client(parts().desk, host_id, type_id, body.wish(), key=header.key)
    return shown(parts().views.booking(record, "host"), 201 if new else 200)


@routes.get("/me/bookings.csv", responses=answers.CSV_RESPONSES)
def bookings_as_csv(query: FiltersQuery) -> Response:
    """Give all bookings of a list as CSV."""
    found = reading.all_bookings(parts().desk, require_host(), query.filters)
    return answers.table(export.rows(*found), "bookings.csv")


@routes.get("/me/bookings/<id>", responses={200: BookingWithTimelineView})
def booking_of_host(path: IdPath) -> Response:
    """Give a booking with all that has happened."""
    found = reading.booking_with_timeline(parts().desk, of_host(require_host(), path.id))
    return shown(parts().views.booking_with_timeline(*found))


@routes.get("/me/bookings/<id>/slots", responses={200: SlotsView})
def slots_for_host(path: IdPath, query: SlotsQuery) -> Response:
    """List where a booking could be moved to."""
    question, find = Question(query.first, query.last, query.timezone), of_host(require_host(), path.id)
    return written(views.slots(*offers.free_slots_for(parts().desk, find, question, by="host")))


@routes.post("/me/bookings/<id>/reschedule", responses={200: BookingView})
def reschedule_by_host(path: IdPath, body: HostRescheduleBody) -> Response:
    """Move a booking to another time."""
    find = of_host(require_host(), path.id)
    moved = booking.reschedule(parts().desk, find, body.start, by="host", any_time=body.any_time)
    return shown(parts().views.booking(moved, "host"))


@routes.post("/me/bookings/<id>/cancel", responses={200: BookingView})
def cancel_by_host(path: IdPath, body: CancelBody) -> Response:
    """Call a booking off."""
    canceled = booking.cancel(parts().desk, of_host(require_host(), path.id), body.reason, by="host")
    return shown(parts().views.booking(canceled, "host"))


@routes.get("/me/calendar.ics", responses=answers.CALENDAR_RESPONSES)
def feed(query: FeedQuery) -> Response:
    """Give the host's calendar program what is booked; the key is the capability."""
    found = reading.feed(parts().desk, query.key)
    entries = [(one, parts().views.host_page(Record(one, found.host))) for one in found.bookings]
    return answers.calendar(calendar.feed(entries, found.host), download=False)
