"""Lists by type, state and order, and the same as CSV."""

import csv
import io
from typing import Any

import pytest
from sqlalchemy import text

from booking import storage
from booking.api import export
from booking.handlers import reading
from integration.booking.service import MONDAY, Json, Service
from shared.events import MeetingReady

START = f"{MONDAY}T{{:02}}:00:00+01:00"


def listed(service: Service, host: Json, **query: str) -> list[str]:
    found, cursor = [], ""
    while True:
        asked = {"limit": "2", **query, "cursor": cursor}
        page = service.get("/me/bookings", host=host["id"], params=asked)
        found += [booking["id"] for booking in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def table(service: Service, host: Json, **query: str) -> list[dict[str, str]]:
    answer = service.call("GET", "/me/bookings.csv", host=host["id"], params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="bookings.csv"'
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


@pytest.fixture
def offer(service: Service, host: Json) -> Json:
    return service.offer(host, slug="call", location={"kind": "phone", "detail": "+49 30 1"}, capacity=2)


@pytest.fixture
def four(service: Service, host: Json, offer: Json) -> list[str]:
    """Two calls at the same time, then two intros, the first of which has its link."""
    wanted = [(9, offer["slug"]), (9, offer["slug"]), (11, "intro"), (13, "intro")]
    made = [service.book(host, START.format(hour), slug) for hour, slug in wanted]
    about = {"booking_id": made[2]["id"], "host_id": host["id"], "booking_version": 1, "revision": 1}
    service.hear(MeetingReady.model_validate(about | {"join_url": "https://zoom.example/j/1"}))
    return [*sorted(booking["id"] for booking in made[:2]), made[2]["id"], made[3]["id"]]


def test_a_list_is_narrowed_to_a_type_or_a_state(service: Service, host: Json, offer: Json, four: list[str]) -> None:
    assert listed(service, host, session_type=offer["id"]) == four[:2]
    assert listed(service, host, session_type="another") == []
    assert listed(service, host, video_state="ready") == four[2:3]
    assert listed(service, host, video_state="pending") == four[3:]
    assert listed(service, host, video_state="none", session_type=offer["id"], q="ada", status="confirmed") == four[:2]
    assert listed(service, host, video_state="", session_type="", order="") == four
    for wrong in ({"video_state": "gone"}, {"order": "up"}):
        answer = service.call("GET", "/me/bookings", host=host["id"], params=wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


def test_a_list_runs_both_ways_page_by_page(service: Service, host: Json, four: list[str]) -> None:
    assert listed(service, host, order="asc") == four
    assert listed(service, host, order="desc") == four[::-1]
    assert listed(service, host, order="desc", status="confirmed", to=MONDAY) == four[::-1]


@pytest.mark.parametrize(
    ("narrowed", "index"),
    [
        ("", "bookings_in_order"),
        ("AND session_type_id = 't'", "bookings_by_type"),
        ("AND video_state = 'failed'", "bookings_by_video"),
    ],
)
@pytest.mark.parametrize(("sign", "order"), [(">", "ASC"), ("<", "DESC")])
def test_each_page_is_found_by_index_and_never_sorted(
    service: Service, narrowed: str, index: str, sign: str, order: str
) -> None:
    query = (
        f"EXPLAIN QUERY PLAN SELECT * FROM bookings WHERE host_id = 'h' {narrowed}"  # noqa: S608 - fixed words
        f" AND (starts_at, id) {sign} ('2026-12-07', 'x') ORDER BY starts_at {order}, id {order} LIMIT 51"
    )
    with service.database.read() as tx:
        plan = " ".join(str(row.detail) for row in tx.execute(text(query)))
    assert "TEMP B-TREE" not in plan
    assert index in plan
    assert f"(starts_at,id){sign}(?,?)" in plan


def test_a_table_holds_what_the_list_holds(service: Service, host: Json, offer: Json, four: list[str]) -> None:
    found = table(service, host)
    assert [row["id"] for row in found] == four
    assert found[2] | {"created_at": ""} == {
        "id": four[2],
        "status": "confirmed",
        "start": f"{MONDAY}T11:00:00+01:00",
        "end": f"{MONDAY}T11:30:00+01:00",
        "timezone": "Europe/Berlin",
        "session_type": "intro",
        "title": "Intro call",
        "client_name": "Ada Lovelace",
        "client_email": "ada@example.com",
        "client_timezone": "Europe/London",
        "notes": "",
        "answers": "",
        "location": "video",
        "video_state": "ready",
        "join_url": "https://zoom.example/j/1",
        "canceled_by": "",
        "cancel_reason": "",
        "created_at": "",
    }
    assert [row["id"] for row in table(service, host, session_type=offer["id"], order="desc")] == four[1::-1]
    assert [row["id"] for row in table(service, host, q="nobody")] == []
    assert service.call("GET", "/me/bookings.csv").status_code == 401
    assert service.call("GET", "/me/bookings.csv?status=gone", host=host["id"]).status_code == 422


def test_nothing_in_a_table_is_calculated(service: Service, host: Json) -> None:
    questions = [{"key": "k", "label": "=1+1"}]
    service.offer(host, slug="ask", title="+Plus", questions=questions, location={"kind": "phone", "detail": "+49 30"})
    client = {"name": "=HYPERLINK(1)", "email": "a@example.com", "timezone": "UTC"}
    made = service.book(host, START.format(9), "ask", client=client, notes="-1\n@x", answers={"k": 'say "hi", you'})
    service.change(made, "cancel", reason="@reason")
    [row] = table(service, host)
    assert {row[name] for name in ("client_name", "title", "notes", "answers", "location", "cancel_reason")} == {
        "'=HYPERLINK(1)",
        "'+Plus",
        "'-1\n@x",
        '\'=1+1: say "hi", you',
        "'+49 30",
        "'@reason",
    }


def test_a_table_is_written_a_page_at_a_time(
    service: Service, host: Json, four: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PAGE", 2)
    assert [row["id"] for row in table(service, host)] == four
    with service.database.read() as tx:
        found: Any = storage.host(tx, host["id"])
    assert list(export.rows(found, [])) == [",".join(export.HEADER) + "\r\n"]
