"""A host's account over the API alone, through every service: forgotten password, new address, the end."""

import re
import secrets
from typing import Any

import pytest
import requests

from shared.testing import eventually
from support.system import PASSWORD, Host, System

NEW = "another horse battery"


@pytest.fixture
def host(system: System) -> Host:
    return system.host()


def mailed(system: System, to: str, page: str, *, count: int = 1) -> str:
    """Wait for so many mails with a link to a page of ours, and give the newest one's token."""

    def found() -> list[str] | None:
        links = [link for mail in system.mail(to) for link in re.findall(rf"{page}/([\w-]+)", mail["text"])]
        return links if len(set(links)) >= count else None

    return eventually(found, timeout=20)[-1]


def opens(system: System, email: str, password: str) -> bool:
    body = {"email": email, "password": password, "label": "test"}
    return requests.post(f"{system.api}/api-keys", json=body, timeout=20).status_code == 201


def post(system: System, path: str, **body: str) -> requests.Response:
    return requests.post(system.api + path, json=body, timeout=20)


def test_a_forgotten_password_is_replaced_by_the_mails_link_and_the_host_is_told(system: System, host: Host) -> None:
    assert post(system, "/password-resets", email=host.email).status_code == 202
    token = mailed(system, host.email, "reset-password")
    assert post(system, "/password-resets/use", token=token, password=NEW).status_code == 204
    assert (opens(system, host.email, PASSWORD), opens(system, host.email, NEW)) == (False, True)
    eventually(lambda: any("changed" in mail["subject"] for mail in system.mail(host.email)), timeout=20)


def test_a_new_address_is_confirmed_by_its_own_mail_and_later_mails_go_there(system: System, host: Host) -> None:
    new = f"new.{host.email}"
    assert host.call("POST", "/me/email", json={"email": new, "password": PASSWORD}).status_code == 202
    token = mailed(system, new, "confirm-email")
    assert post(system, "/email-changes/confirm", token=token).json() == {"email": new}
    assert host.call("GET", "/me").json()["email"] == new
    assert (opens(system, host.email, PASSWORD), opens(system, new, PASSWORD)) == (False, True)
    eventually(lambda: any("changed" in mail["subject"] for mail in system.mail(host.email)), timeout=20)
    assert host.book().status_code == 201
    eventually(lambda: any("booking" in mail["subject"] for mail in system.mail(new)), timeout=20)


def test_a_deleted_account_cancels_what_was_booked_and_leaves_name_and_address_free(system: System) -> None:
    host = system.host(connected=True)
    made: dict[str, Any] = host.book().json()
    eventually(lambda: [m for m in system.meetings() if made["id"] in m["agenda"]], timeout=20)
    feed = host.call("GET", "/me").json()["calendar_feed"]
    assert host.call("DELETE", "/me", json={"password": PASSWORD}).status_code == 204
    assert host.call("GET", "/me").status_code == 401
    assert requests.get(f"{system.api}/hosts/{host.handle}", timeout=20).json()["code"] == "no_such_host"
    assert requests.get(feed, timeout=20).status_code == 404
    to = made["client"]["email"]
    eventually(lambda: any(mail["subject"].startswith("Canceled") for mail in system.mail(to)), timeout=20)
    again = system.host(email=host.email, handle=host.handle)
    assert again.call("GET", "/me/connections/zoom").json()["status"] == "disconnected"
    assert again.call("GET", "/me/bookings").json()["items"] == []


def test_an_account_that_never_was_gets_the_same_answer_as_one_that_is(system: System, host: Host) -> None:
    known = post(system, "/password-resets", email=host.email)
    unknown = post(system, "/password-resets", email=f"nobody.{secrets.token_hex(4)}@example.com")
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    own = {"x-request-id", "date"}
    assert {k for k in known.headers if k.lower() not in own} == {k for k in unknown.headers if k.lower() not in own}
