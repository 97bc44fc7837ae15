"""The addresses of hosts: profile, working hours, session types, and what everybody may see."""

from flask import Response
from flask_openapi3 import APIBlueprint

from booking.api import views
from booking.api.answers import parts, shown
from booking.api.bodies import AvailabilityBody, HostChanges, SessionTypeBody, SessionTypeChanges, SignUpBody
from booking.api.queries import HandlePath, IdPath, OfferPath, PageQuery, Place, SlotsQuery, cursor
from booking.api.shapes import (
    AvailabilityView,
    HostView,
    PublicHostView,
    SessionTypesView,
    SessionTypeView,
    SlotsView,
)
from booking.handlers import hosts, offers
from booking.handlers.offers import Question
from shared.web import require_host

routes = APIBlueprint("hosts", __name__)


@routes.put("/hosts/<id>", responses={200: HostView, 201: HostView})
def welcome(path: IdPath, body: SignUpBody) -> Response:
    """Make a host; the same id again gives the host as it is."""
    host, new = hosts.welcome(parts().desk, path.id, body.profile())
    return shown(parts().views.host(host), 201 if new else 200)


@routes.get("/me", responses={200: HostView})
def me() -> Response:
    """Give the profile."""
    return shown(parts().views.host(hosts.host(parts().desk, require_host())))


@routes.patch("/me", responses={200: HostView})
def change_me(body: HostChanges) -> Response:
    """Change the profile."""
    return shown(parts().views.host(hosts.change_host(parts().desk, require_host(), body.given())))


@routes.get("/me/availability", responses={200: AvailabilityView})
def working_hours() -> Response:
    """Give the working hours."""
    return shown(views.availability(*hosts.working_hours(parts().desk, require_host())))


@routes.put("/me/availability", responses={200: AvailabilityView})
def set_working_hours(body: AvailabilityBody) -> Response:
    """Replace the working hours."""
    found = hosts.set_working_hours(parts().desk, require_host(), body.hours(), body.timezone)
    return shown(views.availability(*found))


@routes.get("/me/session-types", responses={200: SessionTypesView})
def session_types(query: PageQuery) -> Response:
    """List the session types, oldest first."""
    found = hosts.session_types(parts().desk, require_host(), after=query.after(), limit=query.limit + 1)
    following = cursor([Place(one.created_at, one.id) for one in found], query.limit)
    items = [views.session_type(one) for one in found[: query.limit]]
    return shown(SessionTypesView(items=items, next_cursor=following))


@routes.post("/me/session-types", responses={201: SessionTypeView})
def add_session_type(body: SessionTypeBody) -> Response:
    """Offer a new session type."""
    return shown(views.session_type(hosts.add_session_type(parts().desk, require_host(), body.values())), 201)


@routes.get("/me/session-types/<id>", responses={200: SessionTypeView})
def session_type(path: IdPath) -> Response:
    """Give a session type."""
    return shown(views.session_type(hosts.session_type(parts().desk, require_host(), path.id)))


@routes.patch("/me/session-types/<id>", responses={200: SessionTypeView})
def change_session_type(path: IdPath, body: SessionTypeChanges) -> Response:
    """Change what is offered from now on."""
    found = hosts.change_session_type(parts().desk, require_host(), path.id, body.values())
    return shown(views.session_type(found))


@routes.delete("/me/session-types/<id>", responses={204: None})
def withdraw_session_type(path: IdPath) -> Response:
    """Take a session type back; its bookings stay."""
    hosts.withdraw_session_type(parts().desk, require_host(), path.id)
    return Response(status=204)


@routes.get("/hosts/<handle>", responses={200: PublicHostView})
def public_page(path: HandlePath) -> Response:
    """Give what everybody may see of a host."""
    return shown(views.public_host(*hosts.public_page(parts().desk, path.handle)))


@routes.get("/hosts/<handle>/session-types/<slug>/slots", responses={200: SlotsView})
def slots(path: OfferPath, query: SlotsQuery) -> Response:
    """List the free times on some dates, at most 92."""
    question = Question(query.first, query.last, query.timezone)
    return shown(views.slots(*offers.free_slots(parts().desk, path.handle, path.slug, question)))
