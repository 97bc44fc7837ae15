"""The page about Zoom: what it may do, how it fares, and every way of ending it, in words."""

from datetime import timedelta

from gateway.pages.connection_words import PERMISSIONS, UNTOUCHED
from integration.gateway.conftest import Gateway, Host
from integration.gateway.inner import problem
from shared.clock import system
from support.browsing import Browser

CONNECTION = "/me/connections/zoom"


def connection(**fields: object) -> tuple[int, dict[str, object]]:
    """Make a connection in the connector's shape."""
    shown = {
        "status": "connected",
        "account_email": "hanna@zoom.example",
        "scopes": [permission.scope for permission in PERMISSIONS],
        "missing_scopes": [],
        "optional_scopes_missing": [],
        "connected_at": "2026-11-01T10:00:00+00:00",
        "reason": None,
        "pending_bookings": 0,
        "last_success_at": "2026-11-20T10:00:00+00:00",
        "last_failure_at": None,
        "last_failure": None,
        "parked_until": None,
        "parked_for": None,
        "shared": False,
    }
    return 200, {**shown, **fields}


def test_the_connections_page_names_every_permission_in_words(gateway: Gateway, browser: Browser) -> None:
    browser.get(f"{gateway.url}/dashboard/connections")
    assert "Not connected" in browser.words
    assert len(browser.page().xpath("//ul[@class='permissions']/li")) == len(PERMISSIONS)
    browser.submit("Connect Zoom")
    assert "/oauth/authorize?state=fresh" in browser.url


def test_disconnecting_asks_first_and_shows_the_receipt(gateway: Gateway, host: Host, browser: Browser) -> None:
    gateway.inner.connected = True
    browser.get(f"{gateway.url}/dashboard/connections")
    assert "hanna@zoom.example" in browser.words
    browser.follow("Disconnect")
    assert gateway.inner.asked("DELETE", "/me/connections/zoom") == []
    receipt = {
        "id": "r1",
        "at": "2026-12-01T10:00:00+00:00",
        "cause": "disconnected",
        "erased": ["tokens", "account_email"],
        "revoked": False,
        "compliance": "not_required",
    }
    gateway.inner.say("GET", "/me/connections/zoom/receipts", (200, {"items": [receipt], "next_cursor": None}))
    browser.submit("Disconnect")
    [call] = gateway.inner.asked("DELETE", "/me/connections/zoom")
    assert call.subject == host.id
    assert "Zoom is disconnected" in browser.words
    assert "Erased: tokens, account email" in browser.words
    assert "Access was not revoked at Zoom" in browser.words


def test_each_permission_has_its_reason_beforehand_and_what_is_not_touched_is_said(
    gateway: Gateway, browser: Browser
) -> None:
    browser.get(f"{gateway.url}/dashboard/connections")
    for permission in PERMISSIONS:
        assert permission.may in browser.words
        assert permission.why in browser.words
    for what in UNTOUCHED:
        assert what.capitalize() in browser.words


def test_the_state_of_the_connection_is_told_in_words(gateway: Gateway, browser: Browser) -> None:
    fails = {"last_failure_at": "2026-11-20T11:00:00+00:00", "last_failure": "Zoom did not answer in time."}
    parked = {"parked_until": "2026-11-22T00:07:00+00:00", "parked_for": "user_day", "pending_bookings": 12}
    gateway.inner.say("GET", CONNECTION, connection(**fails, **parked))
    browser.get(f"{gateway.url}/dashboard/connections")
    assert "1 November 2026, 11:00 (Europe/Berlin, UTC+1)" in browser.words
    assert "20 November 2026, 12:00 (Europe/Berlin, UTC+1) Zoom did not answer in time." in spaced(browser)
    assert "Links on the way 12" in spaced(browser)
    assert "22 November 2026, 01:07 (Europe/Berlin, UTC+1): Zoom's daily limit" in browser.words


def spaced(browser: Browser) -> str:
    return " ".join(" ".join(browser.page().xpath("//main//text()")).split())


def test_a_missing_permission_is_named_with_what_it_means(gateway: Gateway, browser: Browser) -> None:
    given = [one.scope for one in PERMISSIONS if "delete" not in one.scope and "list" not in one.scope]
    said = connection(scopes=given, missing_scopes=["meeting:delete:meeting"])
    gateway.inner.say("GET", CONNECTION, said)
    browser.get(f"{gateway.url}/dashboard/connections")
    assert "Delete a meeting that it made: without it meetings of canceled bookings remain in Zoom" in browser.words
    lacking = [one.text_content() for one in browser.page().xpath("//li[@class='lacking']")]
    assert len(lacking) == 2
    assert all("Not given" in one for one in lacking)
    browser.submit("Connect Zoom again")
    assert "/oauth/authorize" in browser.url


def test_old_names_of_permissions_count(gateway: Gateway, browser: Browser) -> None:
    gateway.inner.say("GET", CONNECTION, connection(scopes=["user:read", "meeting:write", "meeting:read"]))
    browser.get(f"{gateway.url}/dashboard/connections")
    assert browser.page().xpath("//li[@class='lacking']") == []


def test_zoom_is_asked_on_demand(gateway: Gateway, host: Host, browser: Browser) -> None:
    gateway.inner.connected = True
    browser.get(f"{gateway.url}/dashboard/connections").submit("Check now")
    [call] = gateway.inner.asked("POST", f"{CONNECTION}/check")
    assert call.subject == host.id
    assert "Zoom was asked just now" in browser.words
    gateway.inner.say("POST", f"{CONNECTION}/check", problem(503, "zoom_unreachable", "Zoom does not answer."))
    browser.submit("Check now")
    assert "Zoom does not answer." in browser.words


def test_a_connection_that_must_be_renewed_says_why_and_offers_it(gateway: Gateway, browser: Browser) -> None:
    lost = connection(status="needs_reconnect", reason="Zoom no longer knows our access.", pending_bookings=2)
    gateway.inner.say("GET", CONNECTION, lost)
    browser.get(f"{gateway.url}/dashboard/connections")
    assert "Zoom no longer knows our access." in browser.words
    browser.get(f"{gateway.url}/dashboard")
    assert "Zoom needs to be connected again." in browser.words
    assert "2 bookings wait for a link" in browser.words


def test_a_host_who_left_zoom_without_an_answer_reads_that_nothing_was_connected(gateway: Gateway, host: Host) -> None:
    browser = gateway.browser(host).get(f"{gateway.url}/dashboard/connections").submit("Connect Zoom")
    browser.get(f"{gateway.url}/dashboard/connections")
    assert "have not come back with a yes" in browser.words


def test_before_disconnecting_the_page_says_what_will_happen(gateway: Gateway, browser: Browser) -> None:
    gateway.inner.say("GET", CONNECTION, connection(pending_bookings=1))
    browser.get(f"{gateway.url}/dashboard/connections").follow("Disconnect")
    for words in ("is revoked and erased at once", "You get a receipt", "Your bookings stay", "1 link on the way"):
        assert words in browser.words
    assert gateway.inner.asked("DELETE", CONNECTION) == []


def test_an_account_that_two_hosts_use_is_told_to_both(gateway: Gateway, browser: Browser) -> None:
    gateway.inner.say("GET", CONNECTION, connection(shared=True))
    browser.get(f"{gateway.url}/dashboard/connections")
    assert "Another host here has connected the same Zoom account" in browser.words
    browser.follow("Disconnect")
    assert "that connection goes on working" in browser.words


def test_every_receipt_tells_the_truth_about_the_revoke(gateway: Gateway, browser: Browser) -> None:
    at = (system() - timedelta(days=1)).isoformat()
    receipt = {"id": "r1", "at": at, "cause": "deauthorized", "erased": ["tokens"], "compliance": "posted"}
    both = [{**receipt, "revoked": True}, {**receipt, "revoked": False, "cause": "disconnected"}]
    gateway.inner.say("GET", f"{CONNECTION}/receipts", (200, {"items": both, "next_cursor": None}))
    browser.get(f"{gateway.url}/dashboard/connections")
    assert "Punctual was removed in Zoom" in browser.words
    assert "Access was revoked at Zoom; the erasing was confirmed to Zoom." in browser.words
    assert "Access was not revoked at Zoom" in browser.words
