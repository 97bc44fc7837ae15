"""The addresses of session types: for their hosts, and their free times for everybody."""

from flask import Response
from flask_openapi3 import APIBlueprint

from booking.api import views
from booking.api.answers import parts, shown, written
from booking.api.bodies import SessionTypeBody, SessionTypeChanges
from booking.api.queries import IdPath, OfferPath, PageQuery, Place, SlotsQuery, StartQuery, cursor
from booking.api.shapes import SessionTypesView, SessionTypeView, SlotsView, WhyView
from booking.handlers import offers, session_types, why
from booking.handlers.offers import Question
from shared.web import require_host

routes = APIBlueprint("session_types", __name__)


@routes.get("/me/session-types", responses={200: SessionTypesView})
def all_session_types(query: PageQuery) -> Response:
    """List the session types, oldest first."""
    found = session_types.session_types(parts().desk, require_host(), after=query.after(), limit=query.limit + 1)
    following = cursor([Place(one.created_at, one.id) for one in found], query.limit)
    items = [views.session_type(one) for one in found[: query.limit]]
    return shown(SessionTypesView(items=items, next_cursor=following))


@routes.post("/me/session-types", responses={201: SessionTypeView})
def add_session_type(body: SessionTypeBody) -> Response:
    """Offer a new session type."""
    return shown(views.session_type(session_types.add_session_type(parts().desk, require_host(), body.values())), 201)


@routes.get("/me/session-types/<id>", responses={200: SessionTypeView})
def session_type(path: IdPath) -> Response:
    """Give a session type."""
    return shown(views.session_type(session_types.session_type(parts().desk, require_host(), path.id)))


@routes.patch("/me/session-types/<id>", responses={200: SessionTypeView})
def change_session_type(path: IdPath, body: SessionTypeChanges) -> Response:
    """Change what is offered from now on."""
    found = session_types.change_session_type(parts().desk, require_host(), path.id, body.values())
    return shown(views.session_type(found))


@routes.delete("/me/session-types/<id>", responses={204: None})
def withdraw_session_type(path: IdPath) -> Response:
    """Take a session type back; its bookings stay."""
    session_types.withdraw_session_type(parts().desk, require_host(), path.id)
    return Response(status=204)


@routes.get("/me/session-types/<id>/slots", responses={200: SlotsView})
def preview(path: IdPath, query: SlotsQuery) -> Response:
    """List the free times as clients see them, also of a session type that is not active."""
    question = Question(query.first, query.last, query.timezone)
    return written(views.slots(*offers.preview(parts().desk, require_host(), path.id, question)))


@routes.get("/me/session-types/<id>/why", responses={200: WhyView})
def why_not(path: IdPath, query: StartQuery) -> Response:
    """Say why a time is not offered: the one rule that removes it."""
    return shown(WhyView.model_validate(why.why(parts().desk, require_host(), path.id, query.start)))


@routes.get("/hosts/<handle>/session-types/<slug>/slots", responses={200: SlotsView})
def slots(path: OfferPath, query: SlotsQuery) -> Response:
    """List the free times on some dates, at most 92."""
    question = Question(query.first, query.last, query.timezone)
    return written(views.slots(*offers.free_slots(parts().desk, path.handle, path.slug, question)))
