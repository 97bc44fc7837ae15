"""Lists: pages, cursors and filters."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from integration.booking.service import MONDAY, Json, Service


def pages(service: Service, host: Json, path: str, **query: str) -> list[list[Json]]:
    found, cursor = [], None
    while True:
        page = service.get(
            path, host=host["id"], params={"limit": "2", **query} | ({"cursor": cursor} if cursor else {})
        )
        found.append(page["items"])
        cursor = page["next_cursor"]
        if cursor is None:
            return found


@pytest.fixture
def five(service: Service, host: Json) -> list[Json]:
    """Five bookings, two of them at the same time in one group."""
    service.offer(host, slug="class", capacity=2)
    starts = [f"{MONDAY}T{hour:02}:00:00+01:00" for hour in (9, 11, 11, 13, 15)]
    names = ["Ada", "Béla", "Cem", "Dora", "100% Eve_"]
    people = [
        {"name": name, "email": f"{name[0].lower()}{n}@example.com", "timezone": "UTC"} for n, name in enumerate(names)
    ]
    return [service.book(host, start, "class", client=person) for start, person in zip(starts, people, strict=True)]


def test_pages_hold_each_booking_once_by_start(service: Service, host: Json, five: list[Json]) -> None:
    found = pages(service, host, "/me/bookings")
    assert [len(page) for page in found] == [2, 2, 1]
    ids = [booking["id"] for page in found for booking in page]
    assert set(ids) == {booking["id"] for booking in five}
    assert [booking["start"] for page in found for booking in page] == sorted(
        booking["start"] for page in found for booking in page
    )


def test_a_page_stays_put_while_others_book(service: Service, host: Json, five: list[Json]) -> None:
    first = service.get("/me/bookings", host=host["id"], params={"limit": "3"})
    service.book(host, f"{MONDAY}T10:00:00+01:00")
    second = service.get("/me/bookings", host=host["id"], params={"limit": "3", "cursor": first["next_cursor"]})
    assert [booking["id"] for booking in second["items"]] == [booking["id"] for booking in five[3:]]


def test_session_types_come_in_pages(service: Service, host: Json) -> None:
    made = []
    for _ in range(4):
        service.clock.turn(seconds=1)
        made.append(service.offer(host)["id"])
    found = [one["id"] for page in pages(service, host, "/me/session-types") for one in page]
    assert found[1:] == made


FILTERS: list[tuple[dict[str, str], list[int]]] = [
    ({"q": "béLA"}, [1]),
    ({"q": "BÉLA"}, [1]),
    ({"q": "d3@EXAMPLE"}, [3]),
    ({"q": "%"}, [4]),
    ({"q": "_"}, [4]),
    ({"q": "\\"}, []),
    ({"q": "\x00"}, []),
    ({"q": " ", "from": "", "to": "", "status": "", "cursor": ""}, [0, 1, 2, 3, 4]),
    ({"status": "canceled"}, [3]),
    ({"status": "confirmed", "q": "o"}, [0, 1, 2, 4]),
    ({"from": "2026-12-08"}, []),
    ({"to": "2026-12-06"}, []),
    ({"from": MONDAY, "to": MONDAY}, [0, 1, 2, 3, 4]),
    ({"from": f"{MONDAY}T11:00:00+01:00", "to": f"{MONDAY}T12:00:00Z"}, [1, 2]),
    ({"from": "0001-01-01", "to": "9999-12-31"}, [0, 1, 2, 3, 4]),
]


def test_filters_narrow_the_list(service: Service, host: Json, five: list[Json]) -> None:
    service.change(five[3], "cancel")
    for query, expected in FILTERS:
        found = service.get("/me/bookings", host=host["id"], params=query)["items"]
        assert {booking["id"] for booking in found} == {five[n]["id"] for n in expected}, query


def _cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    ["x", "ä", "%00", "A" * 5000, _cursor("now/id"), _cursor("2026-12-07T09:00:00/x"), _cursor("2026-12-07T09:00:00Z/"),
     _cursor("2026-12-07T09:00:00Z/'; --"), _cursor("0001-01-01T00:00:00+14:00/x")],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/me/bookings", "/me/session-types"])
def test_a_cursor_of_somebodys_own_making_is_refused(service: Service, host: Json, cursor: str, path: str) -> None:
    answer = service.call("GET", path, host=host["id"], params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")


@pytest.mark.parametrize(
    "query",
    [{"limit": "0"}, {"limit": "201"}, {"limit": "9" * 400}, {"limit": "x"}, {"status": "gone"}, {"from": "soon"},
     {"to": "2026-13-01"}, {"from": "2026-02-30"}, {"q": "x" * 201}, {"from": "1766000000"}],
)  # fmt: skip
def test_a_query_that_does_not_fit_is_refused(service: Service, host: Json, query: dict[str, str]) -> None:
    answer = service.call("GET", "/me/bookings", host=host["id"], params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


def test_midnight_is_a_moment_and_not_the_whole_day(service: Service, host: Json) -> None:
    booked = service.book(host, "2026-12-15T09:00:00+01:00")
    until = {"from": "2026-12-14T00:00:00+01:00", "to": "2026-12-15T00:00:00+01:00"}
    assert service.get("/me/bookings", host=host["id"], params=until)["items"] == []
    day = {"from": "2026-12-14", "to": "2026-12-15"}
    assert [one["id"] for one in service.get("/me/bookings", host=host["id"], params=day)["items"]] == [booked["id"]]


def test_ninety_two_days_of_slots_can_be_asked_for_and_no_more(service: Service, host: Json) -> None:
    path = f"/hosts/{host['handle']}/session-types/intro/slots"
    first = datetime(2026, 12, 1, tzinfo=UTC).date()
    service.get(path, params={"from": first.isoformat(), "to": (first + timedelta(days=91)).isoformat()})
    answer = service.call(
        "GET", path, params={"from": first.isoformat(), "to": (first + timedelta(days=92)).isoformat()}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "range_too_long")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?from=2026-12-01",
        "?from=2026-12-02&to=2026-12-01",
        "?from=x&to=y",
        "?from=2026-12-01T00:00:00Z&to=2026-12-02",
    ],
)
def test_slots_need_two_dates_in_their_order(service: Service, host: Json, query: str) -> None:
    answer = service.call("GET", f"/hosts/{host['handle']}/session-types/intro/slots{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


@pytest.mark.parametrize("dates", ["from=0001-01-01&to=0001-01-02", "from=9999-12-30&to=9999-12-31"])
def test_dates_where_nothing_can_be_offered_have_no_slots(service: Service, host: Json, dates: str) -> None:
    path = f"/hosts/{host['handle']}/session-types/intro/slots?{dates}"
    assert service.get(path) == {"timezone": "Europe/Berlin", "slots": []}
