"""What all pages have in common: the CSRF check, what templates may call, and the way to the sign-in page."""

from typing import Any

from flask import Blueprint, Flask, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, CSRFProtect
from sqlalchemy.exc import SQLAlchemyError

from gateway import errors
from gateway.pages import assets, color, desk_words, times, visitors, words
from gateway.pages.visitors import SignInNeededError

pages = Blueprint("pages", __name__)
csrf = CSRFProtect()


def install(app: Flask) -> None:
    """Put the pages on the app."""
    app.config.update(
        WTF_CSRF_CHECK_DEFAULT=False,  # `protect` below checks the pages; the API has no cookies
        WTF_CSRF_TIME_LIMIT=None,  # a form left open over lunch still works
        WTF_CSRF_SSL_STRICT=False,  # a proxy in front may speak http to us
    )
    csrf.init_app(app)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(times.FILTERS)
    app.jinja_env.filters["logo"] = assets.logo
    app.jinja_env.globals.update(
        accent=color.accent,
        words=words,
        desk=desk_words,
        asset=assets.address,
        zones=times.zones,
        zone_regions=times.zone_regions,
    )
    app.context_processor(_shown)
    app.register_error_handler(SignInNeededError, _to_sign_in)
    app.register_error_handler(CSRFError, _bad_token)
    app.register_blueprint(pages)
    assets.install(app)


@pages.before_request
def protect() -> None:
    """Refuse a form that did not come from a page of ours."""
    csrf.protect()


def _shown() -> dict[str, Any]:
    try:
        return {"account": visitors.account()}
    except SQLAlchemyError:
        # The page that says that the database is away must not need the database.
        return {"account": None}


def _to_sign_in(_error: SignInNeededError) -> ResponseReturnValue:
    wanted = request.full_path.rstrip("?") if request.method == "GET" else "/dashboard"
    return redirect(url_for("pages.sign_in", next=wanted), 303)


def _bad_token(_error: CSRFError) -> ResponseReturnValue:
    detail = (
        "This form was too old or did not come from this site. Go back, load the page again and send it once more. "
        "Cookies must be allowed for this."
    )
    return errors.answer(400, "bad_csrf_token", detail)
