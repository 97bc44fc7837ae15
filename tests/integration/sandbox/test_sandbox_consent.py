"""The consent page and what it sends back."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from integration.sandbox.world import World


def sent_back(answer: requests.Response) -> dict[str, list[str]]:
    return parse_qs(urlsplit(answer.headers["Location"]).query)


def signed_in_as(world: World, browser: requests.Session) -> str:
    """Go through the consent in this browser and ask Zoom who that was."""
    browser.get(f"{world.url}/oauth/authorize", params=world.ask())
    token = world.exchange(world.code(browser)).json()["access_token"]
    me = requests.get(f"{world.url}/v2/users/me", headers={"Authorization": f"Bearer {token}"}, timeout=10)
    return str(me.json()["email"])


def test_the_page_names_the_app_and_what_it_may_do(world: World) -> None:
    page = requests.get(f"{world.url}/oauth/authorize", params=world.ask(), timeout=10).text
    assert "Punctual wants to use your Zoom account" in page
    assert "Delete your meetings" in page
    assert "<script" not in page


def test_allow_sends_a_code_and_the_state_as_it_came(world: World) -> None:
    answer = world.decide(state="a b&c=d/ü")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"{world.callback}?")
    assert set(sent_back(answer)) == {"code", "state"}
    assert sent_back(answer)["state"] == ["a b&c=d/ü"]


def test_decline_sends_access_denied_and_no_code(world: World) -> None:
    assert sent_back(world.decide(decision="decline", state="s")) == {"error": ["access_denied"], "state": ["s"]}


@pytest.mark.parametrize("wrong", ["/", "?x=1", "/more"])
def test_a_redirect_address_that_is_not_listed_gets_an_error_page(world: World, wrong: str) -> None:
    asked = world.ask(redirect_uri=world.callback + wrong)
    page = requests.get(f"{world.url}/oauth/authorize", params=asked, allow_redirects=False, timeout=10)
    assert page.status_code == 400
    assert "4709" in page.text


def test_an_unlisted_redirect_address_gets_no_code_either(world: World) -> None:
    answer = world.decide(redirect_uri="http://elsewhere.example/")
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_an_unknown_client_gets_an_error_page(world: World) -> None:
    page = requests.get(f"{world.url}/oauth/authorize", params=world.ask(client_id="other"), timeout=10)
    assert (page.status_code, "4702" in page.text) == (400, True)


def test_two_browsers_are_two_zoom_users(world: World) -> None:
    assert signed_in_as(world, requests.Session()) != signed_in_as(world, requests.Session())


def test_one_browser_stays_the_same_zoom_user(world: World) -> None:
    browser = requests.Session()
    assert signed_in_as(world, browser) == signed_in_as(world, browser)


def test_a_new_address_makes_a_new_zoom_user(world: World) -> None:
    assert world.zoom("dana@zoom.example").call("GET", "/users/me").json()["email"] == "dana@zoom.example"


def test_a_known_address_signs_in_as_that_user(world: World) -> None:
    first = world.zoom("dana@zoom.example").call("GET", "/users/me").json()["id"]
    assert world.zoom("Dana@zoom.example").call("GET", "/users/me").json()["id"] == first


def test_the_browser_stays_with_the_address_that_it_chose(world: World) -> None:
    browser = requests.Session()
    world.code(browser, email="dana@zoom.example")
    assert signed_in_as(world, browser) == "dana@zoom.example"


def test_adding_from_the_marketplace_sends_a_code_without_a_state(world: World) -> None:
    page = requests.get(f"{world.url}/", timeout=10).text
    link = page.split('">Add from Marketplace')[0].rsplit('"', 1)[1].replace("&amp;", "&")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    answer = requests.post(
        f"{world.url}/oauth/authorize", data=asked | {"decision": "allow"}, allow_redirects=False, timeout=10
    )
    assert set(sent_back(answer)) == {"code"}


def test_scope_in_the_request_is_ignored(world: World) -> None:
    assert "meeting:write:meeting" in world.exchange(world.code(scope="user:read:user")).json()["scope"].split()


def test_only_chosen_scopes_are_granted(world: World) -> None:
    world.fault(fault="scopes", granted=["user:read:user"])
    assert world.tokens()["scope"] == "user:read:user"


def test_scopes_of_earlier_consents_change_only_on_demand(world: World) -> None:
    zoom = world.zoom()
    world.fault(fault="scopes", granted=["user:read:user"])
    assert zoom.create().status_code == 201
    world.fault(fault="scopes", granted=["user:read:user"], existing=True)
    assert zoom.create().status_code == 400
