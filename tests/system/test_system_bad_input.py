"""Every route of the API, as its own document lists them, answers nonsense with a problem of 4xx and goes on."""

from typing import Any

import pytest
import requests

from support.system import Host, System

NONSENSE = {
    "no JSON": (b"{", "application/json"),
    "nothing": (b"", "application/json"),
    "a list": (b"[]", "application/json"),
    "a form": (b"a=b", "application/x-www-form-urlencoded"),
    "unknown fields": (b'{"surprise": {"deep": [1, 2, null]}}', "application/json"),
    "wrong types": (
        b'{"name": 1, "email": [], "handle": null, "timezone": true, "start": -1, "client": "x", "duration": "long"}',
        "application/json",
    ),
    "not a number": (b'{"duration": NaN}', "application/json"),
    "half a character": (b'{"name": "\\ud800", "reason": "\\udfff", "notes": "\\u0000"}', "application/json"),
    "too deep": (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "application/json"),
    "too large": (b'{"notes": "' + b"x" * 70_000 + b'"}', "application/json"),
}
MAY_HAVE_NO_BODY = "nothing"


@pytest.fixture(scope="module")
def host(system: System) -> Host:
    return system.host()


@pytest.fixture(scope="module")
def document(system: System) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{system.api}/openapi.json", timeout=20).json()
    return found


def filled(path: str, host: Host) -> str:
    known = {"handle": host.handle, "slug": "intro", "host": host.handle}
    for name in [part[1:-1] for part in path.split("/") if part.startswith("{")]:
        path = path.replace(f"{{{name}}}", known.get(name, "no-such-thing"))
    return path.removeprefix("/api/v1")


def test_the_document_lists_what_the_contract_promises(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    paths = {path.removeprefix("/api/v1") for path in document["paths"]}
    for needed in ("/hosts", "/api-keys", "/me", "/me/availability", "/me/session-types", "/me/bookings"):
        assert needed in paths
    assert len(paths) >= 20


@pytest.mark.parametrize("kind", NONSENSE)
def test_nonsense_in_a_body_is_a_problem_on_every_route(
    system: System, host: Host, document: dict[str, Any], kind: str
) -> None:
    body, content_type = NONSENSE[kind]
    for path, operations in document["paths"].items():
        for method in operations.keys() & {"post", "put", "patch", "delete"}:
            if kind == MAY_HAVE_NO_BODY and not operations[method].get("requestBody"):
                continue
            answer = host.call(method.upper(), filled(path, host), data=body, headers={"Content-Type": content_type})
            place = f"{method} {path}: {answer.status_code} {answer.text[:200]}"
            if kind == MAY_HAVE_NO_BODY and answer.status_code in (200, 202, 204):
                continue
            assert 400 <= answer.status_code < 500, place
            assert answer.headers["Content-Type"] == "application/problem+json", place
            assert {"type", "title", "status", "detail", "code"} <= answer.json().keys(), place
            assert answer.headers["X-Request-Id"], place
    assert system.host().call("GET", "/me").status_code == 200


@pytest.mark.parametrize("value", ["%00", "%ff", "..%2f..%2fetc", "'; DROP TABLE bookings; --", "x" * 3000, "🙂"])
def test_nonsense_in_an_address_is_not_found(host: Host, value: str) -> None:
    for path in (
        f"/hosts/{value}",
        f"/hosts/{host.handle}/session-types/{value}/slots?from=2026-12-01&to=2026-12-02",
        f"/bookings/{value}",
        f"/bookings/{value}/calendar.ics",
        f"/me/bookings/{value}",
        f"/me/session-types/{value}",
    ):
        answer = host.call("GET", path)
        assert answer.status_code in (400, 404, 414, 422), f"{path}: {answer.status_code} {answer.text[:200]}"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "from=2026-12-01",
        "from=yesterday&to=tomorrow",
        "from=2026-12-01&to=2027-12-01",
        "from=2026-12-02&to=2026-12-01",
        "from=2026-12-01&to=2026-12-02&timezone=Mars/Olympus",
        "from=2026-12-01&to=2026-12-02&timezone=../../etc/passwd",
        "from=-1&to=99999999999999999999",
    ],
)
def test_nonsense_in_a_question_for_slots_is_422(system: System, host: Host, query: str) -> None:
    answer = requests.get(f"{system.api}/hosts/{host.handle}/session-types/intro/slots?{query}", timeout=20)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        ("2020-01-06T10:00:00+01:00", "in_the_past"),
        ("2030-01-07T10:00:00+01:00", "beyond_horizon"),
        ("sunday", None),
        ("2026-13-01T10:00:00Z", None),
        ("2026-12-01T10:00:00", None),
    ],
)
def test_a_start_that_cannot_be_booked_says_why(host: Host, start: str, reason: str | None) -> None:
    answer = host.book(start)
    if reason is None:
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    else:
        assert (answer.status_code, answer.json()["code"]) == (409, "slot_taken")
        assert answer.json()["reason"] == reason
        assert len(answer.json()["nearest"]) == 3


@pytest.mark.parametrize(
    ("client", "field"),
    [
        ({"email": "nobody"}, "client.email"),
        ({"email": "a@b.example\r\nBcc: c@d.example"}, "client.email"),
        ({"name": "Carl\r\nBcc: c@d.example"}, "client.name"),
        ({"name": "x" * 121}, "client.name"),
        ({"name": "   "}, "client.name"),
    ],
)
def test_what_a_client_is_called_has_limits(host: Host, client: dict[str, str], field: str) -> None:
    good = {"name": "Carl", "email": "carl@example.org", "timezone": "Europe/Berlin"}
    answer = host.book(body={"client": good | client})
    assert answer.status_code == 422, answer.text
    assert [e["field"] for e in answer.json()["errors"]] == [field]


def test_a_zone_that_does_not_exist_is_named(host: Host) -> None:
    answer = host.book(body={"client": {"name": "Carl", "email": "carl@example.org", "timezone": "Mars/Olympus"}})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_timezone")


def test_html_in_any_text_is_text_on_the_page_and_in_the_mails(system: System, host: Host) -> None:
    evil = "<script>alert(1)</script><b>x</b>"
    host.call("PATCH", "/me", json={"name": evil[:100]})
    made = host.book(body={"notes": evil, "client": {"name": evil, "email": "evil@example.org", "timezone": "UTC"}})
    assert made.status_code == 201, made.text
    page = requests.get(f"{system.url}/bookings/{made.json()['reference']}", timeout=20).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
