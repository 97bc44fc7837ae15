"""The host's logo: sent as a file from a form, kept by booking."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from gateway.pages import forms, profile, visitors
from gateway.pages.blueprint import pages
from gateway.pages.forms import Errors
from gateway.parts import parts
from gateway.upstream import RefusedUpstreamError

PATH = "/dashboard/settings/logo"
LIMIT = 8 * 1024 * 1024
"""Bytes of the form. A photo that is too large is refused beside its field, not by a page about large bodies."""
MOST = profile.MOST_LOGO * 1024
"""Bytes."""
SIGNATURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}
NO_PICTURE = f"Choose a PNG, JPEG or WebP picture of at most {profile.MOST_LOGO} KiB"


@pages.post(PATH)
def logo_sent() -> ResponseReturnValue:
    """Keep a new logo, or take the old one away."""
    account = visitors.require_account()
    if request.form.get("action") == "remove":
        answer = parts().booking.send("DELETE", "/me/logo", host=account.id)
        if not answer.ok:
            raise RefusedUpstreamError(answer)
        flash("The logo is gone from your page.")
        return redirect(url_for("pages.profile"), 303)
    sent = request.files.get("logo")
    content = sent.read(MOST + 1) if sent else b""
    kind = next((kind for start, kind in SIGNATURES.items() if content.startswith(start)), None)
    if kind is None or len(content) > MOST:
        return _again(account.id, NO_PICTURE, 422)
    answer = parts().booking.send("PUT", "/me/logo", host=account.id, body=content, headers={"Content-Type": kind})
    if not answer.ok:
        refused = RefusedUpstreamError(answer)
        found = forms.from_upstream(refused)
        return _again(account.id, next(iter((*found.general, *found.fields.values(), NO_PICTURE))), refused.status)
    flash("Your page shows the new logo.")
    return redirect(url_for("pages.profile"), 303)


def _again(host_id: str, words: str, status: int) -> ResponseReturnValue:
    me = profile.me_of(host_id)
    return profile.page(me, me, Errors(fields={"logo": words})), status
