"""How the pages look: nothing sticks out, everything can be read, on a phone and on a desk, light and dark."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from browser.conftest import Open
from support.system import PASSWORD, Host, System

PUBLIC = (
    "/",
    "/signup",
    "/signin",
    "/{handle}",
    "/{handle}/intro",
    "/bookings/{reference}",
    "/nothing-here",
    "/api/docs",
)
INSIDE = (
    "/dashboard",
    "/dashboard/bookings",
    "/dashboard/bookings/{id}",
    "/dashboard/calendar",
    "/dashboard/session-types",
    "/dashboard/session-types/new",
    "/dashboard/availability",
    "/dashboard/connections",
    "/dashboard/settings",
)
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 860}
TELLING = ("/{handle}/intro", "/bookings/{reference}", "/dashboard", "/dashboard/bookings/{id}", "/dashboard/settings")
"""The pages that have every color between them: enough where only the colors are new."""


@pytest.fixture(scope="module")
def host(system: System) -> Host:
    return system.host(name="Maximiliane Hohenstein-Übermut von und zu Langenbach", connected=True)


@pytest.fixture(scope="module")
def booking(host: Host) -> dict[str, Any]:
    return dict(host.book().json())


def test_every_page_can_be_read_by_everybody(
    system: System, host: Host, booking: dict[str, Any], open_page: Open
) -> None:
    visitor, page = open_page(system.url, viewport=PHONE), signed_in(open_page, system, host, viewport=PHONE)
    found = {path: breaches(go(visitor, system, path, host, booking)) for path in PUBLIC}
    found |= {path: breaches(go(page, system, path, host, booking)) for path in INSIDE}
    assert {path: breaches for path, breaches in found.items() if breaches} == {}


def test_the_dark_face_can_be_read_too(system: System, host: Host, booking: dict[str, Any], open_page: Open) -> None:
    page = signed_in(open_page, system, host, viewport=DESK, color_scheme="dark")
    found = {path: breaches(go(page, system, path, host, booking)) for path in TELLING}
    assert {path: breaches for path, breaches in found.items() if breaches} == {}


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_nothing_is_wider_than_the_window(
    system: System, host: Host, booking: dict[str, Any], open_page: Open, viewport: dict[str, int]
) -> None:
    visitor, page = open_page(system.url, viewport=viewport), signed_in(open_page, system, host, viewport=viewport)
    wider = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert [path for path in PUBLIC if go(visitor, system, path, host, booking).evaluate(wider)] == []
    assert [path for path in INSIDE if go(page, system, path, host, booking).evaluate(wider)] == []


def signed_in(open_page: Open, system: System, host: Host, **options: Any) -> Page:
    page = open_page(f"{system.url}/signin", **options)
    page.get_by_label("E-mail address").fill(host.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/dashboard")
    return page


def go(page: Page, system: System, path: str, host: Host, booking: dict[str, Any]) -> Page:
    page.goto(system.url + path.format(handle=host.handle, reference=booking["reference"], id=booking["id"]))
    return page


def breaches(page: Page) -> list[str]:
    """List what breaks a rule of axe, with where it stands."""
    return [
        f"{one['id']}: {node['target']} {node.get('failureSummary', '')}"
        for one in Axe().run(page).response["violations"]
        for node in one["nodes"]
    ]
