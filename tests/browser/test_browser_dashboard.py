"""The dashboard in a real browser: everybody can read it, the keyboard is enough, and Zoom's changes are settled."""

import random
import re
import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from browser.conftest import Open
from shared.testing import eventually
from support.chromium import WIDER
from support.system import PASSWORD, Host, System

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 860}
PAGES = (
    "/dashboard",
    "/dashboard/bookings?q=nobody",
    "/dashboard/bookings?from=soon",
    "/dashboard/bookings/{id}",
    "/dashboard/bookings/{id}/cancel",
    "/dashboard/bookings/{id}/reschedule",
    "/dashboard/bookings/{id}/reschedule?any_date=2027-01-06&any_clock=20:00",
    "/dashboard/bookings/new",
    "/dashboard/bookings/new?any_date=2027-01-06&any_clock=20:00",
    "/dashboard/calendar?date={date}",
    "/dashboard/calendar?date={date}&view=month",
    "/dashboard/session-types/{type}",
    "/dashboard/session-types/{type}/times?date=2027-01-06&time=20:00",
    "/dashboard/session-types/{type}/delete",
    "/dashboard/availability",
    "/dashboard/connections",
    "/dashboard/connections/zoom/disconnect",
    "/dashboard/settings",
    "/dashboard/settings/account",
    "/dashboard/settings/programs",
    "/dashboard/settings/feed",
    "/dashboard/settings/leave",
    "/oauth/zoom/callback?error=access_denied",
)
COLORFUL = (3, 9, 10, 11, 14, 15, 17)
"""Pages that have every color between them: enough where only the colors are new."""


@pytest.fixture(scope="module")
def host(system: System) -> Host:
    return system.host(connected=True)


@pytest.fixture(scope="module")
def booking(host: Host) -> dict[str, Any]:
    return dict(host.book(host.slots()[3]["start"]).json())


@pytest.fixture(scope="module")
def signed_in(system: System, chromium: Browser, host: Host) -> Iterator[dict[str, Any]]:
    """Sign in once; the tests open pages with the same cookies."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{system.url}/signin")
    page.get_by_label("E-mail address").fill(host.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/dashboard")
    yield {"storage_state": context.storage_state()}
    context.close()


def addresses(system: System, host: Host, booking: dict[str, Any]) -> list[str]:
    kind = host.call("GET", "/me/session-types").json()["items"][0]["id"]
    facts = {"id": booking["id"], "type": kind, "date": booking["start"][:10]}
    return [system.url + page.format(**facts) for page in PAGES]


def breaches(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['target']}" for one in found for node in one["nodes"]]


def test_every_page_can_be_read_on_a_phone_and_fits_it(
    system: System, host: Host, booking: dict[str, Any], open_page: Open, signed_in: dict[str, Any]
) -> None:
    page = open_page("about:blank", viewport=PHONE, **signed_in)
    wrong: dict[str, Any] = {}
    for address in addresses(system, host, booking):
        page.goto(address)
        if found := breaches(page):
            wrong[address] = found
        if page.evaluate(WIDER):
            wrong[f"{address} is wider than the window"] = True
    assert wrong == {}


def test_the_dark_face_can_be_read_on_a_desk_and_fits_it(
    system: System, host: Host, booking: dict[str, Any], open_page: Open, signed_in: dict[str, Any]
) -> None:
    page = open_page("about:blank", viewport=DESK, color_scheme="dark", **signed_in)
    wrong: dict[str, Any] = {}
    for number, address in enumerate(addresses(system, host, booking)):
        page.goto(address)
        if number in COLORFUL and (found := breaches(page)):
            wrong[address] = found
        if page.evaluate(WIDER):
            wrong[f"{address} is wider than the window"] = True
    assert wrong == {}


def test_the_preview_follows_what_is_typed(system: System, open_page: Open, signed_in: dict[str, Any]) -> None:
    page = open_page(f"{system.url}/dashboard/session-types/new", **signed_in)
    page.get_by_label("Title").fill("Deep dive")
    page.get_by_label("Duration (minutes)").fill("90")
    preview = page.locator("#preview-part")
    expect(preview).to_contain_text("Deep dive")
    expect(preview).to_contain_text("A start every 1 hour 30 minutes")


def test_hours_are_drawn_as_they_are_typed(system: System, open_page: Open, signed_in: dict[str, Any]) -> None:
    page = open_page(f"{system.url}/dashboard/availability", **signed_in)
    page.get_by_label("Monday, to").fill("12:00")
    drawn = page.locator("#field-monday .daybar rect:not(.whole)")
    expect(drawn).to_have_attribute("width", "180")


def test_without_javascript_a_vacation_takes_its_days_from_the_page(
    system: System, open_page: Open, signed_in: dict[str, Any]
) -> None:
    page = open_page(f"{system.url}/dashboard/availability", java_script_enabled=False, **signed_in)
    monday = datetime.now(UTC).date() + timedelta(days=21 - datetime.now(UTC).weekday())
    page.get_by_label("First day", exact=True).fill(monday.isoformat())
    page.get_by_label("Last day", exact=True).fill((monday + timedelta(days=6)).isoformat())
    page.get_by_role("button", name="Add the vacation").click()
    expect(page.get_by_label("Vacation 1, first day")).to_have_value(monday.isoformat())
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_role("status")).to_contain_text("Saved")
    page.goto(f"{system.url}/dashboard/availability?week={monday.isoformat()}")
    expect(page.locator("#week")).to_contain_text("0 free times this week")
    page.get_by_role("link", name="Why is a time not offered?").click()
    page.get_by_label("Date").fill(monday.isoformat())
    page.get_by_label("Start").fill("10:00")
    page.get_by_role("button", name="Find out").click()
    expect(page.get_by_role("status")).to_contain_text(re.compile("vacation", re.IGNORECASE))


def test_the_keyboard_alone_is_enough_to_book_for_a_client_and_to_cancel(
    system: System, open_page: Open, signed_in: dict[str, Any]
) -> None:
    page = open_page(f"{system.url}/dashboard/bookings/new", **signed_in)
    press_until(page, ".anytime > summary")
    page.keyboard.press("Enter")
    press_until(page, "#any-date")
    page.locator("#any-date").fill("2027-01-09")
    page.locator("#any-clock").fill("20:00")
    page.locator("#any-clock").press("Enter")
    page.wait_for_url("**any_clock=20**")
    press_until(page, "#field-name")
    page.keyboard.type("Kim")
    page.keyboard.press("Tab")
    page.keyboard.type("kim@example.org")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Booked.")
    press_until(page, "a[href$='/cancel']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cancel")
    press_until(page, "#field-reason")
    page.keyboard.type("I am ill")
    press_until(page, "button.danger")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("The session is canceled")
    expect(page.locator(".steps")).to_contain_text("I am ill")


def press_until(page: Page, selector: str) -> None:
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"the keyboard does not reach {selector}")


def test_a_meeting_moved_in_zoom_is_accepted_with_one_button(
    system: System, host: Host, open_page: Open, signed_in: dict[str, Any]
) -> None:
    made = host.book(host.slots()[8]["start"]).json()
    page = open_page(f"{system.url}/dashboard/bookings/{made['id']}", **signed_in)
    reload_until(page, "Link ready")
    name = made["client"]["name"]
    [meeting] = [one for one in system.meetings() if name in one["topic"]]
    later = datetime.fromisoformat(meeting["start_time"]) + timedelta(hours=9)
    moved = {"start": later.strftime("%Y-%m-%dT%H:%M")}
    requests.post(f"{system.sandbox_url}/meetings/{meeting['id']}/move", data=moved, timeout=10)
    reload_until(page, "Moved in Zoom")
    page.get_by_role("button", name="Accept the time in Zoom").click()
    expect(page.get_by_role("status")).to_contain_text("Accepted.")
    expect(page.get_by_role("button", name="Accept the time in Zoom")).to_have_count(0)


def reload_until(page: Page, words: str) -> None:
    def said() -> bool:
        page.reload()
        return words in page.locator("main").inner_text()

    eventually(said, timeout=20, every=0.2)


def test_a_link_arrives_on_the_hosts_page_by_itself(
    system: System, host: Host, open_page: Open, signed_in: dict[str, Any]
) -> None:
    system.fault(fault="latency", seconds=3)
    try:
        made = host.book(host.slots()[12]["start"]).json()
        page = open_page(f"{system.url}/dashboard/bookings/{made['id']}", **signed_in)
        page.evaluate("window.sameDocument = true")
        expect(page.get_by_role("link", name="Join on Zoom")).to_be_visible(timeout=40_000)
        expect(page.locator(".steps")).to_contain_text("The Zoom meeting is ready")
        assert page.evaluate("window.sameDocument") is True
    finally:
        system.mend()


def test_a_picture_that_is_too_large_is_made_smaller(
    system: System, open_page: Open, signed_in: dict[str, Any]
) -> None:
    page = open_page(f"{system.url}/dashboard/settings", **signed_in)
    photo = {"name": "photo.png", "mimeType": "image/png", "buffer": noise(600)}
    page.get_by_label("Picture").set_input_files(photo)  # type: ignore[arg-type]
    small = "document.querySelector('#field-logo').files[0].size <= 48 * 1024"
    eventually(lambda: page.evaluate(small), timeout=20, every=0.1)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("status")).to_contain_text("Your page shows the new logo.")
    expect(page.get_by_role("img", name="Your logo")).to_be_visible()


def noise(size: int) -> bytes:
    """Make a PNG that nothing can squeeze."""
    rows = b"".join(b"\0" + random.randbytes(size * 3) for _ in range(size))
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    framed = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)
