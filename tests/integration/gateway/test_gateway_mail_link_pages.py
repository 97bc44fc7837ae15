"""A forgotten password and a new e-mail address, on the pages that the mails lead to."""

import json

import pytest
import requests
from sqlalchemy import delete, select

from gateway.accounts import EmailChange
from integration.gateway.conftest import PASSWORD, Gateway, Host
from shared.outbox import OUTBOX
from support.browsing import Browser

NEW = "another horse battery"


@pytest.fixture
def forgetful(gateway: Gateway) -> Host:
    with gateway.database.write() as tx:
        tx.execute(delete(OUTBOX))
    return gateway.host()


def mailed(gateway: Gateway, kind: str) -> str:
    """Give the path of the newest link of a kind."""
    while gateway.parts.new_passwords.send_links():
        pass
    with gateway.database.read() as tx:
        rows = tx.execute(select(OUTBOX.c.body).order_by(OUTBOX.c.seq)).scalars().all()
    mails = [json.loads(body)["data"] for body in rows]
    link = next(mail["link"] for mail in reversed(mails) if mail.get("kind") == kind)
    return str(link).removeprefix("http://gateway.test")


def asked(gateway: Gateway, email: str) -> Browser:
    browser = Browser().get(f"{gateway.url}/signin").follow("Forgotten your password?")
    return browser.submit("Mail me a link", email=email)


def test_who_forgot_a_password_chooses_a_new_one_by_mail(gateway: Gateway, forgetful: Host) -> None:
    assert "a link is on its way" in asked(gateway, forgetful.email).words
    browser = Browser().get(gateway.url + mailed(gateway, "password_reset"))
    browser.submit("Change the password", password=NEW)
    assert browser.url == f"{gateway.url}/signin"
    assert "Your password is changed" in browser.words
    browser.submit("Sign in", email=forgetful.email, password=NEW)
    assert browser.url == f"{gateway.url}/dashboard"


def test_the_page_says_the_same_to_whoever_has_no_account(gateway: Gateway, forgetful: Host) -> None:
    def said(email: str) -> str:
        return asked(gateway, email).words.replace(email, "…")

    assert said(forgetful.email) == said("nobody.at.all@example.com")


def test_what_is_no_address_is_said_beside_the_field(gateway: Gateway) -> None:
    browser = asked(gateway, "nobody")
    assert browser.answer.status_code == 422
    assert "Must be an e-mail address" in browser.page().get_element_by_id("wrong-email").text_content()
    assert dict(browser.page().forms[0].form_values())["email"] == "nobody"


def test_a_short_password_is_said_beside_the_field_and_the_link_still_works(gateway: Gateway, forgetful: Host) -> None:
    asked(gateway, forgetful.email)
    browser = Browser().get(gateway.url + mailed(gateway, "password_reset"))
    browser.submit("Change the password", password="short")
    assert browser.answer.status_code == 422
    assert "Use at least 10 characters" in browser.words
    assert browser.submit("Change the password", password=NEW).url == f"{gateway.url}/signin"


def test_a_link_that_was_used_says_so_and_offers_a_new_one(gateway: Gateway, forgetful: Host) -> None:
    asked(gateway, forgetful.email)
    path = mailed(gateway, "password_reset")
    late = Browser().get(gateway.url + path)
    Browser().get(gateway.url + path).submit("Change the password", password=NEW)
    late.submit("Change the password", password=PASSWORD)
    assert late.answer.status_code == 404
    assert late.follow("Ask for a new link").url == f"{gateway.url}/forgot-password"
    assert requests.get(gateway.url + path, timeout=10).status_code == 404


def test_a_new_address_counts_once_its_reader_says_so(gateway: Gateway, forgetful: Host) -> None:
    new = forgetful.email.lower().replace("hanna", "hanna.new")
    gateway.parts.email_changes.ask(forgetful.id, EmailChange(email=new, password=PASSWORD))
    path = mailed(gateway, "email_change")
    browser = Browser().get(gateway.url + path)
    assert new in browser.words
    gateway.inner.say("PUT", "/me/email", (200, {}))
    browser.submit("Yes, use this address")
    browser.submit("Sign in", email=new, password=PASSWORD)
    assert browser.url == f"{gateway.url}/dashboard/settings"
    assert Browser().get(gateway.url + path).answer.status_code == 404


@pytest.mark.parametrize("path", ["/forgot-password", "/reset-password/some-token", "/confirm-email/some-token"])
def test_a_form_without_its_token_changes_nothing(gateway: Gateway, path: str) -> None:
    assert requests.post(gateway.url + path, data={"password": NEW}, timeout=10).status_code == 400


def test_an_address_with_a_secret_is_kept_by_nobody(gateway: Gateway, forgetful: Host) -> None:
    asked(gateway, forgetful.email)
    page = requests.get(gateway.url + mailed(gateway, "password_reset"), timeout=10)
    assert (page.headers["Cache-Control"], page.headers["X-Robots-Tag"]) == ("no-store", "noindex")
    assert page.headers["Referrer-Policy"] == "same-origin"
