"""When a host is away, what a session type's own hours are, and why a time is not offered."""

from datetime import datetime

import pytest

from integration.booking.service import MONDAY, Json, Service

WEEK = [{"weekday": day, "start": "09:00", "end": "17:00"} for day in ("monday", "tuesday", "wednesday")]
TUESDAY, WEDNESDAY = "2026-12-08", "2026-12-09"


def work(service: Service, host: Json, **values: object) -> Json:
    wanted = {"weekly": WEEK, "overrides": []} | values
    answer = service.call("PUT", "/me/availability", host=host["id"], json=wanted)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def days(slots: list[Json]) -> set[str]:
    return {slot["start"][:10] for slot in slots}


def why(service: Service, host: Json, offer: Json, start: str) -> Json:
    path = f"/me/session-types/{offer['id']}/why"
    found: Json = service.get(path, host=host["id"], params={"start": start})
    return found


@pytest.fixture
def intro(service: Service, host: Json) -> Json:
    [found] = service.get("/me/session-types", host=host["id"])["items"]
    assert isinstance(found, dict)
    return found


def test_nothing_is_offered_on_vacation_whatever_else_is_said(service: Service, host: Json) -> None:
    override = {"date": TUESDAY, "intervals": [{"start": "18:00", "end": "20:00"}]}
    vacations = [{"first": TUESDAY, "last": "2026-12-20"}, {"first": MONDAY, "last": TUESDAY}]
    found = work(service, host, overrides=[override], vacations=vacations)
    assert found["vacations"] == vacations[::-1]
    assert service.get("/me/availability", host=host["id"]) == found
    assert days(service.slots(host, first=MONDAY, last="2026-12-21")) == {"2026-12-21"}
    answer = service.try_to_book(host, f"{TUESDAY}T18:00:00+01:00")
    assert (answer.status_code, answer.json()["reason"]) == (409, "vacation")
    assert answer.json()["detail"] == "The host is away on this day. Please choose another time."
    work(service, host)
    assert days(service.slots(host, last=WEDNESDAY)) == {MONDAY, TUESDAY, WEDNESDAY}


def test_a_vacation_is_meant_in_dates_of_the_hosts_zone(service: Service, host: Json) -> None:
    work(service, host, vacations=[{"first": MONDAY, "last": MONDAY}], timezone="Pacific/Auckland")
    found = service.slots(host, first="2026-12-06", last=TUESDAY, timezone="Europe/Berlin")
    assert found[0]["start"] == f"{MONDAY}T21:00:00+01:00"  # Tuesday, nine o'clock in Auckland


@pytest.mark.parametrize(
    "vacations",
    [
        [{"first": TUESDAY, "last": MONDAY}],
        [{"first": TUESDAY}],
        [{"first": "soon", "last": TUESDAY}],
        [{"first": MONDAY, "last": TUESDAY, "note": "x"}],
        [{"first": MONDAY, "last": MONDAY}] * 201,
        None,
    ],
)
def test_a_vacation_that_makes_no_sense_is_refused(service: Service, host: Json, vacations: object) -> None:
    body = {"weekly": WEEK, "vacations": vacations}
    answer = service.call("PUT", "/me/availability", host=host["id"], json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


def test_a_vacation_breaks_no_booking(service: Service, host: Json) -> None:
    made = service.book(host, f"{MONDAY}T09:00:00+01:00")
    work(service, host, vacations=[{"first": MONDAY, "last": MONDAY}])
    assert service.get(f"/bookings/{made['reference']}") == made


def test_a_session_type_has_hours_of_its_own(service: Service, host: Json) -> None:
    own: Json = {
        "weekly": [
            {"weekday": "saturday", "start": "13:00", "end": "14:00"},
            {"weekday": "saturday", "start": "10:00", "end": "12:00"},
        ],
        "overrides": [{"date": MONDAY, "intervals": [{"start": "20:00", "end": "21:00"}]}],
    }
    made = service.offer(host, slug="weekend", availability=own)
    assert made["availability"] == own | {"weekly": own["weekly"][::-1]}
    found = [slot["start"] for slot in service.slots(host, "weekend", last="2026-12-13")]
    assert found == [f"{MONDAY}T20:00:00+01:00", *(f"2026-12-12T{hour}:00:00+01:00" for hour in (10, 11, 13))]
    assert days(service.slots(host, last="2026-12-13")) == {f"2026-12-{day:02}" for day in range(7, 12)}
    work(service, host, vacations=[{"first": "2026-12-12", "last": "2026-12-12"}])
    assert days(service.slots(host, "weekend", last="2026-12-13")) == {MONDAY}
    path = f"/me/session-types/{made['id']}"
    changed = service.call("PATCH", path, host=host["id"], json={"availability": None}).json()
    assert changed["availability"] is None
    assert days(service.slots(host, "weekend", last="2026-12-13")) == {MONDAY, TUESDAY, WEDNESDAY}


def test_a_session_types_own_hours_are_checked_like_the_hosts(service: Service, host: Json) -> None:
    twice = [{"weekday": "monday", "start": "09:00", "end": "12:00"}] * 2
    body = {"slug": "s", "title": "T", "duration": 30, "availability": {"weekly": twice}}
    answer = service.call("POST", "/me/session-types", host=host["id"], json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "availability.weekly")
    unfit: list[object] = [{"weekly": [], "vacations": []}, {"overrides": []}, [], "host"]
    for wrong in unfit:
        answer = service.call("POST", "/me/session-types", host=host["id"], json=body | {"availability": wrong})
        assert answer.status_code == 422


def test_reminders_have_their_limits_and_their_order(service: Service, host: Json) -> None:
    made = service.offer(host, reminders=[60, 1440, 5])
    assert made["reminders"] == [1440, 60, 5]
    path = f"/me/session-types/{made['id']}"
    for wrong in ([4], [43_201], [60, 60], [5, 6, 7, 8, 9, 10], [True], ["60"], None, 60):
        assert service.call("PATCH", path, host=host["id"], json={"reminders": wrong}).status_code == 422, wrong
    assert service.call("PATCH", path, host=host["id"], json={"reminders": []}).json()["reminders"] == []


def test_a_preview_shows_what_clients_see_and_what_they_would_see(service: Service, host: Json, intro: Json) -> None:
    path = f"/me/session-types/{intro['id']}"
    query = {"from": MONDAY, "to": MONDAY, "timezone": "America/New_York"}
    seen = service.get(f"{path}/slots", host=host["id"], params=query)
    assert seen == {"timezone": "America/New_York", "slots": service.slots(host, timezone="America/New_York")}
    service.call("PATCH", path, host=host["id"], json={"active": False})
    assert service.get(f"{path}/slots", host=host["id"], params=query) == seen
    other = service.sign_up()
    assert service.call("GET", f"{path}/slots", host=other["id"], params=query).status_code == 404
    service.call("DELETE", path, host=host["id"])
    assert service.call("GET", f"{path}/slots", host=host["id"], params=query).status_code == 404


def test_the_one_rule_that_removes_a_time_is_named(service: Service, host: Json) -> None:
    work(
        service,
        host,
        weekly=[*WEEK, {"weekday": "thursday", "start": "09:00", "end": "10:00"}],
        overrides=[
            {"date": WEDNESDAY, "intervals": []},
            {"date": "2026-12-14", "intervals": [{"start": "13:00", "end": "15:30"}]},
        ],
        vacations=[{"first": "2026-12-15", "last": "2026-12-16"}],
    )
    offer = service.offer(host, slug="rare", min_notice=1440, horizon=30, max_per_day=1, buffer_after=30)
    service.book(host, f"{TUESDAY}T10:00:00+01:00", client={"name": "Ada", "email": "a@example.com", "timezone": "UTC"})
    service.book(host, "2026-12-21T09:00:00+01:00", "rare")
    expected = {
        "2026-12-21T16:00:00+01:00": ("day_full", "Monday 21 December 2026 is full"),
        f"{TUESDAY}T14:00:00+01:00": (None, "This time is offered."),
        f"{TUESDAY}T10:00:00+01:00": ("busy", "Intro call with Ada is in the way: Tuesday 8 December 2026, 10:00"),
        f"{TUESDAY}T09:00:00+01:00": ("busy", "their buffers do"),
        "2026-12-06T12:00:00+01:00": ("in_the_past", "in the past"),
        f"{MONDAY}T09:00:00+01:00": ("too_soon", "minimum notice of this session type is 1 day"),
        "2027-01-11T09:00:00+01:00": ("beyond_horizon", "30 days ahead"),
        "9999-12-31T09:00:00+00:00": ("beyond_horizon", "30 days ahead"),
        "2026-12-15T10:00:00+01:00": ("vacation", "from Tuesday 15 December 2026 to Wednesday 16 December 2026"),
        f"{WEDNESDAY}T10:00:00+01:00": ("override", "makes it a day off"),
        "2026-12-14T15:00:00+01:00": ("override", "offers 13:00–15:30; the whole session has to fit in"),  # noqa: RUF001
        "2026-12-10T11:00:00+01:00": ("outside_availability", "Thursdays: 09:00–10:00"),  # noqa: RUF001
        "2026-12-11T11:00:00+01:00": ("outside_availability", "Your working hours for Fridays: none"),
        f"{TUESDAY}T14:15:00+01:00": ("off_grid", "they start every 1 hour"),
    }
    for start, (rule, words) in expected.items():
        found = why(service, host, offer, start)
        assert (found["rule"], found["offered"]) == (rule, rule is None), (start, found)
        assert words in found["text"], found


def test_a_full_group_and_an_inactive_type_are_named_too(service: Service, host: Json) -> None:
    offer = service.offer(host, slug="class", capacity=2)
    nine = f"{MONDAY}T09:00:00+01:00"
    service.book(host, nine, "class")
    assert why(service, host, offer, nine)["offered"]
    service.book(host, nine, "class")
    assert why(service, host, offer, nine) == {
        "offered": False,
        "rule": "seats_taken",
        "text": "Every seat is taken: 2 booked.",
    }
    service.call("PATCH", f"/me/session-types/{offer['id']}", host=host["id"], json={"active": False})
    assert why(service, host, offer, nine)["rule"] == "inactive"


def test_why_needs_a_clear_moment_and_an_own_session_type(service: Service, host: Json, intro: Json) -> None:
    path = f"/me/session-types/{intro['id']}/why"
    for query in ("", "?start=tomorrow", "?start=2026-12-07T09:00:00"):
        assert service.call("GET", path + query, host=host["id"]).json()["code"] == "validation_failed"
    nine = {"start": f"{MONDAY}T09:00:00+01:00"}
    assert service.call("GET", path, host=service.sign_up()["id"], params=nine).status_code == 404
    assert service.call("GET", path, params=nine).status_code == 401


def test_what_is_offered_and_why_not_agree_on_every_half_hour(service: Service, host: Json, intro: Json) -> None:
    work(service, host, vacations=[{"first": TUESDAY, "last": TUESDAY}])
    service.book(host, f"{MONDAY}T11:00:00+01:00")
    free = {slot["start"] for slot in service.slots(host, last=WEDNESDAY)}
    for day in (MONDAY, TUESDAY, WEDNESDAY):
        for half in range(16, 36):
            start = f"{day}T{half // 2:02}:{half % 2 * 30:02}:00+01:00"
            assert why(service, host, intro, start)["offered"] == (start in free), start
    assert len(free) == 31
    assert datetime.fromisoformat(min(free)).hour == 9
