"""Seats of a group session: one occupancy, one meeting, and nobody is harmed by what another guest or the host does."""

from typing import Any

import pytest
from sqlalchemy import select

from booking.storage.tables import OCCUPANCIES
from integration.booking.service import MONDAY, Json, Service
from shared.events import BookingCanceled, BookingFacts, MeetingMoved, MeetingReady, MeetingRemoved

NINE = f"{MONDAY}T09:00:00+01:00"
TEN = f"{MONDAY}T10:00:00+01:00"


@pytest.fixture
def lesson(service: Service, host: Json) -> Json:
    return service.offer(host, slug="class", capacity=3)


def seat(service: Service, host: Json, start: str = NINE) -> Json:
    return service.book(host, start, "class")


def facts(service: Service, booking: Json) -> list[BookingFacts]:
    """Give what the other services were told of a booking, one after the other."""
    told = [received.event.booking for received in service.outbox()]  # type: ignore[attr-defined]
    return [one for one in told if one.id == booking["id"]]


def groups(service: Service, host: Json) -> dict[str, int]:
    query = select(OCCUPANCIES.c.id, OCCUPANCIES.c.taken).where(OCCUPANCIES.c.host_id == host["id"])
    with service.database.read() as tx:
        return {row.id: row.taken for row in tx.execute(query)}


def test_seats_of_one_session_are_told_as_one(service: Service, host: Json, lesson: Json) -> None:
    made = [seat(service, host) for _ in range(3)]
    [group] = groups(service, host).items()
    assert group[1] == lesson["capacity"]
    assert {facts(service, booking)[0].occupancy_id for booking in made} == {group[0]}


def test_a_session_for_one_is_told_as_no_group(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    service.change(made, "reschedule", start=TEN)
    service.change(made, "cancel")
    assert [told.occupancy_id for told in facts(service, made)] == [None, None, None]


@pytest.mark.usefixtures("lesson")
def test_a_seat_that_moves_leaves_the_others_where_they_are(service: Service, host: Json) -> None:
    first, second, third = (seat(service, host) for _ in range(3))
    [old] = groups(service, host)
    assert service.change(first, "reschedule", start=TEN).status_code == 200
    [new] = groups(service, host).keys() - {old}
    assert [told.occupancy_id for told in facts(service, first)] == [old, new]
    assert groups(service, host) == {old: 2, new: 1}
    for other in (second, third):
        assert service.get(f"/bookings/{other['reference']}") == other
    assert service.change(first, "reschedule", start=NINE).status_code == 200
    assert facts(service, first)[-1].occupancy_id == old
    assert groups(service, host) == {old: 3}


@pytest.mark.usefixtures("lesson")
def test_a_canceled_seat_says_which_group_it_leaves(service: Service, host: Json) -> None:
    first, second = seat(service, host), seat(service, host)
    [group] = groups(service, host)
    service.change(first, "cancel")
    told = facts(service, first)[-1]
    assert (told.status, told.occupancy_id) == ("canceled", group)
    assert groups(service, host) == {group: 1}
    assert service.get(f"/bookings/{second['reference']}") == second
    service.change(second, "cancel")
    assert facts(service, second)[-1].occupancy_id == group
    assert groups(service, host) == {}
    assert facts(service, seat(service, host))[0].occupancy_id != group


@pytest.mark.parametrize("capacity", [1, 2, 10])
def test_another_capacity_breaks_no_seat(service: Service, host: Json, lesson: Json, capacity: int) -> None:
    made = [seat(service, host) for _ in range(3)]
    [group] = groups(service, host)
    path = f"/me/session-types/{lesson['id']}"
    assert service.call("PATCH", path, host=host["id"], json={"capacity": capacity}).status_code == 200
    assert [service.get(f"/bookings/{booking['reference']}") for booking in made] == made
    moved = service.change(made[0], "reschedule", start=TEN)
    assert moved.status_code == 200
    told = facts(service, made[0])[-1]
    assert (told.occupancy_id is None) == (capacity == 1)
    assert groups(service, host)[group] == 2
    assert service.change(made[1], "cancel").status_code == 200
    assert facts(service, made[1])[-1].occupancy_id == group
    assert service.get(f"/bookings/{made[2]['reference']}") == made[2]
    joined = service.try_to_book(host, NINE, "class").status_code
    assert joined == (409 if capacity == 1 else 201)


def test_a_private_session_stays_private_when_its_type_becomes_a_group(service: Service, host: Json) -> None:
    offer = service.offer(host, slug="class")
    made = seat(service, host)
    service.call("PATCH", f"/me/session-types/{offer['id']}", host=host["id"], json={"capacity": 5})
    assert service.try_to_book(host, NINE, "class").status_code == 409
    service.change(made, "cancel")
    assert [told.occupancy_id for told in facts(service, made)] == [None, None]


def test_a_group_of_another_length_is_never_joined(service: Service, host: Json, lesson: Json) -> None:
    made = seat(service, host)
    service.call("PATCH", f"/me/session-types/{lesson['id']}", host=host["id"], json={"duration": 30})
    assert service.try_to_book(host, NINE, "class").json()["reason"] == "busy"
    assert service.get(f"/bookings/{made['reference']}") == made


def about(booking: Json, version: int, revision: int, **more: str) -> dict[str, Any]:
    return {"booking_id": booking["id"], "host_id": "h", "booking_version": version, "revision": revision} | more


@pytest.mark.usefixtures("lesson")
def test_a_seat_given_back_is_not_told_as_the_end_of_the_meeting(service: Service, host: Json) -> None:
    first, second = seat(service, host), seat(service, host)
    for booking in (first, second):
        service.hear(MeetingReady.model_validate(about(booking, 1, 1, join_url="https://zoom.example/j/1")))
    service.change(first, "cancel")
    service.hear(MeetingRemoved.model_validate(about(first, 2, 2, cause="canceled")))
    assert service.timeline(host, first)[-1]["text"] == "The seat in the group's Zoom meeting was given back."
    assert service.get(f"/bookings/{second['reference']}")["video"]["state"] == "ready"
    assert isinstance(service.outbox()[-1].event, BookingCanceled)


@pytest.mark.usefixtures("lesson")
def test_a_group_follows_its_meeting_as_one(service: Service, host: Json) -> None:
    made = [seat(service, host) for _ in range(3)]
    service.change(made[2], "cancel")
    [group] = groups(service, host)
    noon, one = f"{MONDAY}T12:00:00+01:00", f"{MONDAY}T13:00:00+01:00"
    for booking in made[:2]:
        service.hear(MeetingReady.model_validate(about(booking, 1, 1, join_url="https://zoom.example/j/1")))
        service.hear(MeetingMoved.model_validate(about(booking, 1, 2, start=noon, end=one)))
    path = f"/me/bookings/{made[0]['id']}/reschedule"
    moved = service.call("POST", path, host=host["id"], json={"start": noon, "any_time": True})
    assert (moved.status_code, moved.json()["start"], moved.json()["version"]) == (200, noon, 2)
    for booking in made[:2]:
        found = service.get(f"/me/bookings/{booking['id']}", host=host["id"])
        assert (found["start"], found["version"], found["video"]["state"]) == (noon, 2, "pending")
        assert (facts(service, booking)[-1].version, facts(service, booking)[-1].occupancy_id) == (2, group)
        assert found["timeline"][-1]["type"] == "booking.rescheduled"
    assert groups(service, host) == {group: 2}
    assert service.get(f"/bookings/{made[2]['reference']}")["status"] == "canceled"
    free = {slot["start"]: slot["seats_left"] for slot in service.slots(host, "class")}
    assert (free[NINE], free[noon]) == (3, 1)


@pytest.mark.usefixtures("lesson")
def test_a_group_does_not_follow_to_where_its_host_is_busy(service: Service, host: Json) -> None:
    made = [seat(service, host) for _ in range(2)]
    service.book(host, f"{MONDAY}T10:30:00+01:00")
    for booking in made:
        service.hear(MeetingMoved.model_validate(about(booking, 1, 2, start=TEN, end=f"{MONDAY}T11:00:00+01:00")))
    path = f"/me/bookings/{made[0]['id']}/reschedule"
    refused = service.call("POST", path, host=host["id"], json={"start": TEN, "any_time": True})
    assert (refused.status_code, refused.json()["reason"]) == (409, "busy")
    assert [service.get(f"/bookings/{booking['reference']}")["version"] for booking in made] == [1, 1]
