"""What the host does for clients, and how late clients may change things themselves."""

from datetime import datetime

import pytest
import requests

from integration.booking.service import CLIENT, MONDAY, Json, Service
from shared.events import BookingCreated, BookingRescheduled

NINE = f"{MONDAY}T09:00:00+01:00"
TEN = f"{MONDAY}T10:00:00+01:00"
NIGHT = f"{MONDAY}T03:07:00+01:00"


@pytest.fixture
def intro(service: Service, host: Json) -> Json:
    [found] = service.get("/me/session-types", host=host["id"])["items"]
    assert isinstance(found, dict)
    return found


def book(service: Service, host: Json, offer: Json, start: str, **more: object) -> requests.Response:
    headers = more.pop("headers", {})
    body = {"session_type_id": offer["id"], "start": start, "client": CLIENT} | more
    return service.call("POST", "/me/bookings", host=host["id"], json=body, headers=headers)


def cut_off(service: Service, host: Json, minutes: int) -> None:
    assert service.call("PATCH", "/me", host=host["id"], json={"change_cutoff": minutes}).status_code == 200


def test_a_host_books_for_a_client(service: Service, host: Json, intro: Json) -> None:
    answer = book(service, host, intro, NINE, notes="By phone")
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["start"], made["client"], made["notes"]) == (NINE, CLIENT, "By phone")
    assert service.timeline(host, made)[0]["text"] == (
        "Grace (host) booked Intro call for Ada Lovelace: Monday 7 December 2026, 09:00 (Europe/Berlin)."
    )
    [received] = service.outbox()
    assert isinstance(received.event, BookingCreated)
    assert service.try_to_book(host, NINE).status_code == 409


def test_a_host_is_bound_by_the_rules_unless_it_is_any_time(service: Service, host: Json, intro: Json) -> None:
    refused = book(service, host, intro, NIGHT)
    assert (refused.status_code, refused.json()["reason"]) == (409, "outside_availability")
    assert refused.json()["nearest"][0] == NINE
    made = book(service, host, intro, NIGHT, any_time=True)
    assert made.status_code == 201
    assert made.json()["start"] == NIGHT


def test_at_any_time_only_the_past_and_what_is_booked_refuse(service: Service, host: Json) -> None:
    offer = service.offer(host, slug="strict", min_notice=10_000, horizon=1, max_per_day=1, active=False)
    assert book(service, host, offer, NINE).json()["reason"] == "too_soon"
    for start in (NINE, TEN, "2027-12-07T09:00:00+01:00"):
        assert book(service, host, offer, start, any_time=True).status_code == 201
    taken = book(service, host, offer, f"{MONDAY}T09:30:00+01:00", any_time=True)
    assert (taken.status_code, taken.json()["reason"]) == (409, "busy")
    past = book(service, host, offer, "2026-12-06T12:59:00+01:00", any_time=True)
    assert (past.status_code, past.json()["reason"]) == (409, "in_the_past")


@pytest.mark.parametrize("start", ["2027-12-07T09:00:00.5Z", "2037-12-07T09:00:00Z", "9999-12-31T23:59:59Z"])
def test_any_time_has_an_end(service: Service, host: Json, intro: Json, start: str) -> None:
    answer = book(service, host, intro, start, any_time=True)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "start")


def test_a_host_may_leave_the_own_questions_open_and_none_unknown(service: Service, host: Json) -> None:
    offer = service.offer(host, slug="ask", questions=[{"key": "goal", "label": "Goal?", "required": True}])
    assert book(service, host, offer, NINE, answers={"other": "x"}).json()["errors"][0]["field"] == "answers.other"
    assert book(service, host, offer, NINE).status_code == 201
    assert book(service, host, offer, TEN, answers={"goal": "x"}).json()["answers"] == {"goal": "x"}


def test_a_host_takes_seats_of_a_group_too(service: Service, host: Json) -> None:
    offer = service.offer(host, slug="class", capacity=2)
    service.book(host, NINE, "class")
    assert book(service, host, offer, NINE, any_time=True).status_code == 201
    assert book(service, host, offer, NINE, any_time=True).json()["reason"] == "busy"


def test_a_repeated_request_of_a_host_makes_one_booking(service: Service, host: Json, intro: Json) -> None:
    headers = {"Idempotency-Key": "once"}
    first, again = (book(service, host, intro, NINE, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert book(service, host, intro, TEN, headers=headers).json()["code"] == "idempotency_conflict"
    assert service.try_to_book(host, NINE, headers=headers).json()["code"] == "idempotency_conflict"


def test_a_host_books_own_session_types_only(service: Service, host: Json, intro: Json) -> None:
    other = service.sign_up()
    assert book(service, other, intro, NINE).json()["code"] == "no_such_session_type"
    service.call("DELETE", f"/me/session-types/{intro['id']}", host=host["id"])
    assert book(service, host, intro, NINE).json()["code"] == "no_such_session_type"
    body = {"session_type_id": intro["id"], "start": NINE, "client": CLIENT}
    assert service.call("POST", "/me/bookings", json=body).status_code == 401


def test_a_host_moves_a_booking_to_any_time(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    service.book(host, TEN)
    path = f"/me/bookings/{made['id']}/reschedule"
    assert service.call("POST", path, host=host["id"], json={"start": NIGHT}).status_code == 409
    taken = service.call("POST", path, host=host["id"], json={"start": TEN, "any_time": True})
    assert (taken.status_code, taken.json()["reason"]) == (409, "busy")
    moved = service.call("POST", path, host=host["id"], json={"start": NIGHT, "any_time": True})
    assert (moved.status_code, moved.json()["start"]) == (200, NIGHT)
    last = service.outbox()[-1].event
    assert isinstance(last, BookingRescheduled)
    assert last.by == "host"
    by_client = service.change(made, "reschedule", start=NIGHT, any_time=True)
    assert (by_client.status_code, by_client.json()["errors"][0]["field"]) == (422, "any_time")


def test_a_client_moves_and_cancels_until_the_host_says_it_is_too_late(service: Service, host: Json) -> None:
    cut_off(service, host, 120)
    made, other = service.book(host, NINE), service.book(host, TEN)
    assert (made["changeable"], made["changeable_until"]) == (True, f"{MONDAY}T06:00:00+00:00")
    service.clock.now = datetime.fromisoformat(f"{MONDAY}T07:00:00+01:00")
    for what, body in (("reschedule", {"start": TEN}), ("cancel", {"reason": "x"})):
        answer = service.change(made, what, **body)
        assert (answer.status_code, answer.json()["code"]) == (409, "too_late"), what
        assert answer.json()["detail"].startswith("This can be changed until 2 hours before it begins;")
    late = service.get(f"/bookings/{made['reference']}")
    assert (late["changeable"], late["changeable_until"]) == (False, f"{MONDAY}T06:00:00+00:00")
    query = f"/bookings/{made['reference']}/slots?from={MONDAY}&to={MONDAY}"
    assert service.call("GET", query).json()["code"] == "too_late"
    assert service.change(other, "cancel").status_code == 200
    path = f"/me/bookings/{made['id']}"
    assert service.call("GET", f"{path}/slots?from={MONDAY}&to={MONDAY}", host=host["id"]).status_code == 200
    assert service.call("POST", f"{path}/reschedule", host=host["id"], json={"start": TEN}).status_code == 200
    assert service.call("POST", f"{path}/cancel", host=host["id"], json={"reason": "Ill"}).status_code == 200


def test_without_a_limit_of_the_hosts_a_client_can_change_until_the_start(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    service.clock.now = datetime.fromisoformat(f"{MONDAY}T08:59:59+01:00")
    assert service.get(f"/bookings/{made['reference']}")["changeable"]
    service.clock.turn(seconds=1)
    assert not service.get(f"/bookings/{made['reference']}")["changeable"]
    assert service.change(made, "cancel").json()["code"] == "too_late"


def test_a_canceled_booking_is_not_changeable(service: Service, host: Json) -> None:
    canceled = service.change(service.book(host, NINE), "cancel").json()
    assert (canceled["changeable"], canceled["changeable_until"]) == (False, None)


def test_a_cut_off_has_its_limits(service: Service, host: Json) -> None:
    for wrong in (-1, 525_601, 1.5, "60", None, True):
        assert service.call("PATCH", "/me", host=host["id"], json={"change_cutoff": wrong}).status_code == 422
    cut_off(service, host, 525_600)
    made = service.book(host, NINE)
    assert made["changeable"] is False
