"""The whole way in a real browser: with JavaScript, without it, and with the keyboard alone."""

import re
import secrets

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import PHONE, Open
from support.system import PASSWORD, Host, System


@pytest.fixture(scope="module")
def host(system: System) -> Host:
    return system.host(connected=True)


def book(page: Page, name: str) -> None:
    page.locator("#times a.time").last.click()
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Your e-mail address").fill(f"client.{secrets.token_hex(4)}@example.org")
    page.get_by_role("button", name="Book this time").click()


def test_a_host_signs_up_connects_zoom_and_is_booked(system: System, open_page: Open) -> None:
    word = secrets.token_hex(4)
    host = open_page(f"{system.url}/signup", timezone_id="Europe/Lisbon")
    expect(host.get_by_label("Your time zone")).to_have_value("Europe/Lisbon")
    host.get_by_label("Your name").fill("Hanna Brandt")
    host.get_by_label("E-mail address").fill(f"hanna.{word}@example.com")
    host.get_by_label("Password").fill(PASSWORD)
    host.get_by_label("Address of your page").fill(f"hanna-{word}")
    host.get_by_role("button", name="Sign up").click()
    expect(host.get_by_role("heading", name="Hello, Hanna Brandt")).to_be_visible()
    host.get_by_role("button", name="Connect Zoom").click()
    host.get_by_role("button", name="Allow").click()
    expect(host).to_have_url(f"{system.url}/dashboard/connections")
    expect(host.get_by_role("status")).to_contain_text("Zoom is connected")
    client = open_page(f"{system.url}/hanna-{word}", timezone_id="America/New_York")
    client.get_by_role("link", name="Intro call").click()
    expect(client.get_by_label("Time zone")).to_have_value("America/New_York")
    book(client, "Carl")
    link = client.get_by_role("link", name="Join on Zoom")
    expect(link).to_be_visible()
    host.goto(f"{system.url}/dashboard/bookings")
    host.get_by_role("link", name="Carl", exact=True).click()
    expect(host.get_by_role("link", name="Join on Zoom")).to_have_attribute("href", str(link.get_attribute("href")))


def test_the_link_appears_by_itself_and_the_page_is_not_loaded_again(
    system: System, host: Host, open_page: Open
) -> None:
    system.fault(fault="latency", seconds=3)
    try:
        page = open_page(f"{system.url}/{host.handle}/intro")
        book(page, "Lena")
        expect(page.locator("#link")).to_contain_text(re.compile("being prepared|delayed|is ready"))
        page.evaluate("window.sameDocument = true")
        expect(page.get_by_role("link", name="Join on Zoom")).to_be_visible(timeout=40_000)
        assert page.evaluate("window.sameDocument") is True
    finally:
        system.mend()


def test_without_javascript_everything_works_and_the_link_comes(system: System, host: Host, open_page: Open) -> None:
    page = open_page(f"{system.url}/{host.handle}/intro", java_script_enabled=False, viewport=PHONE)
    page.get_by_label("Time zone").select_option("Asia/Kolkata")
    page.get_by_role("button", name="Change", exact=True).click()
    expect(page.locator("#times")).to_contain_text("Asia/Kolkata, UTC+5:30")
    page.locator("a.day").last.click()
    book(page, "Noor")
    expect(page.get_by_role("link", name="Join on Zoom")).to_be_visible(timeout=20_000)
    page.get_by_role("link", name="Reschedule").click()
    page.locator("#times a.time").first.click()
    page.get_by_role("button", name="Move the session").click()
    expect(page.get_by_role("status")).to_contain_text("The session is moved")
    page.get_by_role("link", name="Cancel", exact=True).click()
    page.get_by_label("Reason").fill("Another time")
    page.get_by_role("button", name="Cancel the session").click()
    expect(page.get_by_text("Canceled by you")).to_be_visible()


def test_the_keyboard_alone_is_enough_to_book(system: System, host: Host, open_page: Open) -> None:
    page = open_page(f"{system.url}/{host.handle}/intro")
    press_until(page, "a.time")
    page.keyboard.press("Enter")
    page.wait_for_url("**start=**")
    press_until(page, "#field-name")
    page.keyboard.type("Kim")
    page.keyboard.press("Tab")
    page.keyboard.type("kim@example.org")
    page.keyboard.press("Enter")
    page.wait_for_url("**/bookings/*")
    expect(page.get_by_text("Booked", exact=True)).to_be_visible()


def press_until(page: Page, selector: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none"
            return
    raise AssertionError(f"the keyboard does not reach {selector}")


def test_a_slot_that_was_taken_meanwhile_offers_the_nearest_and_keeps_what_was_typed(
    system: System, host: Host, open_page: Open
) -> None:
    page = open_page(f"{system.url}/{host.handle}/intro", timezone_id="Europe/Berlin")
    page.locator("#times a.time").first.click()
    start = page.locator("input[name=start]").get_attribute("value")
    assert host.book(str(start)).status_code == 201
    page.get_by_label("Your name").fill("Too Late")
    page.get_by_label("Your e-mail address").fill("late@example.org")
    page.get_by_role("button", name="Book this time").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Your name")).to_have_value("Too Late")
    expect(page.locator("button[name=start]")).to_have_count(3)
    page.locator("button[name=start]").first.click()
    page.wait_for_url("**/bookings/*")


def test_a_callback_in_a_signed_out_browser_is_completed_after_the_sign_in(system: System, open_page: Open) -> None:
    host = system.host()
    begun = host.call("POST", "/me/connections/zoom").json()["authorize_url"]
    page = open_page(begun)
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(f"{system.url}/signin")
    page.get_by_label("E-mail address").fill(host.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("status")).to_contain_text("Zoom is connected")


def test_a_code_that_nobody_asked_for_leads_through_a_fresh_round(system: System, open_page: Open) -> None:
    host = system.host()
    page = open_page(f"{system.url}/oauth/zoom/callback?code=stray")
    page.get_by_label("E-mail address").fill(host.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("status")).to_contain_text("Zoom is connected")


def test_whoever_says_no_in_zoom_reads_what_that_means(system: System, open_page: Open) -> None:
    host = system.host()
    page = open_page(f"{system.url}/signin")
    page.get_by_label("E-mail address").fill(host.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Connect Zoom").click()
    page.get_by_role("button", name="Decline").click()
    expect(page.get_by_role("heading", name="You did not allow it in Zoom")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
