"""A real Chromium in front of the running system."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from support.chromium import WIDER
from support.system import PASSWORD, Host, System

PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1280, "height": 860}

Open = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Open]:
    """Give a way to open pages as different people; what a browser complains about fails the test at its end."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def note(message: Any) -> None:
        # A status of 4xx is logged by the browser too, and is for each test to judge.
        if message.type == "error" and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    def open_one(url: str, **options: Any) -> Page:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 860}, **options})
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


def signed_in(open_page: Open, system: System, host: Host, **options: Any) -> Page:
    """Open the dashboard as a host."""
    page = open_page(f"{system.url}/signin", **options)
    page.get_by_label("E-mail address").fill(host.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/dashboard")
    return page


def breaches(page: Page) -> list[str]:
    """List what keeps somebody from using the page at hand: on a phone and a desk, on light paper and on dark.

    What axe finds is the same on dark paper but for the colors, so only those are looked at twice.
    """
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(PHONE)
    found = _axe(page) + (["wider than a phone"] if page.evaluate(WIDER) else [])
    page.emulate_media(color_scheme="dark")
    found += [f"dark: {one}" for one in _axe(page, runOnly=["color-contrast"])]
    page.set_viewport_size(DESK)
    return found + (["wider than the window"] if page.evaluate(WIDER) else [])


def _axe(page: Page, **options: Any) -> list[str]:
    found = Axe().run(page, options={"resultTypes": ["violations"], **options}).response["violations"]
    return [f"{one['id']}: {node['target']} {node.get('failureSummary', '')}" for one in found for node in one["nodes"]]
