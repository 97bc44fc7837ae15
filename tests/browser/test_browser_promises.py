"""What people were promised, before their eyes: one slot for one of two, a link that heals, doors that hold."""

import re
import secrets

import pytest
import requests
from playwright.sync_api import Page, expect

from browser.conftest import DESK, PHONE, Open, signed_in
from shared.testing import eventually
from support.system import Host, System


@pytest.fixture(scope="module")
def host(system: System) -> Host:
    return system.host(connected=True)


def typed(page: Page, name: str) -> Page:
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Your e-mail address").fill(f"{name.lower()}.{secrets.token_hex(4)}@example.org")
    page.get_by_label("Anything").fill(f"From {name}\nin two lines")
    return page


def test_of_two_who_want_one_slot_the_second_books_the_next_with_one_click(
    system: System, host: Host, open_page: Open
) -> None:
    start = host.slots()[4]["start"].replace("+", "%2B")
    url = f"{system.url}/{host.handle}/intro?start={start}"
    one, other = typed(open_page(url, viewport=PHONE), "One"), typed(open_page(url, viewport=DESK), "Other")
    one.get_by_role("button", name="Book this time").click(no_wait_after=True)
    other.get_by_role("button", name="Book this time").click(no_wait_after=True)
    for page in (one, other):
        page.wait_for_load_state()
        expect(page.get_by_text("Booked", exact=True).or_(page.get_by_role("alert"))).to_be_visible()
    won = [page for page in (one, other) if "/bookings/" in page.url]
    [lost] = [page for page in (one, other) if "/bookings/" not in page.url]
    assert len(won) == 1
    name = "One" if lost is one else "Other"
    expect(lost.get_by_label("Your name")).to_have_value(name)
    expect(lost.get_by_label("Anything")).to_have_value(f"From {name}\nin two lines")
    expect(lost.get_by_role("alert")).to_be_focused()
    lost.locator("button[name=start]").first.click()
    lost.wait_for_url("**/bookings/*")
    expect(lost.get_by_text(f"From {name}")).to_be_visible()


def test_zoom_is_down_and_heals_before_the_eyes(system: System, host: Host, open_page: Open) -> None:
    system.fault(fault="status", status=503)
    try:
        page = open_page(f"{system.url}/{host.handle}/intro?start={host.slots()[9]['start'].replace('+', '%2B')}")
        typed(page, "Patience").get_by_role("button", name="Book this time").click()
        expect(page.locator("#link")).to_contain_text("is delayed", timeout=60_000)
        expect(page.locator("#link")).to_contain_text("Your booking stands")
        page.evaluate("window.sameDocument = true")
    finally:
        system.mend()
    booking = host.call("GET", "/me/bookings", params={"q": "Patience"}).json()["items"][0]
    assert host.call("POST", f"/me/bookings/{booking['id']}/retry").status_code == 202
    expect(page.get_by_role("link", name="Join on Zoom")).to_be_visible(timeout=30_000)
    assert page.evaluate("window.sameDocument") is True


def test_what_the_host_moves_is_seen_by_who_has_the_page_open(system: System, host: Host, open_page: Open) -> None:
    booking = host.book().json()
    page = open_page(f"{system.url}/bookings/{booking['reference']}")
    expect(page.get_by_role("link", name="Join on Zoom")).to_be_visible(timeout=30_000)
    moved = host.slots()[-1]["start"]
    answer = host.call("POST", f"/me/bookings/{booking['id']}/reschedule", json={"start": moved})
    assert answer.status_code == 200, answer.text
    # As when somebody comes back to the tab: it looks at once.
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    start = requests.get(f"{system.api}/bookings/{booking['reference']}", timeout=20).json()["start"]
    expect(page.locator(f".when time[datetime='{start}']").first).to_be_visible()


def test_nothing_typed_is_lost_on_the_way_back_to_the_month(system: System, host: Host, open_page: Open) -> None:
    page = open_page(f"{system.url}/{host.handle}/intro")
    page.locator("#times a.time").last.click()
    typed(page, "Nora")
    page.go_back()
    page.locator("#times a.time").first.click()
    expect(page.get_by_label("Your name")).to_have_value("Nora")
    page.get_by_role("button", name="Change the time").click()
    page.locator("#times button.time").last.click()
    expect(page.get_by_label("Anything")).to_have_value("From Nora\nin two lines")
    page.get_by_role("button", name="Book this time").click()
    page.wait_for_url("**/bookings/*")
    page.goto(f"{system.url}/{host.handle}/intro")
    page.locator("#times a.time").first.click()
    expect(page.get_by_label("Your name")).to_have_value("")


def test_ten_wrong_passwords_close_the_door_for_a_while(system: System, open_page: Open) -> None:
    owner = system.host()
    for _ in range(9):
        body = {"email": owner.email, "password": "wrong password", "label": "x"}
        requests.post(f"{system.api}/api-keys", json=body, timeout=20)
    page = open_page(f"{system.url}/signin")
    for _ in range(2):
        page.get_by_label("E-mail address").fill(owner.email)
        page.get_by_label("Password").fill("wrong password")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("Too many wrong passwords")
    expect(page.get_by_label("E-mail address")).to_have_value(owner.email)


def test_a_form_of_an_ended_visit_is_refused_in_words(system: System, host: Host, open_page: Open) -> None:
    page = signed_in(open_page, system, host)
    page.goto(f"{system.url}/dashboard/settings")
    page.context.clear_cookies()
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_role("main")).to_contain_text("Go back, load the page again")


def test_a_stranger_page_can_not_book_in_anybodys_name(system: System, host: Host, open_page: Open) -> None:
    page = open_page(f"{system.url}/{host.handle}/intro?start={host.slots()[5]['start'].replace('+', '%2B')}")
    typed(page, "Eve")
    page.locator("input[name=csrf_token]").first.evaluate("field => { field.value = 'forged'; }")
    page.get_by_role("button", name="Book this time").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("That did not work")
    page.go_back()
    expect(page.get_by_label("Your name")).to_have_value("Eve")


def test_who_forgot_the_password_is_back_by_mail(system: System, open_page: Open) -> None:
    owner = system.host()
    page = open_page(f"{system.url}/signin")
    page.get_by_role("link", name="Forgotten your password?").click()
    page.get_by_label("E-mail address").fill(owner.email)
    page.get_by_role("button", name="Mail me a link").click()
    expect(page.get_by_role("status")).to_contain_text("a link is on its way")
    page.goto(eventually(lambda: link_in_mail(system, owner.email)))
    page.get_by_label("New password").fill("another horse battery")
    page.get_by_role("button", name="Change the password").click()
    page.get_by_label("E-mail address").fill(owner.email)
    page.get_by_label("Password").fill("another horse battery")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/dashboard")


def link_in_mail(system: System, to: str) -> str | None:
    found = re.search(rf"{system.url}/reset-password/[\w-]+", str(system.mail(to)))
    return found and found.group()


def test_an_enter_key_in_the_form_books_the_chosen_time(system: System, host: Host, open_page: Open) -> None:
    page = open_page(f"{system.url}/{host.handle}/intro")
    page.locator("#times a.time").last.click()
    start = page.locator("input[name=start]").get_attribute("value")
    typed(page, "Quick").get_by_label("Your name").press("Enter")
    page.wait_for_url("**/bookings/*")
    expect(page.locator(f"time[datetime='{start}']").first).to_be_visible()
