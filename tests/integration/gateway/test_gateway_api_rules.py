"""The rules that hold for every call of the API and every page: ids, limits, cookies, what a browser may run."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from lxml import html

from gateway import bootstrap, limits
from integration.gateway.conftest import PASSWORD, Gateway, Host
from integration.gateway.inner import Raw
from shared import migrations
from support.browsing import Browser

Make = Callable[..., FlaskClient]


@pytest.fixture
def own_app(gateway: Gateway, tmp_path: Path) -> Make:
    """Make an app of its own, whose limits nobody else uses up."""

    def make(**told: int) -> FlaskClient:
        url = f"sqlite:///{tmp_path}/own.sqlite3"
        migrations.migrate(url, "gateway")
        settings = gateway.parts.settings.model_copy(update={"database_url": url, **told})
        return bootstrap.app(settings, hasher=PasswordHasher(1, 64, 1)).test_client()

    return make


@pytest.mark.parametrize("path", ["/me", "/nothing", "/hosts/nobody", "/openapi.json"])
def test_every_answer_has_a_request_id_and_keeps_one_that_was_sent(gateway: Gateway, path: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{24}", gateway.call("GET", path).headers["X-Request-Id"])
    sent = gateway.call("GET", path, headers={"X-Request-Id": "mine-0123456789"})
    assert sent.headers["X-Request-Id"] == "mine-0123456789"
    assert gateway.call("GET", path, headers={"X-Request-Id": "<b>"}).headers["X-Request-Id"] != "<b>"


def test_a_cookie_opens_nothing_of_the_api(gateway: Gateway, host: Host) -> None:
    browser = gateway.browser(host)
    assert browser.get(f"{gateway.api}/me").answer.status_code == 401
    left = browser.session.delete(f"{gateway.api}/me", json={"password": "correct horse battery"}, timeout=10)
    assert left.status_code == 401


def test_no_other_site_may_read_the_api(gateway: Gateway, host: Host) -> None:
    headers = {"Origin": "https://evil.example"}
    answer = gateway.call("GET", "/me", key=host.api_key, headers=headers)
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    assert not answer.headers.get("Set-Cookie")


def test_from_one_address_come_only_so_many_calls_with_passwords_a_minute(
    own_app: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PASSWORDS", "5/minute")
    client = own_app()
    wish = {"email": "somebody@example.com"}
    answers = [client.post("/api/v1/password-resets", json=wish) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [202] * 5 + [429]
    assert answers[5].content_type == "application/problem+json"
    assert answers[5].get_json()["code"] == "rate_limited"
    assert 1 <= int(answers[5].headers["Retry-After"]) <= 61
    assert client.get("/api/v1/hosts/nobody").status_code == 404, "other calls go on"
    elsewhere = client.post("/api/v1/password-resets", json=wish, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert elsewhere.status_code == 202


def test_there_is_room_for_hundreds_of_bookings_a_minute_with_their_pages() -> None:
    calls, _, unit = limits.ANY.partition("/")
    assert unit == "minute"
    assert int(calls) >= 500 * 10


@pytest.mark.parametrize(("proxies", "last"), [(0, 429), (1, 404)])
def test_only_a_proxy_that_we_know_of_says_who_calls(
    own_app: Make, monkeypatch: pytest.MonkeyPatch, proxies: int, last: int
) -> None:
    monkeypatch.setattr(limits, "ANY", "3/minute")
    client = own_app(proxies=proxies)
    for number in range(4):
        answer = client.get("/api/v1/hosts/nobody", headers={"X-Forwarded-For": f"203.0.113.{number}"})
    assert answer.status_code == last


@pytest.mark.parametrize(
    "path",
    [
        "/signin",
        "/signup",
        "/forgot-password",
        "/reset-password/some-token",
        "/confirm-email/some-token",
        "/api/v1/hosts",
        "/api/v1/api-keys",
        "/api/v1/me/password",
        "/api/v1/me/email",
        "/api/v1/password-resets/use",
        "/api/v1/email-changes/confirm",
        "/dashboard/settings/password",
    ],
)
def test_whatever_takes_a_password_or_sends_a_mail_is_counted_as_such(path: str) -> None:
    assert limits.PASSWORD_PATHS.fullmatch(path)


def pages_of(app: Flask) -> list[str]:
    """Give every address that a browser may open, with what is known filled in."""
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    return sorted({re.sub(r"<[^>]+>", "unknown", rule.rule) for rule in rules if not rule.rule.startswith("/api/v1")})


def test_no_page_may_run_or_wear_what_is_not_ours(gateway: Gateway, host: Host) -> None:
    booked = gateway.book(host)
    browser = gateway.browser(host)
    known = {f"/{host.handle}", f"/{host.handle}/intro", f"/bookings/{booked['reference']}"}
    known |= {f"/dashboard/bookings/{booked['id']}", "/dashboard/session-types/type-intro"}
    seen = 0
    for path in sorted(known | set(pages_of(gateway.app))):
        answer = browser.session.get(gateway.url + path, timeout=20, allow_redirects=False)
        if not answer.headers.get("Content-Type", "").startswith("text/html"):
            continue
        seen += 1
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy, path
        assert "default-src 'none'" in policy, path
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert answer.headers["Referrer-Policy"], path
        page = html.document_fromstring(answer.content)
        nonce = policy.split("'nonce-")[1].split("'")[0]
        assert all(script.get("src", "").startswith("/static/") for script in page.iter("script")), path
        assert all(style.get("nonce") == nonce for style in page.iter("style")), path
        assert not [one.tag for one in page.iter() if "style" in one.attrib], path
        assert not [name for one in page.iter() for name in one.attrib if str(name).startswith("on")], path
        assert answer.status_code < 500, path
    assert seen > 20


def test_an_answer_of_the_api_is_kept_by_no_cache_and_an_empty_one_has_no_type(gateway: Gateway, host: Host) -> None:
    assert gateway.call("GET", "/me", key=host.api_key).headers["Cache-Control"] == "no-store"
    empty = gateway.call("DELETE", "/me/session-types/type-intro", key=host.api_key)
    assert (empty.status_code, empty.content, empty.headers.get("Content-Type")) == (204, b"", None)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/me"),
        ("POST", "/me/password"),
        ("POST", "/me/email"),
        ("POST", "/email-changes/confirm"),
        ("POST", "/password-resets"),
        ("POST", "/password-resets/use"),
        ("POST", "/hosts"),
        ("POST", "/api-keys"),
        ("DELETE", "/me/logo"),
        ("POST", "/me/bookings/b1/accept"),
    ],
)
def test_a_field_that_no_call_has_is_named(gateway: Gateway, host: Host, method: str, path: str) -> None:
    answer = gateway.call(method, path, key=host.api_key, json={"surprise": 1})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert "surprise" in [error["field"] for error in answer.json()["errors"]]


@pytest.mark.parametrize("path", ["/me/sessions", "/me/api-keys"])
@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=x", "cursor=bm8gdGltZSB4"])
def test_a_page_of_a_list_that_cannot_be_is_refused(gateway: Gateway, host: Host, path: str, query: str) -> None:
    answer = gateway.call("GET", f"{path}?{query}", key=host.api_key)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


def test_only_the_head_of_a_long_list_can_be_asked_for(gateway: Gateway, host: Host) -> None:
    gateway.inner.say("GET", "/me/bookings.csv", (200, Raw(iter([b"id\r\n"] * 9), {"Content-Type": "text/csv"})))
    answer = gateway.call("HEAD", "/me/bookings.csv", key=host.api_key)
    assert (answer.status_code, answer.content) == (200, b"")


def test_no_form_of_any_page_counts_without_its_token(gateway: Gateway, browser: Browser) -> None:
    gateway.inner.calls.clear()
    rules = [rule.rule for rule in gateway.app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    forms = [rule for rule in rules if not rule.startswith(("/api/", "/webhooks/"))]
    assert len(forms) > 20
    for form in forms:
        path = re.sub(r"<[^>]+>", "unknown", form)
        answer = browser.session.post(gateway.url + path, data={"password": PASSWORD}, timeout=20)
        assert answer.status_code == 400, form
        assert "too old" in answer.text, form
    assert gateway.inner.calls == []
