"""What a host does with the own account: password, address, signed-in browsers, and leaving."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from pydantic import Field

from gateway.accounts import Departure, EmailChange, PasswordChange, Reset, ResetWish
from gateway.accounts.fields import Token
from gateway.api.callers import require_key, require_no_body
from gateway.api.own import Page
from gateway.api.routes import PREFIX
from gateway.parts import parts
from shared.web import Body
from shared.web.app import read_json_object

blueprint = Blueprint("api_account", __name__, url_prefix=PREFIX)


class Confirmation(Body):
    """What the link in the mail to a new address ends with."""

    token: Token = Field(description="What the link in the mail ends with.")


@blueprint.delete("/me")
def leave() -> ResponseReturnValue:
    """Delete the account."""
    host_id = require_key()
    parts().departures.leave(host_id, Departure.model_validate(read_json_object(required=True)))
    return "", 204


@blueprint.post("/me/password")
def change_password() -> ResponseReturnValue:
    """Replace the password; every browser is signed out."""
    host_id = require_key()
    parts().new_passwords.change(host_id, PasswordChange.model_validate(read_json_object(required=True)))
    return "", 204


@blueprint.post("/me/email")
def change_email() -> ResponseReturnValue:
    """Mail a link to a new address."""
    host_id = require_key()
    parts().email_changes.ask(host_id, EmailChange.model_validate(read_json_object(required=True)))
    return {}, 202


@blueprint.post("/email-changes/confirm")
def confirm_email() -> ResponseReturnValue:
    """Give the account the address to which the link was mailed."""
    token = Confirmation.model_validate(read_json_object(required=True)).token
    return {"email": parts().email_changes.confirm(token)}


@blueprint.post("/password-resets")
def wish_for_reset() -> ResponseReturnValue:
    """Mail a link to whoever forgot the password; the answer is the same when there is no such account."""
    parts().new_passwords.wish(ResetWish.model_validate(read_json_object(required=True)))
    return {}, 202


@blueprint.post("/password-resets/use")
def reset_password() -> ResponseReturnValue:
    """Replace a forgotten password."""
    parts().new_passwords.reset(Reset.model_validate(read_json_object(required=True)))
    return "", 204


@blueprint.get("/me/sessions")
def sessions() -> ResponseReturnValue:
    """List the browsers that are signed in."""
    host_id = require_key()
    page = Page.model_validate(request.args.to_dict())
    items, next_cursor = parts().sign_ins.page(host_id, limit=page.limit, cursor=page.cursor)
    return {"items": items, "next_cursor": next_cursor}


@blueprint.delete("/me/sessions/<session_id>")
def end_session(session_id: str) -> ResponseReturnValue:
    """Sign one browser out."""
    host_id = require_key()
    require_no_body()
    parts().sign_ins.revoke(host_id, session_id)
    return "", 204
