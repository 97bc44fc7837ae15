"""Coming back from Zoom: only the host who is signed in in this browser is ever connected."""

from urllib.parse import urlsplit

import pytest
import requests
from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from integration.gateway.conftest import PASSWORD, Gateway, Host
from integration.gateway.inner import Call, problem
from support.browsing import Browser

CALLBACK = "/me/connections/zoom/callback"
BEGIN = "/me/connections/zoom"


def come_back(gateway: Gateway, browser: Browser, query: str) -> requests.Response:
    """Follow Zoom's redirect, and no further."""
    return browser.session.get(f"{gateway.url}/oauth/zoom/callback?{query}", timeout=10, allow_redirects=False)


def is_sent_to_zoom(answer: requests.Response, gateway: Gateway) -> bool:
    return answer.status_code == 303 and answer.headers["Location"].startswith(gateway.inner.urls["zoom-connector"])


def test_a_signed_in_host_is_connected(gateway: Gateway, host: Host) -> None:
    browser = gateway.browser(host)
    answer = come_back(gateway, browser, "code=c1&state=s1")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/dashboard/connections")
    [call] = gateway.inner.asked("POST", CALLBACK)
    assert (call.subject, call.json()) == (host.id, {"state": "s1", "code": "c1", "error": None})
    browser.get(f"{gateway.url}/dashboard/connections")
    assert "Zoom is connected as hanna@zoom.example." in browser.words


def test_a_signed_out_browser_signs_in_first_and_is_connected_then(gateway: Gateway, host: Host) -> None:
    browser = Browser()
    answer = come_back(gateway, browser, "code=c1&state=s1")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/signin")
    assert gateway.inner.calls == []
    browser.get(f"{gateway.url}/signin").submit("Sign in", email=host.email, password=PASSWORD)
    assert browser.url == f"{gateway.url}/dashboard/connections"
    assert "Zoom is connected" in browser.words
    [call] = gateway.inner.asked("POST", CALLBACK)
    assert (call.subject, call.json()["code"]) == (host.id, "c1")


@pytest.mark.parametrize("code", ["state_expired", "state_unknown", "code_rejected"])
def test_what_went_stale_during_the_sign_in_is_begun_anew_once(gateway: Gateway, host: Host, code: str) -> None:
    gateway.inner.say("POST", CALLBACK, problem(409, code))
    browser = Browser()
    come_back(gateway, browser, "code=c1&state=s1")
    browser.get(f"{gateway.url}/signin")
    fields = dict(browser.page().forms[0].form_values()) | {"email": host.email, "password": PASSWORD}
    entered = browser.session.post(f"{gateway.url}/signin", data=fields, timeout=10, allow_redirects=False)
    resumed = browser.session.get(gateway.url + entered.headers["Location"], timeout=10, allow_redirects=False)
    assert is_sent_to_zoom(resumed, gateway)
    [began] = gateway.inner.asked("POST", BEGIN)
    assert began.subject == host.id
    again = come_back(gateway, browser, "code=c2&state=s2")
    assert again.status_code == 409


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("consent_denied", 409, "You did not allow it in Zoom"),
        ("scopes_missing", 409, "fewer permissions than needed"),
        ("state_expired", 409, "longer than ten minutes"),
        ("state_used", 409, "was taken already"),
        ("state_unknown", 409, "don't know this connection"),
        ("state_of_another_host", 403, "begun by somebody else"),
        ("code_rejected", 409, "did not accept the connection"),
        ("zoom_unreachable", 503, "does not answer right now"),
        ("something_new", 409, "was not connected"),
    ],
)
def test_each_refusal_is_said_in_words_with_one_next_step(
    gateway: Gateway, host: Host, code: str, status: int, words: str
) -> None:
    gateway.inner.say("POST", CALLBACK, problem(status, code))
    browser = gateway.browser(host).get(f"{gateway.url}/oauth/zoom/callback?code=c1&state=s1")
    assert browser.answer.status_code == status
    assert words in browser.words
    [form] = browser.page().xpath("//main//form")
    assert form.get("action") == "/dashboard/connections/zoom"
    assert gateway.inner.asked("POST", BEGIN) == []


def test_the_button_of_a_refusal_leads_to_zoom(gateway: Gateway, host: Host) -> None:
    gateway.inner.say("POST", CALLBACK, problem(409, "state_expired"))
    browser = gateway.browser(host).get(f"{gateway.url}/oauth/zoom/callback?code=c1&state=s1")
    browser.submit("Start again")
    assert urlsplit(browser.url).path == "/oauth/authorize"


def test_a_code_without_a_state_is_never_bound_but_begun_anew(gateway: Gateway, host: Host) -> None:
    answer = come_back(gateway, gateway.browser(host), "code=stray")
    assert is_sent_to_zoom(answer, gateway)
    assert gateway.inner.asked("POST", CALLBACK) == []


def test_a_code_without_a_state_in_a_signed_out_browser_waits_for_the_sign_in(gateway: Gateway, host: Host) -> None:
    browser = Browser()
    assert come_back(gateway, browser, "code=stray").headers["Location"] == "/signin"
    browser.get(f"{gateway.url}/signin").submit("Sign in", email=host.email, password=PASSWORD)
    assert urlsplit(browser.url).path == "/oauth/authorize"
    assert gateway.inner.asked("POST", CALLBACK) == []
    assert all("stray" not in call.body.decode() for call in gateway.inner.calls)


def test_a_denied_consent_is_said_in_words(gateway: Gateway, host: Host) -> None:
    out = requests.get(f"{gateway.url}/oauth/zoom/callback?error=access_denied&state=s1", timeout=10)
    assert out.status_code == 403
    assert "You did not allow it in Zoom" in out.text
    assert gateway.inner.calls == []

    def deny(call: Call) -> tuple[int, object]:
        assert call.json() == {"state": "s1", "code": None, "error": "access_denied"}
        return problem(409, "consent_denied")

    gateway.inner.say("POST", CALLBACK, deny)
    browser = gateway.browser(host).get(f"{gateway.url}/oauth/zoom/callback?error=access_denied&state=s1")
    assert "You did not allow it in Zoom" in browser.words


def test_an_installation_from_the_marketplace_leads_to_zoom(gateway: Gateway, host: Host) -> None:
    browser = gateway.browser(host)
    answer = browser.session.get(f"{gateway.url}/oauth/zoom/install", timeout=10, allow_redirects=False)
    assert is_sent_to_zoom(answer, gateway)


def test_an_installation_in_a_signed_out_browser_comes_after_the_sign_up(gateway: Gateway) -> None:
    browser = Browser().get(f"{gateway.url}/oauth/zoom/install")
    assert browser.url == f"{gateway.url}/signin"
    browser.follow("Sign up").submit(
        "Sign up",
        name="Ida",
        email="ida.installs@example.com",
        password=PASSWORD,
        handle="ida-installs",
        timezone="UTC",
    )
    assert urlsplit(browser.url).path == "/oauth/authorize"


def test_a_loop_between_zoom_and_us_ends(gateway: Gateway, host: Host) -> None:
    browser = gateway.browser(host)
    answers = [come_back(gateway, browser, "code=stray").status_code for _ in range(4)]
    assert answers == [303, 303, 303, 429]


@pytest.mark.parametrize(
    "query", ["", "state=" + "x" * 5000, "code=%00&state=%00", "state=%ff&code=%ff", "error=" + "x" * 2000]
)
def test_nonsense_in_the_callback_is_never_a_fault(gateway: Gateway, host: Host, query: str) -> None:
    for browser in (Browser(), gateway.browser(host)):
        assert come_back(gateway, browser, query).status_code < 500


def test_nothing_waits_for_ever(gateway: Gateway, host: Host) -> None:
    browser = Browser()
    come_back(gateway, browser, "code=c1&state=s1")
    app = Flask("forger")
    app.secret_key = gateway.parts.settings.secret_key
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert signer is not None
    kept = signer.loads(browser.session.cookies["punctual_visit"])
    kept["zoom_return"]["at"] -= 3700
    browser.session.cookies.set("punctual_visit", signer.dumps(kept), domain="127.0.0.1", path="/")
    browser.get(f"{gateway.url}/signin").submit("Sign in", email=host.email, password=PASSWORD)
    assert browser.url == f"{gateway.url}/dashboard/connections"
    assert gateway.inner.asked("POST", CALLBACK) == []


def test_a_connector_that_is_away_is_a_page_and_the_code_is_not_lost_to_a_reload(gateway: Gateway, host: Host) -> None:
    browser = gateway.browser(host)
    with gateway.away("zoom-connector"):
        answer = come_back(gateway, browser, "code=c1&state=s1")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert come_back(gateway, browser, "code=c1&state=s1").headers["Location"] == "/dashboard/connections"


def test_a_doubled_callback_says_that_zoom_is_connected(gateway: Gateway, host: Host) -> None:
    browser = gateway.browser(host)
    assert come_back(gateway, browser, "code=c1&state=s1").headers["Location"] == "/dashboard/connections"
    gateway.inner.say("POST", CALLBACK, problem(409, "state_used"))
    browser.get(f"{gateway.url}/oauth/zoom/callback?code=c1&state=s1")
    assert browser.answer.status_code == 200
    assert "Zoom is connected as hanna@zoom.example" in browser.words
    assert browser.follow("See your connections").url == f"{gateway.url}/dashboard/connections"


def test_another_account_takes_the_place_of_the_one_before_and_both_are_named(gateway: Gateway, host: Host) -> None:
    gateway.inner.connected = True
    other = {"status": "connected", "account_email": "new@zoom.example", "scopes": [], "pending_bookings": 0}
    gateway.inner.say("POST", CALLBACK, (200, other))
    browser = gateway.browser(host).get(f"{gateway.url}/oauth/zoom/callback?code=c1&state=s1")
    assert "Zoom is connected as new@zoom.example, in place of hanna@zoom.example." in browser.words


def test_an_account_that_another_host_uses_too_is_told(gateway: Gateway, host: Host) -> None:
    made = {"status": "connected", "account_email": "one@zoom.example", "scopes": [], "shared": True}
    gateway.inner.say("POST", CALLBACK, (200, made))
    browser = gateway.browser(host).get(f"{gateway.url}/oauth/zoom/callback?code=c1&state=s1")
    assert "Another host here uses the same account; both connections work." in browser.words


def test_each_tab_has_a_state_of_its_own(gateway: Gateway, host: Host) -> None:
    browser = gateway.browser(host)
    for _ in range(2):
        browser.get(f"{gateway.url}/dashboard/connections").submit("Connect Zoom")
    assert len(gateway.inner.asked("POST", BEGIN)) == 2
    assert come_back(gateway, browser, "code=c1&state=first").status_code == 303
    assert come_back(gateway, browser, "code=c2&state=second").status_code == 303


def test_a_stray_code_is_thrown_away_at_once(gateway: Gateway) -> None:
    browser = Browser()
    come_back(gateway, browser, "code=stray-code")
    app = Flask("reader")
    app.secret_key = gateway.parts.settings.secret_key
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert signer is not None
    kept = signer.loads(browser.session.cookies["punctual_visit"])
    assert kept["zoom_return"]["came"] == {"state": None, "code": None, "error": None}


def test_whoever_must_sign_in_first_reads_why(gateway: Gateway) -> None:
    browser = Browser().get(f"{gateway.url}/oauth/zoom/install")
    assert "connecting Zoom goes on by itself" in browser.words
