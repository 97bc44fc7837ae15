"""The mails in a real Chromium: nothing sticks out on a phone, and each can be read by everybody, light and dark."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from support.chromium import WIDER
from unit.notifier.notifier_samples import SAMPLES, mail

OF_PAGES = {"landmark-one-main", "region", "page-has-heading-one"}
"""Rules for pages: a mail is shown inside somebody else's."""
ONE_OF_EACH_TONE = ("client_confirmation-link_follows", "client_canceled", "host_moved_in_zoom", "password_reset")


def html(name: str) -> str:
    body = mail(name).get_body(("html",))
    assert body is not None
    return str(body.get_content())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_mail_can_be_read_by_everybody(chromium: Browser, scheme: Any) -> None:
    page = chromium.new_page(color_scheme=scheme, viewport={"width": 700, "height": 900})
    for name in ONE_OF_EACH_TONE:
        page.set_content(html(name))
        found = {finding["id"] for finding in Axe().run(page).response["violations"]}
        assert found - OF_PAGES == set(), name
    page.close()


@pytest.mark.parametrize("width", [390, 700])
def test_nothing_sticks_out_and_nothing_is_fetched(chromium: Browser, width: int) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 900})
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    for name in SAMPLES:
        page.set_content(html(name))
        assert not page.evaluate(WIDER), name
    assert fetched == []
    page.close()
