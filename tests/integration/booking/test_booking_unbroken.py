"""Whatever rule a host changes: what is booked stays as it is, and its client can still move or cancel it."""

from typing import Any

import pytest

from integration.booking.service import MONDAY, Json, Service

NINE = f"{MONDAY}T09:00:00+01:00"
TYPE_CHANGES: list[dict[str, Any]] = [
    {"duration": 45},
    {"slot_step": 15},
    {"buffer_before": 60, "buffer_after": 60},
    {"min_notice": 100_000},
    {"horizon": 1},
    {"max_per_day": 1},
    {"capacity": 4},
    {"questions": [{"key": "new", "label": "New?", "required": True}]},
    {"location": {"kind": "in_person", "detail": "Elsewhere"}},
    {"active": False},
    {"availability": {"weekly": [], "overrides": []}},
    {"reminders": []},
    {"slug": "renamed", "title": "Another"},
]
HOST_CHANGES: list[tuple[str, str, dict[str, Any]]] = [
    ("PATCH", "/me", {"timezone": "Asia/Tokyo"}),
    ("PATCH", "/me", {"change_cutoff": 5000}),
    ("PATCH", "/me", {"default_video_provider": "none"}),
    ("PUT", "/me/availability", {"weekly": []}),
    ("PUT", "/me/availability", {"weekly": [], "vacations": [{"first": "2026-01-01", "last": "2027-12-31"}]}),
    ("PUT", "/me/availability", {"weekly": [], "overrides": [{"date": MONDAY, "intervals": []}]}),
]
OF_THE_HOST = ("host", "changeable", "changeable_until")


@pytest.mark.parametrize("change", TYPE_CHANGES, ids="-".join)
def test_a_changed_session_type_leaves_its_bookings_alone(service: Service, host: Json, change: dict[str, Any]) -> None:
    offer = service.offer(host, slug="lesson", questions=[{"key": "old", "label": "Old?"}])
    made = [service.book(host, f"{MONDAY}T{hour:02}:00:00+01:00", "lesson", answers={"old": "x"}) for hour in (9, 10)]
    told = len(service.outbox())
    changed = service.call("PATCH", f"/me/session-types/{offer['id']}", host=host["id"], json=change)
    assert changed.status_code == 200, changed.text
    assert [service.get(f"/bookings/{booking['reference']}") for booking in made] == made
    assert len(service.outbox()) == told
    path = f"/me/bookings/{made[0]['id']}/reschedule"
    moved = service.call("POST", path, host=host["id"], json={"start": f"{MONDAY}T14:00:00+01:00", "any_time": True})
    assert moved.status_code == 200, moved.text
    assert (moved.json()["answers"], moved.json()["location"]) == (made[0]["answers"], made[0]["location"])
    assert service.change(made[1], "cancel").status_code == 200


@pytest.mark.parametrize(("method", "path", "body"), HOST_CHANGES)
def test_a_changed_host_leaves_the_bookings_alone(
    service: Service, host: Json, method: str, path: str, body: dict[str, Any]
) -> None:
    made = service.book(host, NINE)
    changed = service.call(method, path, host=host["id"], json=body)
    assert changed.status_code == 200, changed.text
    found = service.get(f"/bookings/{made['reference']}")
    same = {name: value for name, value in made.items() if name not in OF_THE_HOST}
    assert {name: found[name] for name in same} == same
    cancel = f"/me/bookings/{made['id']}/cancel"
    assert service.call("POST", cancel, host=host["id"], json={"reason": None}).status_code == 200


def test_a_withdrawn_type_lets_its_bookings_move_to_what_is_free(service: Service, host: Json) -> None:
    offer = service.offer(host, slug="lesson")
    made = service.book(host, NINE, "lesson")
    service.call("DELETE", f"/me/session-types/{offer['id']}", host=host["id"])
    query = {"from": MONDAY, "to": MONDAY}
    free = service.get(f"/bookings/{made['reference']}/slots", params=query)["slots"]
    assert service.change(made, "reschedule", start=free[-1]["start"]).status_code == 200


def test_a_zone_change_keeps_every_hour_of_the_wall_clock(service: Service, host: Json) -> None:
    hours = {
        "weekly": [{"weekday": "monday", "start": "09:00", "end": "11:00"}],
        "overrides": [{"date": "2026-12-08", "intervals": [{"start": "13:00", "end": "14:00"}]}],
        "vacations": [{"first": "2026-12-14", "last": "2026-12-14"}],
    }
    service.call("PUT", "/me/availability", host=host["id"], json=hours)
    offer = service.offer(host, availability={"weekly": [{"weekday": "friday", "start": "22:00", "end": "24:00"}]})
    week: dict[str, str] = {"first": MONDAY, "last": "2026-12-20"}

    def readings() -> list[str]:
        found = service.slots(host, **week) + service.slots(host, offer["slug"], **week)
        return [slot["start"].removesuffix(slot["start"][19:]) for slot in found]

    before = readings()
    for zone in ("Asia/Tokyo", "America/St_Johns"):
        assert service.call("PATCH", "/me", host=host["id"], json={"timezone": zone}).status_code == 200
        assert readings() == before
    assert service.get("/me/availability", host=host["id"]) == {"timezone": "America/St_Johns"} | hours
    assert len(before) == 4 + 2 + 4
