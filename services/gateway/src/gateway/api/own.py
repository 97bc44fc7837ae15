"""Sign-up and API keys: the calls whose facts are the gateway's own."""

from typing import Annotated

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field

from gateway.accounts import SignUp
from gateway.api.callers import require_key, require_no_body
from gateway.api.routes import PREFIX
from gateway.parts import parts
from shared.web import Body, Line
from shared.web.app import read_json_object

blueprint = Blueprint("api_own", __name__, url_prefix=PREFIX)

FIRST_KEY = "Made at sign-up"


class KeyRequest(Body):
    """Who wants a key, and what it is for."""

    email: Annotated[str, Field(max_length=1000)]
    password: Annotated[str, Field(max_length=1000)]
    label: Annotated[Line, Field(min_length=1, max_length=120)]


class Page(BaseModel):
    """Which part of a list."""

    model_config = ConfigDict(extra="ignore")

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=500)] | None = None


@blueprint.post("/hosts")
def sign_up() -> ResponseReturnValue:
    """Make a host with its account and a first API key."""
    host = parts().sign_ups.sign_up(SignUp.model_validate(read_json_object(required=True)))
    issued = parts().api_keys.issue(host["id"], FIRST_KEY)
    return {"host": host, "api_key": issued.api_key}, 201


@blueprint.post("/api-keys")
def issue_key() -> ResponseReturnValue:
    """Give a new key to whoever knows the password."""
    wanted = KeyRequest.model_validate(read_json_object(required=True))
    account = parts().passwords.check(wanted.email, wanted.password)
    issued = parts().api_keys.issue(account.id, wanted.label)
    return {"id": issued.id, "label": issued.label, "api_key": issued.api_key}, 201


@blueprint.get("/me/api-keys")
def keys() -> ResponseReturnValue:
    """List the host's keys without their secrets."""
    host_id = require_key()
    page = Page.model_validate(request.args.to_dict())
    items, next_cursor = parts().api_keys.page(host_id, limit=page.limit, cursor=page.cursor)
    return {"items": items, "next_cursor": next_cursor}


@blueprint.delete("/me/api-keys/<key_id>")
def revoke_key(key_id: str) -> ResponseReturnValue:
    """End a key at once."""
    host_id = require_key()
    require_no_body()
    parts().api_keys.revoke(host_id, key_id)
    return "", 204
