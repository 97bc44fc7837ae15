"""The first page, for whoever comes by without an invitation."""

from flask import render_template
from flask.typing import ResponseReturnValue

from gateway.pages.blueprint import pages


@pages.get("/")
def welcome() -> ResponseReturnValue:
    """Say what this is and where to begin."""
    return render_template("welcome.html")
