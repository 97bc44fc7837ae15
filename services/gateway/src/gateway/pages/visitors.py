"""Who is at the other end of a page: the sign-in cookie, and where to go after signing in."""

from urllib.parse import urlsplit

from flask import Response, g, request, session

from gateway.accounts.sign_ins import LIFETIME
from gateway.parts import parts
from gateway.storage import Account

HOME = "/dashboard"
KEPT = ("zoom_return",)
"""What the visit's cookie carries over a sign-in: a connection that waits for it."""


class SignInNeededError(Exception):
    """This page is for a signed-in host."""


def cookie() -> str:
    """Name the cookie that holds a sign-in's token."""
    return parts().settings.cookie("sign_in")


def account() -> Account | None:
    """Give the account that this browser is signed in to."""
    if "account" not in g:
        token = request.cookies.get(cookie())
        g.account = parts().sign_ins.find(token) if token else None
    found: Account | None = g.account
    return found


def require_account() -> Account:
    """Give the signed-in account. Raises `SignInNeededError`."""
    found = account()
    if found is None:
        raise SignInNeededError
    return found


def enter(response: Response, account_id: str) -> Response:
    """Sign this browser in, under a new token, with a new visit: what was planted before is worth nothing."""
    kept = {name: session[name] for name in KEPT if name in session}
    session.clear()
    session.update(kept)
    g.pop("csrf_token", None)
    token = parts().sign_ins.start(
        account_id, instead_of=request.cookies.get(cookie()), user_agent=request.headers.get("User-Agent", "")
    )
    response.set_cookie(
        cookie(),
        token,
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=parts().settings.secure,
    )
    return response


def leave(response: Response) -> Response:
    """Sign this browser out."""
    token = request.cookies.get(cookie())
    if token:
        parts().sign_ins.end(token)
    session.clear()
    response.delete_cookie(cookie(), httponly=True, samesite="Lax")
    return response


def local(path: str | None) -> str:
    """Give the path back if it leads to a page of ours, and the dashboard otherwise."""
    if not path or not path.startswith("/") or path.startswith("//") or "\\" in path or not path.isprintable():
        return HOME
    parts_of = urlsplit(path)
    return HOME if parts_of.scheme or parts_of.netloc else path
