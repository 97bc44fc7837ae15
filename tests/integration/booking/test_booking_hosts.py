"""Hosts, their working hours and their session types over HTTP."""

from typing import Any

import pytest

from integration.booking.service import MONDAY, PUBLIC_URL, Json, Service

MORNING = {"start": "09:00", "end": "12:00"}


def test_a_new_host_starts_with_working_hours_and_an_intro(service: Service, host: Json) -> None:
    assert service.get("/me", host=host["id"]) == {
        "id": host["id"],
        "name": "Grace",
        "email": host["email"],
        "handle": host["handle"],
        "timezone": "Europe/Berlin",
        "default_video_provider": "zoom",
        "welcome_text": "",
        "color": "#2563eb",
        "calendar_feed": host["calendar_feed"],
        "change_cutoff": 0,
        "logo": None,
    }
    assert host["calendar_feed"].startswith(PUBLIC_URL)
    hours = service.get("/me/availability", host=host["id"])
    weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday"]
    assert hours == {
        "timezone": "Europe/Berlin",
        "weekly": [{"weekday": weekday, "start": "09:00", "end": "17:00"} for weekday in weekdays],
        "overrides": [],
        "vacations": [],
    }
    [intro] = service.get("/me/session-types", host=host["id"])["items"]
    assert intro == {
        "id": intro["id"],
        "slug": "intro",
        "title": "Intro call",
        "description": "",
        "duration": 30,
        "location": {"kind": "video", "provider": "zoom", "detail": None},
        "buffer_before": 0,
        "buffer_after": 0,
        "min_notice": 0,
        "horizon": 60,
        "slot_step": 30,
        "max_per_day": None,
        "capacity": 1,
        "questions": [],
        "color": "#2563eb",
        "active": True,
        "reminders": [1440, 60],
        "availability": None,
    }


def test_making_a_host_again_gives_the_host_as_it_is(service: Service, host: Json) -> None:
    wanted = {"name": "Other", "email": "other@example.com", "handle": "other", "timezone": "UTC"}
    again = service.call("PUT", f"/hosts/{host['id']}", json=wanted)
    assert (again.status_code, again.json()) == (200, host)


def test_a_handle_or_address_is_taken_once(service: Service, host: Json) -> None:
    wanted = {"name": "Other", "email": "other@example.com", "handle": host["handle"], "timezone": "UTC"}
    taken = service.call("PUT", "/hosts/h2", json=wanted)
    assert (taken.status_code, taken.json()["code"]) == (409, "handle_taken")
    wanted |= {"handle": "other", "email": host["email"].upper()}
    taken = service.call("PUT", "/hosts/h2", json=wanted)
    assert (taken.status_code, taken.json()["code"]) == (409, "email_taken")


def test_a_host_changes_the_profile(service: Service, host: Json) -> None:
    other = service.sign_up()
    changes = {"name": "Grace H.", "handle": "grace-h", "welcome_text": "Hi\nthere", "color": "#AA00ff"}
    changed = service.call("PATCH", "/me", host=host["id"], json=changes | {"default_video_provider": "none"})
    assert changed.status_code == 200
    assert changed.json() == host | changes | {"default_video_provider": "none"}
    taken = service.call("PATCH", "/me", host=host["id"], json={"handle": other["handle"]})
    assert (taken.status_code, taken.json()["code"]) == (409, "handle_taken")
    assert service.get("/hosts/grace-h")["welcome_text"] == "Hi\nthere"
    assert service.call("GET", f"/hosts/{host['handle']}").json()["code"] == "no_such_host"


def test_the_public_page_shows_active_types_only(service: Service, host: Json) -> None:
    hidden = service.offer(host, slug="hidden", active=False)
    page = service.get(f"/hosts/{host['handle']}")
    assert {"name", "handle", "welcome_text", "color", "logo", "timezone", "session_types"} == page.keys()
    assert [one["slug"] for one in page["session_types"]] == ["intro"]
    assert "email" not in str(page)
    refused = service.try_to_book(host, f"{MONDAY}T09:00:00+01:00", hidden["slug"])
    assert (refused.status_code, refused.json()["code"]) == (404, "no_such_session_type")


def test_working_hours_are_replaced_as_a_whole(service: Service, host: Json) -> None:
    wanted = {
        "timezone": "America/New_York",
        "weekly": [
            {"weekday": "monday", "start": "13:00", "end": "24:00"},
            {"weekday": "monday", "start": "09:00", "end": "12:30"},
        ],
        "overrides": [
            {"date": "2026-12-25", "intervals": []},
            {"date": MONDAY, "intervals": [{"start": "00:00", "end": "01:00"}]},
        ],
    }
    changed = service.call("PUT", "/me/availability", host=host["id"], json=wanted).json()
    assert changed == {
        "timezone": "America/New_York",
        "weekly": wanted["weekly"][::-1],
        "overrides": wanted["overrides"][::-1],
        "vacations": [],
    }
    assert service.get("/me/availability", host=host["id"]) == changed
    assert service.get("/me", host=host["id"])["timezone"] == "America/New_York"
    assert [slot["start"] for slot in service.slots(host)] == [f"{MONDAY}T00:00:00-05:00", f"{MONDAY}T00:30:00-05:00"]
    assert service.slots(host, first="2026-12-14", last="2026-12-14")[-1]["start"] == "2026-12-14T23:30:00-05:00"


def test_working_hours_keep_their_wall_clock_when_the_host_moves(service: Service, host: Json) -> None:
    service.call("PATCH", "/me", host=host["id"], json={"timezone": "Asia/Tokyo"})
    assert service.get("/me/availability", host=host["id"])["timezone"] == "Asia/Tokyo"
    assert service.slots(host)[0]["start"] == f"{MONDAY}T09:00:00+09:00"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"weekly": [{"weekday": "monday", **MORNING}] * 2}, "weekly"),
        ({"weekly": [], "overrides": [{"date": MONDAY, "intervals": [MORNING] * 2}]}, "overrides"),
        ({"weekly": [], "overrides": [{"date": MONDAY, "intervals": []}] * 2}, "body"),
        ({"weekly": [{"weekday": "monday", "start": "12:00", "end": "12:00"}]}, "weekly.0"),
        ({"weekly": [{"weekday": "monday", "start": "24:00", "end": "24:00"}]}, "weekly.0"),
        ({"weekly": [{"weekday": "monday", "start": "9:00", "end": "12:00"}]}, "weekly.0.start"),
        ({"weekly": [{"weekday": "Montag", "start": "09:00", "end": "12:00"}]}, "weekly.0.weekday"),
        ({"weekly": [], "overrides": [{"date": "2026-02-30", "intervals": []}]}, "overrides.0.date"),
    ],
)  # fmt: skip
def test_working_hours_that_make_no_sense_are_refused(service: Service, host: Json, body: Json, field: str) -> None:
    refused = service.call("PUT", "/me/availability", host=host["id"], json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")
    assert refused.json()["errors"][0]["field"] == field
    assert len(service.get("/me/availability", host=host["id"])["weekly"]) == 5


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "europe/berlin", "localtime", "../../etc/passwd", "Europe"])
def test_a_zone_that_does_not_exist_is_refused_by_its_own_code(service: Service, host: Json, name: str) -> None:
    wanted = {"start": f"{MONDAY}T09:00:00+01:00", "client": {"name": "A", "email": "a@example.com", "timezone": name}}
    path = f"/hosts/{host['handle']}/session-types/intro"
    answers = [
        service.call("PATCH", "/me", host=host["id"], json={"timezone": name}),
        service.call("PUT", "/me/availability", host=host["id"], json={"timezone": name, "weekly": []}),
        service.call("POST", f"{path}/bookings", json=wanted),
    ]
    if name:
        answers.append(service.call("GET", f"{path}/slots?from={MONDAY}&to={MONDAY}&timezone={name}"))
    for answer in answers:
        assert answer.status_code == 422
        assert answer.json()["code"] == ("unknown_timezone" if name else "validation_failed")
        assert answer.json()["errors"][0]["field"] in ("timezone", "client.timezone")


def test_a_type_without_a_location_has_the_default_provider(service: Service, host: Json) -> None:
    assert service.offer(host)["location"] == {"kind": "video", "provider": "zoom", "detail": None}
    service.call("PATCH", "/me", host=host["id"], json={"default_video_provider": "none"})
    made = service.offer(host, location={"kind": "video"})
    assert made["location"] == {"kind": "video", "provider": None, "detail": None}


def test_a_type_can_be_changed_field_by_field(service: Service, host: Json) -> None:
    made = service.offer(host, slot_step=20, max_per_day=3)
    path = f"/me/session-types/{made['id']}"
    changed = service.call("PATCH", path, host=host["id"], json={"slot_step": None, "duration": 45}).json()
    assert changed == made | {"slot_step": 45, "duration": 45}
    changed = service.call("PATCH", path, host=host["id"], json={"max_per_day": None, "color": "#123456"}).json()
    assert changed == made | {"slot_step": 45, "duration": 45, "max_per_day": None, "color": "#123456"}
    assert service.call("PATCH", path, host=host["id"], json={}).json() == changed


def test_a_slug_is_taken_once_by_each_host(service: Service, host: Json) -> None:
    made = service.offer(host, slug="lesson")
    taken = service.call(
        "POST", "/me/session-types", host=host["id"], json={"slug": "intro", "title": "x", "duration": 5}
    )
    assert (taken.status_code, taken.json()["code"]) == (409, "slug_taken")
    path = f"/me/session-types/{made['id']}"
    assert service.call("PATCH", path, host=host["id"], json={"slug": "intro"}).json()["code"] == "slug_taken"
    assert service.offer(service.sign_up(), slug="lesson")["slug"] == "lesson"


@pytest.mark.parametrize(
    "location",
    [
        {"kind": "phone", "provider": "zoom"},
        {"kind": "in_person", "provider": "custom", "detail": "https://example.com"},
        {"kind": "video", "provider": "custom"},
        {"kind": "video", "provider": "custom", "detail": "javascript:alert(1)"},
        {"kind": "video", "provider": "custom", "detail": "https://"},
        {"kind": "video", "provider": "custom", "detail": "https://a b"},
        {"kind": "video", "provider": "teams"},
        {"kind": "street"},
        {"provider": "zoom"},
        "zoom",
        [],
    ],
)
def test_a_location_that_makes_no_sense_is_refused(service: Service, host: Json, location: Any) -> None:
    body = {"slug": "lesson", "title": "Lesson", "duration": 30, "location": location}
    assert service.call("POST", "/me/session-types", host=host["id"], json=body).status_code == 422


def test_what_another_host_has_is_not_there(service: Service, host: Json) -> None:
    other = service.sign_up()
    offered = service.offer(other)
    made = service.book(other, f"{MONDAY}T09:00:00+01:00")
    for method, path, body in (
        ("GET", f"/me/session-types/{offered['id']}", None),
        ("PATCH", f"/me/session-types/{offered['id']}", {"title": "Mine"}),
        ("DELETE", f"/me/session-types/{offered['id']}", None),
        ("GET", f"/me/bookings/{made['id']}", None),
        ("GET", f"/me/bookings/{made['id']}/slots?from={MONDAY}&to={MONDAY}", None),
        ("POST", f"/me/bookings/{made['id']}/reschedule", {"start": f"{MONDAY}T10:00:00+01:00"}),
        ("POST", f"/me/bookings/{made['id']}/cancel", {"reason": None}),
    ):
        answer = service.call(method, path, host=host["id"], json=body)
        assert answer.status_code == 404, path
        assert answer.json()["code"] in ("no_such_session_type", "no_such_booking")
    assert service.get(f"/bookings/{made['reference']}") == made


def test_a_host_who_is_not_known_here_is_not_found(service: Service) -> None:
    answer = service.call("GET", "/me", host="nobody")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_host")


def test_only_a_signed_in_host_has_a_side_of_its_own(service: Service) -> None:
    for path in ("/me", "/me/availability", "/me/session-types", "/me/bookings", "/me/bookings/x"):
        assert service.call("GET", path).status_code == 401
