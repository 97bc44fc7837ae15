"""The addresses of hosts: profile, working hours, account, and what everybody may see."""

from flask import Response
from flask_openapi3 import APIBlueprint

from booking.api import views
from booking.api.answers import parts, shown
from booking.api.bodies import AvailabilityBody, EmailBody, HostChanges, SignUpBody
from booking.api.queries import HandlePath, IdPath
from booking.api.shapes import AvailabilityView, FeedView, HostView, PublicHostView
from booking.handlers import hosts
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


@routes.delete("/me", responses={204: None})
def remove_me() -> Response:
    """Delete the account: what is ahead is called off, then everything about the host is erased."""
    hosts.remove_host(parts().desk, require_host())
    return Response(status=204)


@routes.put("/me/email", responses={200: HostView})
def change_email(body: EmailBody) -> Response:
    """Change the e-mail address, once it has proved to be the host's."""
    return shown(parts().views.host(hosts.change_email(parts().desk, require_host(), body.email)))


@routes.post("/me/calendar-feed", responses={200: FeedView})
def renew_feed() -> Response:
    """Give the calendar feed a new secret address; the old one is gone."""
    return shown(parts().views.feed(hosts.renew_feed(parts().desk, require_host())))


@routes.get("/me/availability", responses={200: AvailabilityView})
def working_hours() -> Response:
    """Give the working hours."""
    return shown(views.availability(*hosts.working_hours(parts().desk, require_host())))


@routes.put("/me/availability", responses={200: AvailabilityView})
def set_working_hours(body: AvailabilityBody) -> Response:
    """Replace the working hours."""
    found = hosts.set_working_hours(parts().desk, require_host(), body.hours(), body.timezone)
    return shown(views.availability(*found))


@routes.get("/hosts/<handle>", responses={200: PublicHostView})
def public_page(path: HandlePath) -> Response:
    """Give what everybody may see of a host."""
    return shown(views.public_host(*hosts.public_page(parts().desk, path.handle)))
