"""The addresses of the picture on a host's public page."""

from flask import Response, request
from flask_openapi3 import APIBlueprint, RawModel

from booking.api.answers import Documented, parts, shown
from booking.api.queries import HandlePath, LogoQuery
from booking.api.shapes import HostView
from booking.handlers import logos
from shared.web import require_host

routes = APIBlueprint("logos", __name__)

PATH = "/me/logo"
_BYTES = {"schema": {"type": "string", "format": "binary"}}
_IMAGE: Documented = {
    200: {"description": "The picture", "content": dict.fromkeys(logos.MEDIA_TYPES, _BYTES)},
    304: {"description": "It is the one that the caller has."},
}


class LogoBytes(RawModel):
    """A PNG, JPEG or WebP image of at most 48 KiB, as it is."""

    mimetypes = list(logos.MEDIA_TYPES)  # noqa: RUF012 - the library reads it from the class and never changes it


@routes.put(PATH, responses={200: HostView})
def set_logo(raw: LogoBytes) -> Response:
    """Show another picture on the public page."""
    host = logos.set_logo(parts().desk, require_host(), raw.mimetype, raw.get_data())
    return shown(parts().views.host(host))


@routes.delete(PATH, responses={204: None})
def drop_logo() -> Response:
    """Show no picture any more."""
    logos.drop_logo(parts().desk, require_host())
    return Response(status=204)


@routes.get("/hosts/<handle>/logo", responses=_IMAGE)
def logo(path: HandlePath, query: LogoQuery) -> Response:  # noqa: ARG001 - the query only makes addresses differ
    """Give the picture of a host."""
    found = logos.logo(parts().desk, path.handle)
    answer = Response(found.content, content_type=found.media_type)
    answer.set_etag(found.version)
    answer.headers["Cache-Control"] = "public, max-age=3600"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.make_conditional(request)
    return answer
