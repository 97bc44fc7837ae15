"""The month as a grid: keys, focus, what is said aloud, and that nothing but the month is loaded again."""

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import PHONE, Open
from support.system import Host, System

FOCUSED = "document.activeElement.closest('td')?.dataset.date"


@pytest.fixture(scope="module")
def host(system: System) -> Host:
    return system.host()


@pytest.fixture
def month(system: System, host: Host, open_page: Open) -> Page:
    """Give the page of the month after this one, which every weekday has free times in, with its second week's day."""
    page = open_page(f"{system.url}/{host.handle}/intro?date={workday()}&timezone=Europe/Berlin")
    expect(page.get_by_role("grid")).to_be_visible()
    page.evaluate("window.sameDocument = true")
    return page


def workday() -> date:
    """Give a Wednesday in the middle of the next month."""
    first = (date.today().replace(day=1) + timedelta(days=32)).replace(day=8)  # noqa: DTZ011 - a month off is fine
    return first + timedelta(days=(2 - first.weekday()) % 7)


def focused(page: Page) -> date:
    found = page.evaluate(FOCUSED)
    return date.fromisoformat(str(found))


def day(page: Page, wanted: date) -> None:
    expect(page.locator(f"td[data-date='{wanted}'] :focus, td[data-date='{wanted}']:focus")).to_have_count(1)


def test_the_month_is_one_stop_and_the_arrows_go_from_day_to_day(month: Page) -> None:
    assert month.locator(".month table [tabindex='0']").count() == 1
    month.locator(".month [tabindex='0']").focus()
    at = workday()
    assert focused(month) == at
    for key, days in (("ArrowRight", 1), ("ArrowDown", 7), ("ArrowLeft", -1), ("ArrowUp", -7)):
        month.keyboard.press(key)
        at += timedelta(days=days)
        assert focused(month) == at
    month.keyboard.press("Home")
    assert focused(month) == at - timedelta(days=2)
    month.keyboard.press("End")
    assert focused(month) == at + timedelta(days=4)
    assert month.evaluate("document.activeElement.textContent").endswith("nothing free")


def test_the_arrows_lead_into_the_months_beside(month: Page) -> None:
    month.locator(".month [tabindex='0']").focus()
    month.keyboard.press("PageDown")
    later = (workday().replace(day=1) + timedelta(days=32)).replace(day=workday().day)
    day(month, later)
    month.keyboard.press("PageUp")
    day(month, workday())
    while focused(month).day < 24:
        month.keyboard.press("ArrowDown")
    last = focused(month)
    while (last + timedelta(days=7)).month == last.month:
        month.keyboard.press("ArrowDown")
        last = focused(month)
    month.keyboard.press("End")
    for _ in range(7):
        if focused(month).month != workday().month:
            break
        before = focused(month)
        month.keyboard.press("ArrowRight")
        day(month, before + timedelta(days=1))
    assert focused(month) == later.replace(day=1)
    assert month.evaluate("window.sameDocument") is True


def test_a_day_is_chosen_in_place_and_its_times_are_said(month: Page) -> None:
    month.locator(".month [tabindex='0']").focus()
    month.keyboard.press("ArrowRight")
    month.keyboard.press("Enter")
    chosen = workday() + timedelta(days=1)
    expect(month.locator("#said")).to_have_text(
        re.compile(rf"^Thursday, {chosen.day} {chosen:%B}: 16 free times, Europe/Berlin, UTC\+[12]$")
    )
    expect(month.get_by_role("gridcell", selected=True)).to_have_text(str(chosen.day))
    day(month, chosen)
    assert month.evaluate("window.sameDocument") is True
    month.go_back()
    expect(month.get_by_role("gridcell", selected=True)).to_have_text(str(workday().day))


def test_each_slot_is_named_in_full(month: Page) -> None:
    wanted = f"Wednesday {workday().day} {workday():%B}, 10:00, Berlin time"
    expect(month.get_by_role("link", name=wanted)).to_have_text("10:00")


def test_another_zone_is_shown_in_place_and_remembered(month: Page) -> None:
    month.get_by_label("Time zone").select_option("Asia/Tokyo")
    expect(month.locator("#times")).to_contain_text("Asia/Tokyo, UTC+9")
    assert month.evaluate("window.sameDocument") is True
    month.goto(month.url.split("?")[0])
    expect(month.get_by_label("Time zone")).to_have_value("Asia/Tokyo")


def test_on_a_phone_the_times_come_into_view(system: System, host: Host, open_page: Open) -> None:
    page = open_page(f"{system.url}/{host.handle}/intro?date={workday()}", viewport=PHONE)
    page.locator(f"td[data-date='{workday() + timedelta(days=1)}'] a").click()
    expect(page.locator("#times-title")).to_contain_text("Thursday")
    expect(page.locator("#times a").first).to_be_in_viewport()


def test_whoever_is_far_away_is_shown_the_own_zone_at_once(system: System, host: Host, open_page: Open) -> None:
    page = open_page(f"{system.url}/{host.handle}/intro", timezone_id="America/Los_Angeles")
    expect(page.locator("#times .zoned")).to_contain_text("America/Los Angeles")
    expect(page.get_by_label("Time zone")).to_have_value("America/Los_Angeles")
