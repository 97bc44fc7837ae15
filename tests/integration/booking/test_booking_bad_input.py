"""Whatever is sent, to whatever address: an answer of the 4xx kind that says what is wrong, and nothing is changed."""

from typing import Any

import pytest

from integration.booking.service import CLIENT, MONDAY, Json, Service

NINE = f"{MONDAY}T09:00:00+01:00"
DAY = {"start": "09:00", "end": "10:00"}
PERSON = {"name": "N", "email": "n@example.com", "handle": "new-one", "timezone": "UTC"}
PROFILE = {
    "name": "N",
    "handle": "nnn",
    "timezone": "UTC",
    "default_video_provider": "zoom",
    "welcome_text": "w",
    "color": "#000000",
    "change_cutoff": 60,
}
HOURS = {
    "timezone": "UTC",
    "weekly": [{"weekday": "monday", **DAY}],
    "overrides": [{"date": MONDAY, "intervals": [DAY]}],
    "vacations": [{"first": MONDAY, "last": MONDAY}],
}
OFFER = {
    "slug": "s",
    "title": "T",
    "description": "d",
    "duration": 30,
    "location": {"kind": "phone", "provider": None, "detail": "d"},
    "buffer_before": 0,
    "buffer_after": 0,
    "min_notice": 0,
    "horizon": 30,
    "slot_step": 30,
    "max_per_day": 2,
    "capacity": 1,
    "questions": [{"key": "k", "label": "l", "required": False}],
    "color": "#000000",
    "active": True,
    "reminders": [60],
    "availability": {"weekly": [{"weekday": "monday", **DAY}], "overrides": [{"date": MONDAY, "intervals": [DAY]}]},
}
WISH = {"start": NINE, "client": CLIENT, "notes": "n", "answers": {}}
ROUTES: list[tuple[str, Json]] = [
    ("PUT /hosts/new-one", PERSON),
    ("PATCH /me", PROFILE),
    ("PUT /me/availability", HOURS),
    ("POST /me/session-types", OFFER),
    (
        "PATCH /me/session-types/{type}",
        {name: OFFER[name] for name in ("slug", "duration", "max_per_day", "questions", "reminders")},
    ),
    ("PUT /me/email", {"email": "n@example.com"}),
    ("POST /me/bookings", WISH | {"session_type_id": "x", "any_time": False}),
    ("POST /hosts/{handle}/session-types/intro/bookings", WISH),
    ("POST /bookings/{reference}/reschedule", {"start": NINE}),
    ("POST /bookings/{reference}/cancel", {"reason": "r"}),
    ("POST /me/bookings/{booking}/reschedule", {"start": NINE, "any_time": True}),
    ("POST /me/bookings/{booking}/cancel", {"reason": "r"}),
]
STARTS = [
    "2026-12-07T09:00:00",
    "2026-12-07",
    "1765094400",
    "tomorrow",
    "2026-12-07T25:00:00Z",
    "2026-12-07T09:00:00+25:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-12-07T09:00:00 +01:00",
    "",
]
RAW = [b"{", b"[]", b'"x"', b"1", b"null", b"\xff", b"[" * 60_000, b'{"a": 1e999}', b'{"\\ud800": 1}', b'{"a": NaN}',
       b'{"x": "' + b"x" * 70_000 + b'"}']  # fmt: skip
WRONG: list[Any] = [
    0,
    -1,
    10**30,
    1.5,
    True,
    "",
    "x" * 3000,
    "a\u0000b",
    "a\r\nBcc: b@example.com",
    [],
    [[]],
    {},
    {"a": {"b": 1}},
]


@pytest.fixture
def addresses(service: Service, host: Json) -> dict[str, str]:
    made = service.book(host, f"{MONDAY}T10:00:00+01:00")
    [intro] = service.get("/me/session-types", host=host["id"])["items"]
    return {"type": intro["id"], "handle": host["handle"], "reference": made["reference"], "booking": made["id"]}


def state(service: Service, host: Json) -> list[Any]:
    paths = ("/me", "/me/availability", "/me/session-types", "/me/bookings")
    return [service.get(path, host=host["id"]) for path in paths]


def fits(name: str, value: Any, wrong: Any) -> bool:
    """Say whether what is wrong elsewhere may be right here."""
    if name == "answers" or isinstance(value, list):
        return wrong in ({}, []) and isinstance(wrong, type(value))
    if name == "session_type_id":
        return isinstance(wrong, str)  # there is none of that name, and that is another answer
    return isinstance(wrong, type(value)) and wrong != "a\u0000b"


def replacements(body: Json) -> list[Json]:
    """Give the body with each field, however deep, replaced by each wrong value, and with one field too many."""
    found: list[Json] = [body | {"surplus": 1}]
    for name, value in body.items():
        found += [body | {name: wrong} for wrong in WRONG if not fits(name, value, wrong)]
        if isinstance(value, dict) and name != "answers":
            found += [body | {name: inner} for inner in replacements(value)]
        if isinstance(value, list):
            inside = replacements(value[0]) if isinstance(value[0], dict) else []
            found += [body | {name: [inner]} for inner in [*inside, *WRONG]]
    return found


@pytest.mark.parametrize(("route", "body"), ROUTES)
def test_a_body_that_does_not_fit_changes_nothing(
    service: Service, host: Json, addresses: dict[str, str], route: str, body: Json
) -> None:
    before = state(service, host)
    method, address = route.format(**addresses).split()
    for wrong in replacements(body):
        answer = service.call(method, address, host=host["id"], json=wrong)
        assert answer.status_code == 422, (wrong, answer.text)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] in ("validation_failed", "unknown_timezone")
        assert all(error["field"] and error["message"] for error in answer.json()["errors"])
    assert state(service, host) == before


@pytest.mark.parametrize("route", [route for route, _ in ROUTES])
def test_what_is_no_json_object_changes_nothing(
    service: Service, host: Json, addresses: dict[str, str], route: str
) -> None:
    before = state(service, host)
    method, address = route.format(**addresses).split()
    for raw in RAW:
        headers = {"Content-Type": "application/json"}
        answer = service.call(method, address, host=host["id"], data=raw, headers=headers)
        assert 400 <= answer.status_code < 500, raw[:40]
        assert answer.headers["Content-Type"] == "application/problem+json"
    answer = service.call(method, address, host=host["id"], data=b"a=b", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    assert state(service, host) == before


@pytest.mark.parametrize("name", ["\ud800", "a\udfffb"])
def test_half_a_character_reaches_nothing(service: Service, host: Json, name: str) -> None:
    escaped = name.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    for part in ({"client": CLIENT | {"name": escaped}}, {"notes": escaped}, {"answers": {escaped: "x"}}):
        assert service.try_to_book(host, NINE, **part).status_code == 422


@pytest.mark.parametrize(
    ("field", "value", "accepted"),
    [
        ("name", "x" * 120, True),
        ("name", "x" * 121, False),
        ("name", "   ", False),
        ("name", "<b>Ada</b> & co", True),
        ("name", "Ada\nLovelace", False),
        ("name", "Ada\u2028Lovelace", False),
        ("email", "ada@example.com", True),
        ("email", "Ada.Love+lace@Sub.Example.COM", True),
        ("email", "ada@example.test", True),
        ("email", "ada@bücher.example", True),
        ("email", "ada", False),
        ("email", "ada@", False),
        ("email", "ada@localhost", False),
        ("email", "ada@exa mple.com", False),
        ("email", "Ada <ada@example.com>", False),
        ("email", "ada@example.com, eve@example.com", False),
        ("email", "a" * 65 + "@example.com", False),
        ("email", "ada@example.com\r\nBcc: eve@example.com", False),
    ],
)  # fmt: skip
def test_a_clients_name_and_address_have_their_limits(
    service: Service, host: Json, field: str, value: str, accepted: bool
) -> None:
    answer = service.try_to_book(host, NINE, client=CLIENT | {field: value})
    assert answer.status_code == (201 if accepted else 422)
    if not accepted:
        assert answer.json()["errors"][0]["field"] == f"client.{field}"


@pytest.mark.parametrize("start", STARTS)
def test_a_start_without_a_clear_moment_is_refused(service: Service, host: Json, start: str) -> None:
    answer = service.try_to_book(host, start)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert answer.json()["errors"][0]["field"] == "start"


@pytest.mark.parametrize("handle", ["ab", "a" * 41, "Grace", "gr ace", "grace\n", "gräce", "api", "dashboard", "www"])
def test_a_handle_has_its_limits(service: Service, handle: str) -> None:
    body = {"name": "N", "email": "n@example.com", "handle": handle, "timezone": "UTC"}
    answer = service.call("PUT", "/hosts/h1", json=body)
    assert answer.status_code == (201 if handle == "grace\n" else 422)  # white space around a line is dropped


@pytest.mark.parametrize(
    ("field", "least", "most"),
    [
        ("duration", 5, 480),
        ("buffer_before", 0, 1440),
        ("buffer_after", 0, 1440),
        ("min_notice", 0, 525_600),
        ("horizon", 1, 365),
        ("slot_step", 5, 1440),
        ("max_per_day", 1, 1000),
        ("capacity", 1, 1000),
    ],
)
def test_numbers_have_their_limits(service: Service, host: Json, field: str, least: int, most: int) -> None:
    assert service.offer(host, **{field: least})[field] == least
    assert service.offer(host, **{field: most})[field] == most
    for wrong in (least - 1, most + 1):
        body = {"slug": "s", "title": "T", "duration": 30, field: wrong}
        assert service.call("POST", "/me/session-types", host=host["id"], json=body).status_code == 422


@pytest.mark.parametrize(
    "questions",
    [
        [{"key": "k", "label": "l"}, {"key": "k", "label": "m"}],
        [{"key": f"k{n}", "label": "l"} for n in range(21)],
        [{"key": "a.b", "label": "l"}],
        [{"key": "", "label": "l"}],
        [{"key": "k", "label": ""}],
    ],
)
def test_questions_have_their_limits(service: Service, host: Json, questions: list[Json]) -> None:
    body = {"slug": "s", "title": "T", "duration": 30, "questions": questions}
    assert service.call("POST", "/me/session-types", host=host["id"], json=body).status_code == 422


@pytest.mark.parametrize("segment", ["%00", "..%2f..", "%ff", "x" * 5000, "'%20OR%201=1", "%F0%9F%98%80"])
def test_an_address_that_leads_nowhere_is_not_found(service: Service, host: Json, segment: str) -> None:
    for path in (
        f"/hosts/{segment}",
        f"/hosts/{segment}/session-types/intro/slots?from={MONDAY}&to={MONDAY}",
        f"/hosts/{host['handle']}/session-types/{segment}/slots?from={MONDAY}&to={MONDAY}",
        f"/bookings/{segment}",
        f"/bookings/{segment}/calendar.ics",
        f"/me/bookings/{segment}",
        f"/me/session-types/{segment}",
    ):
        assert service.call("GET", path, host=host["id"]).status_code == 404, path
