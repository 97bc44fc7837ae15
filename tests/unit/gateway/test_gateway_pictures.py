"""`make screenshots` misses no page."""

import re

import pytest
from flask import Flask

from gateway.pages.blueprint import pages
from screenshots.pages import DARK, FRESH, INSIDE, PUBLIC, WHILE_ZOOM_IS_DOWN

NO_PICTURE = {
    "/bookings/<reference>/link": "a part of a page, for a script",
    "/<handle>/<slug>/time": "leads to the month",
    "/confirm-email/<token>": "shown by a link that works once, like the reset of a password",
    "/dashboard/bookings.csv": "a file",
    "/oauth/zoom/callback": "where Zoom sends browsers back to",
    "/oauth/zoom/install": "as above",
    "/oauth/zoom/resume": "as above",
}
ADDRESSES = [address.partition("?")[0] for shown in (PUBLIC, INSIDE, FRESH) for address in shown.values()]


def page_rules() -> list[str]:
    app = Flask("pictures", static_folder=None)
    app.register_blueprint(pages)
    return sorted({rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())})


@pytest.mark.parametrize("rule", [rule for rule in page_rules() if rule not in NO_PICTURE])
def test_every_page_is_taken(rule: str) -> None:
    pattern = re.compile(re.sub(r"<[^>]+>", "[^/]+", rule))
    assert [address for address in ADDRESSES if pattern.fullmatch(address)]


def test_what_is_taken_in_the_dark_is_taken_at_all() -> None:
    assert {*PUBLIC, *INSIDE, *WHILE_ZOOM_IS_DOWN, *FRESH} >= DARK
