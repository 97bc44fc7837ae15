"""Each line of the table of routes: who may call, what arrives inside, what bad input gets."""

import json
import threading
from collections.abc import Iterator

import pytest
import requests

from gateway.api.routes import HOST, JSON, RAW, ROUTES, Route
from integration.gateway.conftest import Gateway, Host
from integration.gateway.inner import Answer, Call, Raw, problem

FORWARDED = [route for route in ROUTES if not route.composed]
OWN = (
    Route("POST", "/hosts", "gateway", "anyone"),
    Route("POST", "/api-keys", "gateway", "anyone"),
    Route("DELETE", "/me/api-keys/<id>", "gateway", HOST),
    Route("GET", "/me/api-keys", "gateway", HOST),
    Route("DELETE", "/me", "gateway", HOST),
    Route("POST", "/me/password", "gateway", HOST),
    Route("POST", "/me/email", "gateway", HOST),
    Route("GET", "/me/sessions", "gateway", HOST),
    Route("DELETE", "/me/sessions/<id>", "gateway", HOST),
    Route("POST", "/email-changes/confirm", "gateway", "anyone"),
    Route("POST", "/password-resets", "gateway", "anyone"),
    Route("POST", "/password-resets/use", "gateway", "anyone"),
)
WITH_BODY = [route for route in (*ROUTES, *OWN) if route.method != "GET" and route.takes != RAW]


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def filled(path: str) -> str:
    for name in ("id", "handle", "slug", "reference"):
        path = path.replace(f"<{name}>", f"some-{name}")
    return path


@pytest.mark.parametrize("route", FORWARDED, ids=named)
def test_a_call_and_its_answer_pass_untouched(gateway: Gateway, host: Host, route: Route) -> None:
    path = filled(route.path)
    gateway.inner.say(route.method, path, (200, {"said": "ünchanged", "n": 1.50}))
    body = b'{ "b": 1,  "a": "\\u00fc" }' if route.method != "GET" and route.takes == JSON else None
    headers = {"Content-Type": "application/json", "Idempotency-Key": "once", "X-Request-Id": "request-42"}
    answer = gateway.call(route.method, path + "?q=a%20b%2Fc&q=2&x", key=host.api_key, data=body, headers=headers)
    assert answer.status_code == 200
    assert answer.json() == {"said": "ünchanged", "n": 1.5}
    assert answer.headers["X-Request-Id"] == "request-42"
    [call] = gateway.inner.asked(route.method, path)
    assert (call.service, call.body) == (route.service, body or b"")
    assert call.query == "q=a%20b%2Fc&q=2&x"
    assert call.subject == (host.id if route.who == HOST else "anonymous")
    assert call.headers["x-request-id"] == "request-42"
    assert call.headers.get("idempotency-key") == "once"
    assert "cookie" not in call.headers


@pytest.mark.parametrize("route", [r for r in (*ROUTES, *OWN) if r.who == HOST], ids=named)
@pytest.mark.parametrize("header", [None, "Bearer pk_wrong", "Bearer", "Basic eDp5", "Bearer pk_\xff"])
def test_a_hosts_call_needs_a_key_that_is_in_use(gateway: Gateway, route: Route, header: str | None) -> None:
    headers = {"Authorization": header.encode("latin-1")} if header else {}
    answer = requests.request(route.method, gateway.api + filled(route.path), headers=headers, timeout=10)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "unauthorized"
    assert gateway.inner.calls == []


MALFORMED = {
    "cut off": (b'{"a": ', "application/json", {400}),
    "two documents": (b"{}{}", "application/json", {400}),
    "not a number": (b'{"a": NaN}', "application/json", {400}),
    "not UTF-8": (b'{"a": "\xff"}', "application/json", {400}),
    "too deep": (b"[" * 30_000 + b"]" * 30_000, "application/json", {400}),
    "huge number": (b'{"a": ' + b"9" * 5000 + b"}", "application/json", {400}),
    "a form": (b"a=1", "application/x-www-form-urlencoded", {415}),
    "no type": (b'{"a": 1}', None, {415}),
    "a list": (b"[1]", "application/json", {422}),
    "a string": (b'"x"', "application/json", {422}),
    "null": (b"null", "application/json", {422}),
    "too large": (b'{"a": "' + b"x" * 70_000 + b'"}', "application/json", {413}),
}


ONE_OF_EACH_SORT = ("PATCH /me", "DELETE /me", "POST /me/calendar-feed", "POST /me/bookings/<id>/retry", "POST /hosts")
"""Forwarded with a body and without, composed, and the gateway's own with a key and without."""
TRIED = [
    pytest.param(route, kind, id=f"{kind} at {named(route)}")
    for route in WITH_BODY
    for kind in MALFORMED
    if kind == "a list" or named(route) in ONE_OF_EACH_SORT
]


@pytest.mark.parametrize(("route", "kind"), TRIED)
def test_a_malformed_body_is_a_problem_and_goes_nowhere(gateway: Gateway, host: Host, route: Route, kind: str) -> None:
    body, content_type, statuses = MALFORMED[kind]
    headers = {"Content-Type": content_type} if content_type else {}
    answer = gateway.call(route.method, filled(route.path), key=host.api_key, data=body, headers=headers)
    assert answer.status_code in statuses, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= problem.keys()
    assert problem["status"] == answer.status_code
    if answer.status_code == 422:
        assert problem["errors"]
    assert gateway.inner.calls == []


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_a_service_that_is_away_is_a_503_with_retry_after(gateway: Gateway, host: Host, route: Route) -> None:
    path = filled(route.path)
    with gateway.away("booking", "zoom-connector", "notifier"):
        answer = gateway.call(route.method, path, key=host.api_key)
    assert (answer.status_code, answer.json()["code"]) == (503, "upstream_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert "127.0.0.1" not in answer.text


def test_a_refusal_passes_as_the_owner_of_the_fact_wrote_it(gateway: Gateway, host: Host) -> None:
    refusal = {"type": "t", "title": "Conflict", "status": 409, "detail": "Gone.", "code": "slot_taken", "nearest": []}
    path = f"/hosts/{host.handle}/session-types/intro/bookings"
    gateway.inner.say("POST", path, (409, refusal))
    answer = gateway.call("POST", path, json={"start": "x"})
    assert (answer.status_code, answer.json()) == (409, refusal)
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/nothing", "/me/nothing", "", "/", "/hosts/a/b", "/me/bookings/x/y/z", "/me/"])
def test_an_unknown_path_is_a_404_problem(gateway: Gateway, path: str) -> None:
    answer = gateway.call("GET", path)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"
    assert answer.headers["X-Request-Id"]


def test_a_wrong_method_is_a_405_problem_that_says_which_are_right(gateway: Gateway) -> None:
    answer = gateway.call("PUT", "/me")
    assert answer.status_code == 405
    assert answer.json()["code"] == "method_not_allowed"
    assert "PATCH" in answer.headers["Allow"]


@pytest.mark.parametrize("segment", ["..", ".", "%2e%2e", "a%2fb", "%00", "%ff", "%E2%80%AE", "x" * 3000])
def test_a_strange_segment_reaches_no_other_route(gateway: Gateway, segment: str) -> None:
    asked = requests.Request("GET", f"{gateway.api}/bookings/x").prepare()
    asked.url = f"{gateway.api}/bookings/{segment}"
    with requests.Session() as session:
        answer = session.send(asked, timeout=10)
    assert answer.status_code in (400, 404, 414)
    assert all(call.path.startswith("/bookings/") and call.subject == "anonymous" for call in gateway.inner.calls)


def test_head_is_answered_like_get_without_a_body(gateway: Gateway, host: Host) -> None:
    answer = gateway.call("HEAD", "/me", key=host.api_key)
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_booking_shows_its_mails(gateway: Gateway, host: Host) -> None:
    mail = {"kind": "client_confirmation", "to": "carl@example.org", "state": "sent"}
    gateway.inner.say("GET", "/me/bookings/b1", (200, {"id": "b1", "timeline": []}))
    gateway.inner.say("GET", "/me/bookings/b1/deliveries", (200, {"items": [mail]}))
    answer = gateway.call("GET", "/me/bookings/b1", key=host.api_key).json()
    assert answer == {"id": "b1", "timeline": [], "deliveries": [mail], "deliveries_known": True}


def test_without_the_notifier_a_booking_says_that_its_mails_are_unknown(gateway: Gateway, host: Host) -> None:
    gateway.inner.say("GET", "/me/bookings/b1", (200, {"id": "b1", "timeline": []}))
    with gateway.away("notifier"):
        answer = gateway.call("GET", "/me/bookings/b1", key=host.api_key)
    assert (answer.status_code, answer.json()["deliveries"]) == (200, [])
    assert answer.json()["deliveries_known"] is False


def test_a_retry_asks_whose_booking_it_is_and_then_both_services(gateway: Gateway, host: Host) -> None:
    gateway.inner.say("GET", "/me/bookings/b1", (200, {"id": "b1"}))
    answer = gateway.call("POST", "/me/bookings/b1/retry", key=host.api_key)
    assert (answer.status_code, answer.json()) == (202, {})
    asked = [(call.service, call.method) for call in gateway.inner.calls]
    assert asked == [("booking", "GET"), ("zoom-connector", "POST"), ("notifier", "POST")]


def test_a_retry_of_somebody_elses_booking_goes_no_further(gateway: Gateway, host: Host) -> None:
    answer = gateway.call("POST", "/me/bookings/not-mine/retry", key=host.api_key)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_booking")
    assert [call.service for call in gateway.inner.calls] == ["booking"]


def test_the_webhook_passes_its_bytes_and_zooms_headers_and_gives_the_verdict_back(gateway: Gateway) -> None:
    body = b'{"event":"x",  "payload":"\\/"}'
    headers = {"x-zm-signature": "v0=abc", "X-Zm-Request-Timestamp": "17", "Content-Type": "application/json"}
    answer = requests.post(f"{gateway.url}/webhooks/zoom", data=body, headers=headers, timeout=10)
    assert (answer.status_code, answer.json()) == (200, {"plainToken": "x"})
    [call] = gateway.inner.calls
    assert (call.body, call.subject) == (body, "anonymous")
    assert (call.headers["x-zm-signature"], call.headers["x-zm-request-timestamp"]) == ("v0=abc", "17")


def test_a_bad_webhook_signature_is_the_connectors_401(gateway: Gateway) -> None:
    gateway.inner.say("POST", "/webhooks/zoom", (401, {"code": "bad_signature"}))
    assert requests.post(f"{gateway.url}/webhooks/zoom", data=b"{}", timeout=10).status_code == 401


def test_a_webhook_may_be_larger_than_a_call_but_not_without_end(gateway: Gateway) -> None:
    url = f"{gateway.url}/webhooks/zoom"
    assert requests.post(url, data=b"x" * 200_000, timeout=10).status_code == 200
    assert requests.post(url, data=b"x" * 1_100_000, timeout=10).status_code == 413


def test_a_token_that_a_service_refuses_is_our_fault_and_not_the_callers(gateway: Gateway, host: Host) -> None:
    gateway.inner.say("GET", "/me", (401, {"code": "unauthorized"}))
    answer = gateway.call("GET", "/me", key=host.api_key)
    assert (answer.status_code, answer.json()["code"]) == (503, "upstream_unavailable")


LOGO = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 150


def test_a_logo_passes_as_the_bytes_that_it_is(gateway: Gateway, host: Host) -> None:
    gateway.inner.say("PUT", "/me/logo", (200, {"logo": "1"}))
    headers = {"Content-Type": "image/png"}
    assert gateway.call("PUT", "/me/logo", key=host.api_key, data=LOGO, headers=headers).status_code == 200
    [call] = gateway.inner.asked("PUT", "/me/logo")
    assert (call.body, call.headers["content-type"]) == (LOGO, "image/png")
    assert gateway.call("PUT", "/me/logo", key=host.api_key, data=LOGO * 3, headers=headers).status_code == 413
    assert len(gateway.inner.asked("PUT", "/me/logo")) == 1


def test_what_a_reader_still_has_is_not_sent_again(gateway: Gateway) -> None:
    def logo(call: Call) -> Answer:
        known = call.headers.get("if-none-match") == '"v1"'
        headers = {"ETag": '"v1"', "Content-Type": "image/png"}
        return (304, Raw(b"", headers)) if known else (200, Raw(LOGO, headers))

    gateway.inner.say("GET", "/hosts/hanna/logo", logo)
    first = gateway.call("GET", "/hosts/hanna/logo")
    assert (first.status_code, first.content, first.headers["Content-Type"]) == (200, LOGO, "image/png")
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    again = gateway.call("GET", "/hosts/hanna/logo", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", '"v1"')


def test_a_long_list_is_passed_on_as_it_comes(gateway: Gateway, host: Host) -> None:
    may_end = threading.Event()

    def lines() -> Iterator[bytes]:
        yield b"id,start\r\n" + b"x" * 40_000 + b"\r\n"
        assert may_end.wait(10)
        yield b"last\r\n"

    gateway.inner.say("GET", "/me/bookings.csv", (200, Raw(lines(), {"Content-Type": "text/csv; charset=utf-8"})))
    answer = gateway.call("GET", "/me/bookings.csv?status=confirmed", key=host.api_key, stream=True)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    pieces = answer.iter_content(10_000)
    assert next(pieces).startswith(b"id,start")
    may_end.set()
    assert b"".join(pieces).endswith(b"last\r\n")
    [call] = gateway.inner.asked("GET", "/me/bookings.csv")
    assert call.query == "status=confirmed"


def test_a_long_list_that_breaks_off_does_not_look_whole(gateway: Gateway, host: Host) -> None:
    def lines() -> Iterator[bytes]:
        yield b"id,start\r\n"
        raise RuntimeError("the service dies")

    gateway.inner.say("GET", "/me/bookings.csv", (200, Raw(lines(), {"Content-Type": "text/csv"})))
    answer = gateway.call("GET", "/me/bookings.csv", key=host.api_key, stream=True)
    with pytest.raises(requests.RequestException):
        b"".join(answer.iter_content(10_000))


def test_what_was_moved_in_zoom_is_accepted_at_booking(gateway: Gateway, host: Host) -> None:
    moved = {"start": "2030-01-02T09:00:00+00:00", "end": "2030-01-02T09:30:00+00:00"}
    gateway.inner.say("GET", "/me/bookings/b1", (200, {"id": "b1", "video": {"state": "ready", "moved_to": moved}}))
    gateway.inner.say("POST", "/me/bookings/b1/reschedule", (200, {"id": "b1"}))
    answer = gateway.call("POST", "/me/bookings/b1/accept", key=host.api_key)
    assert (answer.status_code, answer.json()) == (202, {})
    [call] = gateway.inner.asked("POST", "/me/bookings/b1/reschedule")
    assert (call.json(), call.subject) == ({"start": moved["start"], "any_time": True}, host.id)
    assert gateway.inner.asked("POST", "/me/bookings/b1/accept") == []


def test_what_was_deleted_in_zoom_is_accepted_at_the_connector(gateway: Gateway, host: Host) -> None:
    gateway.inner.say("GET", "/me/bookings/b1", (200, {"id": "b1", "video": {"state": "removed", "moved_to": None}}))
    gateway.inner.say("POST", "/me/bookings/b1/accept", (202, {}))
    assert gateway.call("POST", "/me/bookings/b1/accept", key=host.api_key).status_code == 202
    [call] = gateway.inner.asked("POST", "/me/bookings/b1/accept")
    assert (call.service, call.subject) == ("zoom-connector", host.id)
    gateway.inner.say("POST", "/me/bookings/b1/accept", problem(409, "nothing_to_accept"))
    refused = gateway.call("POST", "/me/bookings/b1/accept", key=host.api_key)
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_accept")


def test_readiness_includes_the_other_three(gateway: Gateway) -> None:
    ready = requests.get(f"{gateway.url}/readyz", timeout=10)
    assert ready.status_code == 200
    assert ready.json()["checks"].keys() == {"database", "events", "booking", "zoom-connector", "notifier"}
    gateway.inner.ready = False
    not_ready = requests.get(f"{gateway.url}/readyz", timeout=10)
    assert not_ready.status_code == 503
    assert not_ready.json()["checks"]["notifier"].startswith("failed")
    assert requests.get(f"{gateway.url}/livez", timeout=10).status_code == 200


def test_readiness_says_in_words_what_fails_and_names_no_address(gateway: Gateway) -> None:
    gateway.inner.ready = False
    checks = requests.get(f"{gateway.url}/readyz", timeout=10).json()["checks"]
    assert "booking answers and is not ready (database)" in checks["booking"]
    with gateway.away("booking"):
        answer = requests.get(f"{gateway.url}/readyz", timeout=10)
    assert "booking does not answer" in answer.json()["checks"]["booking"]
    with gateway.without_database():
        without = requests.get(f"{gateway.url}/readyz", timeout=10)
    assert "the gateway's database can't be used" in without.json()["checks"]["database"]
    for said in (answer.text, without.text):
        assert "127.0.0.1" not in said
        assert "/nowhere" not in said


def test_metrics_are_for_the_inside_only(gateway: Gateway) -> None:
    assert requests.get(f"{gateway.url}/metrics", timeout=10).status_code == 200
    outside = requests.get(f"{gateway.url}/metrics", headers={"X-Forwarded-For": "203.0.113.9"}, timeout=10)
    assert outside.status_code == 404


def test_the_document_describes_every_route_with_who_may_call(gateway: Gateway) -> None:
    document = gateway.call("GET", "/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": "http://gateway.test/api/v1"}]
    assert document["paths"]["/me/session-types/{type_id}"]["get"]["security"] == [{"api_key": []}]
    assert document["paths"]["/hosts"]["post"]["security"] == []
    assert document["components"]["securitySchemes"]["api_key"]["scheme"] == "bearer"
    text = json.dumps(document)
    for target in set(text.split('"#/components/schemas/')[1:]):
        assert target.split('"')[0] in document["components"]["schemas"]
