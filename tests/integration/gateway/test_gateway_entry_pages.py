"""Signing up, in and out on the pages; what every page says to the browser; who gets in."""

import re
import secrets
from pathlib import Path

import pytest
import requests

from gateway import bootstrap
from integration.gateway.conftest import PASSWORD, Gateway, Host
from shared import migrations
from support.browsing import Browser

COOKIE = "punctual_sign_in"
PUBLIC = (
    "/",
    "/signin",
    "/signup",
    "/forgot-password",
    "/reset-password/no-such-token",
    "/{handle}",
    "/{handle}/intro",
    "/bookings/{reference}",
    "/nothing-here",
    "/api/docs",
)
INSIDE = (
    "/dashboard",
    "/dashboard/bookings",
    "/dashboard/calendar",
    "/dashboard/session-types",
    "/dashboard/session-types/new",
    "/dashboard/session-types/type-intro",
    "/dashboard/session-types/type-intro/delete",
    "/dashboard/availability",
    "/dashboard/connections",
    "/dashboard/settings",
    "/dashboard/design",
)
FORMS = (
    "/signin",
    "/signup",
    "/signout",
    "/forgot-password",
    "/reset-password/no-such-token",
    "/confirm-email/no-such-token",
    "/{handle}/intro",
    "/{handle}/intro/time",
    "/bookings/{reference}/cancel",
    "/bookings/{reference}/reschedule",
    "/dashboard/settings",
    "/dashboard/settings/keys",
    "/dashboard/settings/signout",
    "/dashboard/availability",
    "/dashboard/session-types/new",
    "/dashboard/connections/zoom",
    "/dashboard/connections/zoom/disconnect",
    "/dashboard/bookings/booking-1/cancel",
    "/dashboard/bookings/booking-1/reschedule",
    "/dashboard/bookings/booking-1/retry",
)


@pytest.fixture
def reference(gateway: Gateway, host: Host) -> str:
    return str(gateway.book(host)["reference"])


@pytest.mark.parametrize("path", PUBLIC)
def test_every_page_protects_itself(gateway: Gateway, host: Host, reference: str, path: str) -> None:
    page = requests.get(gateway.url + path.format(handle=host.handle, reference=reference), timeout=20)
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert '<html lang="en">' in page.text
    assert " style=" not in page.text
    [nonce] = re.findall(r'<style nonce="([^"]+)"', page.text)
    assert f"'nonce-{nonce}'" in policy


@pytest.mark.parametrize("path", PUBLIC)
def test_every_field_has_its_label_and_nothing_comes_from_outside(
    gateway: Gateway, host: Host, reference: str, path: str
) -> None:
    browser = Browser().get(gateway.url + path.format(handle=host.handle, reference=reference))
    check_page(browser)


@pytest.mark.parametrize("path", INSIDE)
def test_the_dashboard_is_for_signed_in_hosts(gateway: Gateway, host: Host, path: str) -> None:
    out = requests.get(gateway.url + path, timeout=10, allow_redirects=False)
    assert out.status_code == 303
    assert (
        out.headers["Location"].startswith("/signin?next=%2Fdashboard") or "next=/dashboard" in out.headers["Location"]
    )
    browser = gateway.browser(host)
    gateway.inner.calls.clear()
    browser.get(gateway.url + path)
    assert browser.answer.status_code == 200
    assert len(gateway.inner.calls) <= 3
    assert {call.subject for call in gateway.inner.calls} <= {host.id}
    check_page(browser)


def check_page(browser: Browser) -> None:
    page = browser.page()
    named = set(page.xpath("//label/@for"))
    for one in page.xpath("//input[not(@type='hidden')] | //select | //textarea"):
        assert one.get("id") in named or one.get("aria-label") or one.getparent().tag == "label", one.attrib
    assert len(page.xpath("//h1")) == 1
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    for address in page.xpath("//script/@src | //link/@href | //img/@src"):
        assert address.startswith("/static/")


@pytest.mark.parametrize("path", FORMS)
def test_a_form_without_its_token_changes_nothing(gateway: Gateway, host: Host, reference: str, path: str) -> None:
    browser = gateway.browser(host)
    gateway.inner.calls.clear()
    url = gateway.url + path.format(handle=host.handle, reference=reference)
    for fields in ({}, {"csrf_token": "wrong"}):
        answer = browser.session.post(url, data=fields, timeout=10, allow_redirects=False)
        assert answer.status_code == 400
        assert answer.headers["Content-Type"].startswith("text/html")
    assert gateway.inner.calls == []


def test_a_token_of_another_visit_is_worth_nothing(gateway: Gateway, host: Host) -> None:
    token = Browser().get(f"{gateway.url}/signin").page().forms[0].fields["csrf_token"]
    other = Browser().get(f"{gateway.url}/signin")
    fields = {"email": host.email, "password": PASSWORD, "csrf_token": token}
    assert other.session.post(f"{gateway.url}/signin", data=fields, timeout=10).status_code == 400


def sign_up_fields() -> dict[str, str]:
    word = secrets.token_hex(4)
    return {
        "name": "Hanna",
        "email": f"h.{word}@example.com",
        "password": PASSWORD,
        "handle": f"h-{word}",
        "timezone": "Europe/Berlin",
    }


def test_a_person_signs_up_and_is_in(gateway: Gateway) -> None:
    browser = Browser().get(f"{gateway.url}/signup").submit("Sign up", **sign_up_fields())
    assert browser.url == f"{gateway.url}/dashboard"
    assert "Hello, Hanna" in browser.words


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", " ", "Fill this in"),
        ("email", "nobody", "Must be an e-mail address"),
        ("password", "short", "Use at least 10 characters"),
        ("handle", "No Spaces", "small letters, digits and hyphens"),
        ("handle", "dashboard", "Is reserved"),
        ("timezone", "Mars", "IANA time zone"),
        ("name", "a\0b", "control characters"),
    ],
)
def test_a_bad_field_is_said_beside_it_and_nothing_typed_is_lost(
    gateway: Gateway, field: str, value: str, words: str
) -> None:
    fields = sign_up_fields() | {field: value}
    browser = Browser().get(f"{gateway.url}/signup").submit("Sign up", **fields)
    assert browser.answer.status_code == 422
    page = browser.page()
    assert words in page.get_element_by_id(f"wrong-{field}").text_content()
    [link] = page.xpath("//div[@role='alert']//a/@href")
    assert link == f"#field-{field}"
    kept = dict(page.forms[0].form_values())
    for name in {"name", "email", "handle"} - {field}:
        assert kept[name] == fields[name]
    assert kept["password"] == ""
    assert browser.page().xpath("//title")[0].text.startswith("Error: ")


def test_a_taken_handle_and_a_taken_address_are_said_beside_their_fields(gateway: Gateway, host: Host) -> None:
    for name, value in (("handle", host.handle), ("email", host.email.upper())):
        browser = Browser().get(f"{gateway.url}/signup").submit("Sign up", **sign_up_fields() | {name: value})
        assert browser.answer.status_code == 409
        assert browser.page().get_element_by_id(f"wrong-{name}") is not None


def test_a_wrong_password_and_an_unknown_address_read_the_same(gateway: Gateway, host: Host) -> None:
    def refused(email: str) -> str:
        browser = Browser().get(f"{gateway.url}/signin").submit("Sign in", email=email, password="wrong password")
        assert browser.answer.status_code == 401
        kept = dict(browser.page().forms[0].form_values())
        assert (kept["email"], kept["password"]) == (email, "")
        return browser.words

    assert refused(host.email) == refused("nobody@example.com")


def test_after_ten_wrong_passwords_the_page_asks_to_wait(gateway: Gateway) -> None:
    browser = Browser().get(f"{gateway.url}/signin")
    for _ in range(10):
        browser.submit("Sign in", email="page.guess@example.com", password="wrong password")
    browser.submit("Sign in", email="page.guess@example.com", password="wrong password")
    assert browser.answer.status_code == 429
    assert 1 <= int(browser.answer.headers["Retry-After"]) <= 60
    assert "Too many wrong passwords" in browser.words


def test_the_sign_in_cookie_is_out_of_reach_and_new_each_time(gateway: Gateway, host: Host) -> None:
    browser = Browser().get(f"{gateway.url}/signin")
    planted = browser.session.cookies.get("punctual_visit")
    fields = dict(browser.page().forms[0].form_values()) | {"email": host.email, "password": PASSWORD}
    answer = browser.session.post(f"{gateway.url}/signin", data=fields, timeout=10, allow_redirects=False)
    cookie = next(c for c in answer.raw.headers.getlist("Set-Cookie") if c.startswith(COOKIE))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    first = browser.session.cookies[COOKIE]
    assert browser.session.cookies.get("punctual_visit") != planted
    again = browser.session.post(
        f"{gateway.url}/signin",
        data=dict(Browser.page(browser.get(f"{gateway.url}/dashboard/settings")).forms[0].form_values())
        | {"email": host.email, "password": PASSWORD},
        timeout=10,
        allow_redirects=False,
    )
    assert again.status_code == 303
    assert browser.session.cookies[COOKIE] != first
    old = requests.get(f"{gateway.url}/dashboard", cookies={COOKIE: first}, timeout=10, allow_redirects=False)
    assert old.status_code == 303


def test_signing_out_ends_the_session_on_the_server(gateway: Gateway, host: Host) -> None:
    browser = gateway.browser(host)
    token = browser.session.cookies[COOKIE]
    browser.get(f"{gateway.url}/dashboard").submit("Sign out")
    assert browser.url.endswith("/signin")
    answer = requests.get(f"{gateway.url}/dashboard", cookies={COOKIE: token}, timeout=10, allow_redirects=False)
    assert answer.status_code == 303


def test_signing_out_everywhere_ends_the_other_browsers_too(gateway: Gateway) -> None:
    host = gateway.host()
    one, other = gateway.browser(host), gateway.browser(host)
    one.get(f"{gateway.url}/dashboard/settings/account").submit("Sign out everywhere")
    assert "/signin" in other.get(f"{gateway.url}/dashboard").url


def test_a_page_that_was_wanted_comes_after_signing_in(gateway: Gateway, host: Host) -> None:
    browser = Browser().get(f"{gateway.url}/dashboard/bookings?q=carl")
    assert "/signin" in browser.url
    browser.submit("Sign in", email=host.email, password=PASSWORD)
    assert browser.url == f"{gateway.url}/dashboard/bookings?q=carl"


def test_nobody_is_sent_elsewhere_after_signing_in(gateway: Gateway, host: Host) -> None:
    browser = Browser().get(f"{gateway.url}/signin?next=//evil.example/")
    browser.submit("Sign in", email=host.email, password=PASSWORD)
    assert browser.url == f"{gateway.url}/dashboard"
    signed_in = browser.session.get(
        f"{gateway.url}/signin", params={"next": "https://evil.example"}, timeout=10, allow_redirects=False
    )
    assert signed_in.headers["Location"] == "/dashboard"


@pytest.mark.parametrize(
    "path", ["/nobody-here", "/dashboard/nothing", "/Not-A-Handle", "/x", "/favicon.ico", "/a/b/c", "/api/"]
)
def test_an_unknown_address_is_a_page_or_a_problem(gateway: Gateway, path: str) -> None:
    answer = requests.get(gateway.url + path, timeout=10)
    assert answer.status_code == 404
    kind = "application/problem+json" if path.startswith("/api") else "text/html"
    assert answer.headers["Content-Type"].startswith(kind)


def test_reserved_and_impossible_handles_are_not_even_asked_for(gateway: Gateway) -> None:
    for path in ("/dashboard/nothing", "/favicon.ico", "/x", "/Not-A-Handle"):
        requests.get(gateway.url + path, timeout=10)
    assert gateway.inner.calls == []


def test_a_service_that_is_away_is_a_page_that_says_so(gateway: Gateway, host: Host) -> None:
    with gateway.away("booking"):
        answer = requests.get(f"{gateway.url}/{host.handle}", timeout=10)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "try again in a moment" in answer.text
    assert "127.0.0.1" not in re.sub(r"https?://127\.0\.0\.1:\d+/static", "", answer.text)


def test_styles_and_scripts_may_be_kept_for_good(gateway: Gateway) -> None:
    page = Browser().get(f"{gateway.url}/").page()
    for address in page.xpath("//link[@rel='stylesheet']/@href"):
        sheet = requests.get(gateway.url + address, timeout=10)
        assert sheet.status_code == 200
        assert "immutable" in sheet.headers["Cache-Control"]


def test_styles_and_scripts_are_packed_for_who_can_unpack(gateway: Gateway) -> None:
    [address, *_] = Browser().get(f"{gateway.url}/").page().xpath("//link[@rel='stylesheet']/@href")
    packed = requests.get(gateway.url + address, headers={"Accept-Encoding": "gzip"}, timeout=10)
    plain = requests.get(gateway.url + address, headers={"Accept-Encoding": "identity"}, timeout=10)
    assert packed.content == plain.content
    assert (packed.headers["Content-Encoding"], "Content-Encoding" in plain.headers) == ("gzip", False)
    assert int(packed.headers["Content-Length"]) < len(plain.content) / 2
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    again = requests.get(gateway.url + address, headers={"If-None-Match": packed.headers["ETag"]}, timeout=10)
    assert (again.status_code, again.content) == (304, b"")


def test_only_pages_without_a_secret_are_packed(gateway: Gateway, host: Host, reference: str) -> None:
    def packed(path: str) -> bool:
        answer = requests.get(gateway.url + path, headers={"Accept-Encoding": "gzip"}, timeout=10)
        assert ("csrf_token" in answer.text) <= ("Content-Encoding" not in answer.headers)
        return answer.headers.get("Content-Encoding") == "gzip"

    assert [packed(f"/{host.handle}"), packed(f"/{host.handle}/intro")] == [True, True]
    secret = ("/signin", f"/{host.handle}/intro?start=2030-01-01T09:00:00Z", f"/bookings/{reference}")
    assert [path for path in secret if packed(path)] == []


def test_when_our_own_database_is_away_pages_and_problems_say_so(gateway: Gateway, host: Host) -> None:
    browser = gateway.browser(host)
    with gateway.without_database():
        page = browser.session.get(f"{gateway.url}/dashboard", timeout=20)
        answer = gateway.call("GET", "/me", key=host.api_key)
        ready = requests.get(f"{gateway.url}/readyz", timeout=20)
        public = requests.get(f"{gateway.url}/{host.handle}", timeout=20)
    assert (page.status_code, page.headers["Retry-After"]) == (503, "2")
    assert "try again in a moment" in page.text
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert (ready.status_code, public.status_code) == (503, 200)
    assert ready.json()["checks"]["database"].startswith("failed")
    assert browser.get(f"{gateway.url}/dashboard").answer.status_code == 200


def test_over_https_cookies_are_for_https_alone_and_named_after_no_port(gateway: Gateway, tmp_path: Path) -> None:
    settings = gateway.parts.settings.model_copy(
        update={"public_url": "https://book.example", "database_url": f"sqlite:///{tmp_path}/gateway.sqlite3"}
    )
    migrations.migrate(settings.database_url, "gateway")
    page = bootstrap.app(settings).test_client().get("/signin")
    [cookie] = page.headers.getlist("Set-Cookie")
    assert cookie.startswith("punctual_visit=")
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
    assert page.headers["Strict-Transport-Security"]


def test_two_copies_on_one_machine_have_cookies_of_their_own(gateway: Gateway) -> None:
    settings = gateway.parts.settings
    names = {
        settings.model_copy(update={"public_url": f"http://127.0.0.1:{port}"}).cookie("sign_in")
        for port in (8080, 9090)
    }
    assert names == {"punctual_sign_in_8080", "punctual_sign_in_9090"}


def test_pages_of_one_booking_or_host_are_not_for_search_engines(gateway: Gateway, reference: str) -> None:
    page = requests.get(f"{gateway.url}/bookings/{reference}", timeout=10)
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert "X-Robots-Tag" not in requests.get(f"{gateway.url}/", timeout=10).headers
