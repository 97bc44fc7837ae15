"""Settings: the page and its branding, keys and the feed, the account itself, and leaving."""

from typing import Any

import pytest

from integration.gateway.conftest import PASSWORD, Gateway, Host
from integration.gateway.inner import problem
from support.browsing import Browser

PICTURE = b"\x89PNG\r\n\x1a\n" + b"\0" * 100


def send_logo(gateway: Gateway, browser: Browser, content: bytes, action: str = "send") -> None:
    browser.get(f"{gateway.url}/dashboard/settings")
    token = browser.page().xpath("//input[@name='csrf_token']/@value")[0]
    data, files = {"csrf_token": token, "action": action}, {"logo": ("logo.png", content)}
    where = f"{gateway.url}/dashboard/settings/logo"
    browser.answer = browser.session.post(where, data=data, files=files, timeout=10)


def test_the_limit_for_changes_by_clients_is_set(gateway: Gateway, browser: Browser) -> None:
    browser.get(f"{gateway.url}/dashboard/settings").submit("Save", change_cutoff="240")
    assert gateway.inner.asked("PATCH", "/me")[-1].json()["change_cutoff"] == 240
    chosen = browser.page().xpath("//select[@name='change_cutoff']/option[@selected]")
    assert [one.text_content() for one in chosen] == ["until 4 hours before"]


def test_a_color_is_measured_on_both_papers(gateway: Gateway, browser: Browser) -> None:
    browser.get(f"{gateway.url}/dashboard/settings").submit("Save", color="#ffff00")
    assert "On white its contrast is 1.1 to 1, on dark 15.9 to 1." in browser.words


def test_a_logo_is_sent_shown_and_removed(gateway: Gateway, browser: Browser) -> None:
    send_logo(gateway, browser, PICTURE)
    [call] = gateway.inner.asked("PUT", "/me/logo")
    assert (call.headers["content-type"], call.body) == ("image/png", PICTURE)
    assert browser.page().xpath("//img[@alt='Your logo']")
    send_logo(gateway, browser, b"", "remove")
    assert len(gateway.inner.asked("DELETE", "/me/logo")) == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"<svg/>", PICTURE + b"x" * 50_000, PICTURE + b"x" * 900_000],
    ids=["nothing", "svg", "large", "huge"],
)
def test_what_is_no_small_picture_is_refused_at_the_field(gateway: Gateway, browser: Browser, content: bytes) -> None:
    send_logo(gateway, browser, content)
    assert browser.answer.status_code == 422
    assert "PNG, JPEG or WebP" in browser.page().get_element_by_id("wrong-logo").text_content()
    assert gateway.inner.asked("PUT", "/me/logo") == []


def test_a_logo_that_booking_refuses_is_told_in_its_words(gateway: Gateway, browser: Browser) -> None:
    gateway.inner.say("PUT", "/me/logo", problem(422, "not_an_image", "This is not a picture."))
    send_logo(gateway, browser, PICTURE)
    assert "This is not a picture." in browser.page().get_element_by_id("wrong-logo").text_content()


def test_the_feed_gets_a_new_address_after_a_question(gateway: Gateway, browser: Browser) -> None:
    browser.get(f"{gateway.url}/dashboard/settings/programs").follow("Renew the address")
    assert "The old address stops working at once" in browser.words
    assert gateway.inner.asked("POST", "/me/calendar-feed") == []
    browser.submit("Renew it")
    assert "key=renewed" in browser.words


@pytest.fixture
def someone(gateway: Gateway) -> tuple[Host, Browser]:
    """Give a host whose account may be changed."""
    host = gateway.host()
    return host, gateway.browser(host)


def test_a_new_password_signs_the_other_browsers_out(gateway: Gateway, someone: tuple[Host, Browser]) -> None:
    host, browser = someone
    other = gateway.browser(host)
    browser.get(f"{gateway.url}/dashboard/settings/account")
    browser.submit("Change the password", password=PASSWORD, new_password="another long one")
    assert "The password is changed." in browser.words
    assert other.get(f"{gateway.url}/dashboard").url.startswith(f"{gateway.url}/signin")


@pytest.mark.parametrize(
    ("typed", "place", "words"),
    [
        ({"password": "wrong", "new_password": "another long one"}, "password", "password is wrong"),
        ({"password": PASSWORD, "new_password": "short"}, "new_password", "at least 10 characters"),
    ],
)
def test_a_password_that_cannot_be_is_said_beside_it(
    gateway: Gateway, someone: tuple[Host, Browser], typed: dict[str, str], place: str, words: str
) -> None:
    _, browser = someone
    browser.get(f"{gateway.url}/dashboard/settings/account").submit("Change the password", **typed)
    assert browser.answer.status_code == 422
    assert words in browser.page().get_element_by_id(f"wrong-password-{place}").text_content()
    assert browser.get(f"{gateway.url}/dashboard").answer.status_code == 200


def test_a_new_address_waits_for_its_confirmation(gateway: Gateway, someone: tuple[Host, Browser]) -> None:
    host, browser = someone
    browser.get(f"{gateway.url}/dashboard/settings/account")
    browser.submit("Send the confirmation mail", email=f"new.{host.email}", password=PASSWORD)
    assert f"We wrote to new.{host.email}" in browser.words.replace("New.", "new.")
    assert host.email in browser.words


def test_an_address_that_is_taken_keeps_what_was_typed(gateway: Gateway, someone: tuple[Host, Browser]) -> None:
    other = gateway.host()
    _, browser = someone
    browser.get(f"{gateway.url}/dashboard/settings/account")
    browser.submit("Send the confirmation mail", email=other.email, password=PASSWORD)
    assert browser.answer.status_code == 409
    assert "already an account" in browser.page().get_element_by_id("wrong-email-email").text_content()
    assert browser.page().get_element_by_id("field-email-email").get("value") == other.email


def test_a_browser_is_signed_out_from_another(gateway: Gateway, someone: tuple[Host, Browser]) -> None:
    host, browser = someone
    other = gateway.browser(host)
    browser.get(f"{gateway.url}/dashboard/settings/account")
    assert "This one" in browser.words
    rows = browser.page().xpath("//section[@aria-labelledby='browsers']//form[contains(@action, '/revoke')]/@action")
    token = browser.page().xpath("//input[@name='csrf_token']/@value")[0]
    [where] = rows
    browser.session.post(gateway.url + where, data={"csrf_token": token}, timeout=10)
    assert other.get(f"{gateway.url}/dashboard").url.startswith(f"{gateway.url}/signin")
    assert browser.get(f"{gateway.url}/dashboard").answer.status_code == 200


def test_leaving_takes_the_password_and_says_what_it_means(gateway: Gateway, someone: tuple[Host, Browser]) -> None:
    host, browser = someone
    browser.get(f"{gateway.url}/dashboard/settings/account").follow("Delete my account")
    assert "Every future session is canceled" in browser.words
    browser.submit("Delete my account", password="wrong")
    assert "wrong" in browser.page().get_element_by_id("wrong-password").text_content()
    assert gateway.inner.asked("DELETE", "/me") == []
    browser.submit("Delete my account", password=PASSWORD)
    [call] = gateway.inner.asked("DELETE", "/me")
    assert call.subject == host.id
    assert browser.url == f"{gateway.url}/"
    assert browser.get(f"{gateway.url}/dashboard").url.startswith(f"{gateway.url}/signin")


def test_wrong_passwords_are_limited_on_these_pages_too(gateway: Gateway, someone: tuple[Host, Browser]) -> None:
    _, browser = someone
    answers: list[Any] = []
    for _ in range(11):
        browser.get(f"{gateway.url}/dashboard/settings/leave").submit("Delete my account", password="wrong")
        answers.append(browser.answer.status_code)
    assert answers == [422] * 10 + [429]
