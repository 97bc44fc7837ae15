"""Every page for visitors, in every state, can be used by everybody: what axe knows, on phone and desk, light and dark.

The dashboard's pages have the same in a file of their own.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import Open, breaches, signed_in
from support.system import Host, System

PUBLIC = (
    "/",
    "/signup",
    "/signin",
    "/forgot-password",
    "/reset-password/no-such-token",
    "/confirm-email/no-such-token",
    "/{handle}",
    "/{handle}/intro",
    "/{handle}/intro?month=2020-01&timezone=Pacific/Chatham",
    "/{handle}/group",
    "/{handle}/intro?start={start}",
    "/bookings/{reference}",
    "/bookings/{reference}/reschedule",
    "/bookings/{reference}/reschedule?start={start}",
    "/bookings/{reference}/cancel",
    "/bookings/{canceled}",
    "/nothing-here",
)


@pytest.fixture(scope="module")
def host(system: System) -> Host:
    made = system.host(name="Maximiliane Hohenstein-\u00dcbermut von und zu Langenbach", connected=True)
    made.call("PATCH", "/me", json={"welcome_text": "Welcome.", "color": "#f2c200"})
    made.call("POST", "/me/session-types", json={"slug": "group", "title": "Group", "duration": 45, "capacity": 5})
    return made


@pytest.fixture(scope="module")
def names(host: Host) -> dict[str, Any]:
    """Give what stands in the addresses."""
    booking, canceled = host.book().json(), host.book().json()
    host.call("POST", f"/me/bookings/{canceled['id']}/cancel", json={"reason": "Another day is better."})
    return {
        "handle": host.handle,
        "start": host.slots()[3]["start"].replace("+", "%2B"),
        "reference": booking["reference"],
        "canceled": canceled["reference"],
    }


@pytest.fixture(scope="module")
def visitor(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(reduced_motion="reduce")  # a color on its way is neither the one nor the other
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", PUBLIC)
def test_a_page_for_visitors_can_be_used_by_everybody(
    system: System, names: dict[str, Any], visitor: Page, path: str
) -> None:
    visitor.goto(system.url + path.format(**names))
    assert breaches(visitor) == []


def test_every_part_of_the_design_can_be_used_by_everybody_in_every_state(
    system: System, host: Host, open_page: Open
) -> None:
    page = signed_in(open_page, system, host, reduced_motion="reduce")
    page.goto(f"{system.url}/dashboard/design")
    assert breaches(page) == []


def test_the_reference_of_the_api_can_be_used_by_everybody(system: System, visitor: Page) -> None:
    visitor.goto(f"{system.url}/api/docs")
    # The calls all look alike: the first few stand for the hundred others, which would take axe half a minute.
    visitor.evaluate("for (const call of [...document.querySelectorAll('.call')].slice(6)) call.remove()")
    assert breaches(visitor) == []


def test_a_form_that_came_back_can_be_used_by_everybody(system: System, names: dict[str, Any], visitor: Page) -> None:
    visitor.goto(f"{system.url}/{names['handle']}/intro?start={names['start']}")
    visitor.get_by_label("Your name").fill("Carl")
    visitor.get_by_label("Your e-mail address").fill("carl@nowhere")
    visitor.locator("form").evaluate("form => form.noValidate = true")
    visitor.get_by_role("button", name="Book this time").click()
    expect(visitor.get_by_role("alert")).to_be_focused()
    assert breaches(visitor) == []


def test_a_time_that_was_taken_can_be_replaced_by_everybody(
    system: System, host: Host, names: dict[str, Any], visitor: Page
) -> None:
    start = host.slots()[7]["start"]
    visitor.goto(f"{system.url}/{names['handle']}/intro?start={start.replace('+', '%2B')}")
    assert host.book(start).status_code == 201
    visitor.get_by_label("Your name").fill("Carl")
    visitor.get_by_label("Your e-mail address").fill("carl@example.org")
    visitor.get_by_role("button", name="Book this time").click()
    expect(visitor.locator("button[name=start]")).to_have_count(3)
    assert breaches(visitor) == []
    visitor.get_by_role("button", name="Look at all free times").click()
    expect(visitor.get_by_text("What you typed is kept.")).to_be_visible()
    assert breaches(visitor) == []


def test_what_is_far_too_late_to_change_can_be_read_by_everybody(system: System, open_page: Open) -> None:
    strict = system.host()
    changed = strict.call("PATCH", "/me", json={"change_cutoff": 40_000})
    assert changed.status_code == 200, changed.text
    booking = strict.book().json()
    page = open_page(f"{system.url}/bookings/{booking['reference']}", reduced_motion="reduce")
    expect(page.get_by_text("It is too late to move or cancel this here.")).to_be_visible()
    expect(page.get_by_text("Your video link will follow")).to_be_visible()
    assert breaches(page) == []


def test_nothing_moves_for_whoever_wants_less_motion(system: System, names: dict[str, Any], open_page: Open) -> None:
    page = open_page(f"{system.url}/{names['handle']}", reduced_motion="reduce")
    moving = "[...document.querySelectorAll('*')].filter(one => parseFloat(getComputedStyle(one).transitionDuration))"
    assert page.evaluate(f"{moving}.length") == 0
