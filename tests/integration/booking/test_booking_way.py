"""Booking, moving and calling off over HTTP."""

import threading
from datetime import datetime
from zoneinfo import ZoneInfo

from icalendar import Calendar

from integration.booking.service import CLIENT, MONDAY, PUBLIC_URL, Json, Service
from shared.events import BookingCanceled, BookingCreated, BookingRescheduled

NINE = f"{MONDAY}T09:00:00+01:00"
TEN = f"{MONDAY}T10:00:00+01:00"
NOWHERE_ELSE = {"moved_to": None, "removed_because": None}


def test_a_new_host_offers_half_hours_in_working_hours(service: Service, host: Json) -> None:
    found = service.slots(host)
    assert len(found) == 16
    assert found[0] == {"start": NINE, "end": f"{MONDAY}T09:30:00+01:00", "seats_left": 1}


def test_slots_are_shown_on_the_asked_clock(service: Service, host: Json) -> None:
    found = service.slots(host, timezone="America/New_York")
    assert found[0]["start"] == f"{MONDAY}T03:00:00-05:00"


def test_a_booking_is_what_the_contract_says(service: Service, host: Json) -> None:
    made = service.book(host, NINE, notes="Bring tea\r\nplease")
    assert made == {
        "id": made["id"],
        "reference": made["reference"],
        "status": "confirmed",
        "start": f"{MONDAY}T08:00:00+00:00",
        "end": f"{MONDAY}T08:30:00+00:00",
        "version": 1,
        "session_type": {"slug": "intro", "title": "Intro call", "duration": 30},
        "host": {"name": "Grace", "handle": host["handle"], "timezone": "Europe/Berlin"},
        "client": CLIENT,
        "notes": "Bring tea\nplease",
        "answers": {},
        "questions": [],
        "location": {"kind": "video", "provider": "zoom", "detail": None},
        "video": {"provider": "zoom", "state": "pending", "join_url": None, "passcode": None} | NOWHERE_ELSE,
        "canceled_by": None,
        "cancel_reason": None,
        "changeable": True,
        "changeable_until": f"{MONDAY}T08:00:00+00:00",
        "created_at": "2026-12-06T12:00:00+00:00",
        "links": {
            "page": f"{PUBLIC_URL}/bookings/{made['reference']}",
            "calendar": f"{PUBLIC_URL}/api/v1/bookings/{made['reference']}/calendar.ics",
        },
    }
    assert len(made["reference"]) >= 22
    assert service.get(f"/bookings/{made['reference']}") == made


def test_the_id_does_not_open_a_booking(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    answer = service.call("GET", f"/bookings/{made['id']}")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_booking")


def test_a_taken_slot_offers_the_three_nearest(service: Service, host: Json) -> None:
    service.book(host, TEN)
    answer = service.try_to_book(host, TEN)
    assert answer.status_code == 409
    assert answer.json()["code"] == "slot_taken"
    assert answer.json()["reason"] == "busy"
    assert answer.json()["nearest"] == [
        f"{MONDAY}T08:30:00+00:00",
        f"{MONDAY}T09:30:00+00:00",
        f"{MONDAY}T08:00:00+00:00",
    ]


def test_each_start_that_is_not_free_is_refused_with_its_reason(service: Service, host: Json) -> None:
    service.offer(host, slug="rare", max_per_day=1, min_notice=60)
    service.book(host, TEN, "rare")
    reasons = {
        f"{MONDAY}T14:00:00+01:00": "day_full",
        "2026-12-06T13:30:00+01:00": "too_soon",
        "2026-12-06T12:30:00+01:00": "in_the_past",
        "2027-06-07T09:00:00+02:00": "beyond_horizon",
        f"{MONDAY}T03:00:00+01:00": "outside_availability",
        "2026-12-08T09:05:00+01:00": "off_grid",
        "0001-01-01T00:00:00+00:00": "in_the_past",
        "9999-12-31T23:59:59-00:00": "beyond_horizon",
    }
    for start, reason in reasons.items():
        answer = service.try_to_book(host, start, "rare")
        assert (answer.status_code, answer.json()["code"], answer.json()["reason"]) == (409, "slot_taken", reason)
        assert len(answer.json()["nearest"]) == 3
        assert answer.json()["detail"].endswith("Please choose another time.")


def test_a_booking_and_its_event_are_committed_together(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    [received] = service.outbox()
    assert isinstance(received.event, BookingCreated)
    facts = received.event.booking
    assert (facts.id, facts.version, facts.status) == (made["id"], 1, "confirmed")
    assert facts.host.email == host["email"]
    assert facts.location.provider == "zoom"
    assert received.subject == made["id"]


def test_a_rescheduled_booking_frees_its_old_slot_at_once(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    answer = service.change(made, "reschedule", start=TEN)
    assert answer.status_code == 200
    moved = dict.fromkeys(("start", "end", "version", "changeable_until"))
    assert answer.json() | moved == made | moved
    assert (answer.json()["start"], answer.json()["version"]) == (f"{MONDAY}T09:00:00+00:00", 2)
    starts = [slot["start"] for slot in service.slots(host)]
    assert NINE in starts
    assert TEN not in starts
    last = service.outbox()[-1].event
    assert isinstance(last, BookingRescheduled)
    assert last.previous_start == datetime.fromisoformat(NINE)
    assert last.booking.version == 2


def test_a_booking_can_move_into_its_own_neighbourhood(service: Service, host: Json) -> None:
    service.offer(host, slug="long", duration=120, slot_step=15, buffer_before=30, buffer_after=30)
    made = service.book(host, TEN, "long")
    later = f"{MONDAY}T10:15:00+01:00"
    offered = service.get(f"/bookings/{made['reference']}/slots", params={"from": MONDAY, "to": MONDAY})["slots"]
    assert later in [
        datetime.fromisoformat(slot["start"]).astimezone(ZoneInfo("Europe/Berlin")).isoformat() for slot in offered
    ]
    assert service.change(made, "reschedule", start=later).status_code == 200
    assert service.try_to_book(host, TEN, "long").status_code == 409


def test_moving_a_booking_to_where_it_is_changes_nothing(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    answer = service.change(made, "reschedule", start=f"{MONDAY}T08:00:00Z")
    assert (answer.status_code, answer.json()) == (200, made)
    assert len(service.outbox()) == 1


def test_a_booking_is_not_moved_onto_another_one(service: Service, host: Json) -> None:
    made, _ = service.book(host, NINE), service.book(host, TEN)
    answer = service.change(made, "reschedule", start=TEN)
    assert (answer.status_code, answer.json()["code"], answer.json()["reason"]) == (409, "slot_taken", "busy")
    assert answer.json()["nearest"][0] == f"{MONDAY}T08:30:00+00:00"
    assert service.get(f"/bookings/{made['reference']}") == made


def test_a_canceled_booking_frees_its_slot_and_is_canceled_once(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    first = service.change(made, "cancel", reason="Ill")
    assert first.status_code == 200
    assert (first.json()["status"], first.json()["canceled_by"], first.json()["cancel_reason"]) == (
        "canceled",
        "client",
        "Ill",
    )
    assert first.json()["version"] == 2
    assert service.change(made, "cancel", reason="Again").json() == first.json()
    assert len(service.outbox()) == 2
    assert isinstance(service.outbox()[-1].event, BookingCanceled)
    assert NINE in [slot["start"] for slot in service.slots(host)]


def test_a_canceled_booking_can_not_move(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    service.change(made, "cancel")
    answer = service.change(made, "reschedule", start=TEN)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_reschedulable")


def test_a_session_that_has_begun_can_not_move_and_one_that_is_over_can_not_be_canceled(
    service: Service, host: Json
) -> None:
    made = service.book(host, NINE)
    service.clock.now = datetime.fromisoformat(NINE)
    assert service.change(made, "reschedule", start=TEN).json()["code"] == "not_reschedulable"
    service.clock.turn(minutes=30)
    answer = service.change(made, "cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_cancelable")


def test_a_cancellation_needs_no_body(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    assert service.call("POST", f"/bookings/{made['reference']}/cancel").json()["status"] == "canceled"


def test_the_same_idempotency_key_makes_one_booking(service: Service, host: Json) -> None:
    headers = {"Idempotency-Key": "k" * 255}
    made = service.book(host, NINE, headers=headers)
    again = service.try_to_book(host, NINE, headers=headers)
    assert (again.status_code, again.json()) == (200, made)
    assert len(service.outbox()) == 1
    other = service.try_to_book(host, TEN, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    too_long = service.try_to_book(host, TEN, headers={"Idempotency-Key": "k" * 256})
    assert (too_long.status_code, too_long.json()["code"]) == (422, "validation_failed")


def test_an_idempotency_key_is_known_to_one_session_type_only(service: Service, host: Json) -> None:
    headers = {"Idempotency-Key": "same"}
    other_host = service.sign_up()
    assert service.book(host, NINE, headers=headers)["id"] != service.book(other_host, NINE, headers=headers)["id"]


def test_a_refused_booking_does_not_use_up_its_key(service: Service, host: Json) -> None:
    taken = service.book(host, NINE)
    headers = {"Idempotency-Key": "retry"}
    assert service.try_to_book(host, NINE, headers=headers).status_code == 409
    service.change(taken, "cancel")
    assert service.try_to_book(host, NINE, headers=headers).status_code == 201


def test_repeats_at_the_same_moment_make_one_booking(service: Service, host: Json) -> None:
    statuses: list[int] = []

    def repeat() -> None:
        statuses.append(service.try_to_book(host, NINE, headers={"Idempotency-Key": "storm"}).status_code)

    threads = [threading.Thread(target=repeat) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 7 + [201]
    assert len(service.outbox()) == 1


def test_a_group_session_seats_its_guests_and_no_more(service: Service, host: Json) -> None:
    service.offer(host, slug="class", capacity=2)
    first = service.book(host, NINE, "class")
    assert service.slots(host, "class")[0]["seats_left"] == 1
    service.book(host, NINE, "class")
    assert service.try_to_book(host, NINE, "class").json()["reason"] == "busy"
    assert NINE not in [slot["start"] for slot in service.slots(host)]
    service.change(first, "cancel")
    assert service.slots(host, "class")[0] == {
        "start": NINE,
        "end": TEN,
        "seats_left": 1,
    }


def test_a_guest_can_change_to_another_group_and_back(service: Service, host: Json) -> None:
    service.offer(host, slug="class", capacity=2)
    first, second = service.book(host, NINE, "class"), service.book(host, NINE, "class")
    assert service.change(first, "reschedule", start=TEN).status_code == 200
    assert [slot["seats_left"] for slot in service.slots(host, "class")[:2]] == [1, 1]
    assert service.change(second, "reschedule", start=TEN).status_code == 200
    assert [slot["seats_left"] for slot in service.slots(host, "class")[:2]] == [2, 2]


def test_the_seats_of_a_group_can_be_raised_and_lowered(service: Service, host: Json) -> None:
    offered = service.offer(host, slug="class", capacity=2)
    service.book(host, NINE, "class")
    path = f"/me/session-types/{offered['id']}"
    service.call("PATCH", path, host=host["id"], json={"capacity": 3})
    service.book(host, NINE, "class")
    service.book(host, NINE, "class")
    assert service.try_to_book(host, NINE, "class").status_code == 409
    service.call("PATCH", path, host=host["id"], json={"capacity": 1})
    assert service.try_to_book(host, NINE, "class").status_code == 409


def test_a_private_session_is_never_joined(service: Service, host: Json) -> None:
    offered = service.offer(host, slug="private", capacity=1)
    service.book(host, NINE, "private")
    service.call("PATCH", f"/me/session-types/{offered['id']}", host=host["id"], json={"capacity": 5})
    assert service.try_to_book(host, NINE, "private").json()["reason"] == "busy"


def test_questions_are_answered(service: Service, host: Json) -> None:
    questions = [{"key": "goal", "label": "Your goal?", "required": True}, {"key": "more", "label": "More?"}]
    service.offer(host, slug="ask", questions=questions)
    unanswered = service.try_to_book(host, NINE, "ask", answers={"other": "x", "goal": "  "})
    assert unanswered.status_code == 422
    assert [error["field"] for error in unanswered.json()["errors"]] == ["answers.other", "answers.goal"]
    made = service.book(host, NINE, "ask", answers={"goal": "Speak\nFrench", "more": ""})
    assert made["answers"] == {"goal": "Speak\nFrench"}


def test_what_was_booked_outlives_its_session_type(service: Service, host: Json) -> None:
    offered = service.offer(host, slug="short-lived", title="First title")
    made = service.book(host, NINE, "short-lived")
    path = f"/me/session-types/{offered['id']}"
    service.call("PATCH", path, host=host["id"], json={"title": "Second title", "duration": 30})
    assert service.call("DELETE", path, host=host["id"]).status_code == 204
    assert service.call("GET", path, host=host["id"]).status_code == 404
    assert service.try_to_book(host, TEN, "short-lived").json()["code"] == "no_such_session_type"
    assert service.get(f"/bookings/{made['reference']}")["session_type"]["title"] == "First title"
    moved = service.change(made, "reschedule", start=TEN).json()
    assert moved["session_type"] == {"slug": "short-lived", "title": "Second title", "duration": 30}
    assert service.offer(host, slug="short-lived")["slug"] == "short-lived"


def test_a_link_of_the_hosts_own_is_there_at_once(service: Service, host: Json) -> None:
    link = "https://meet.example.com/grace"
    service.offer(host, slug="own", location={"kind": "video", "provider": "custom", "detail": link})
    offered = {one["slug"]: one for one in service.get(f"/hosts/{host['handle']}")["session_types"]}
    assert offered["own"]["location"] == {"kind": "video", "provider": "custom", "detail": None}
    made = service.book(host, NINE, "own")
    assert made["video"] == {"provider": "custom", "state": "ready", "join_url": link, "passcode": None} | NOWHERE_ELSE
    canceled = service.change(made, "cancel").json()
    assert (canceled["video"]["state"], canceled["video"]["join_url"]) == ("removed", None)
    assert canceled["video"]["removed_because"] == "canceled"


def test_a_session_elsewhere_has_no_video(service: Service, host: Json) -> None:
    place = {"kind": "in_person", "provider": None, "detail": "1 Main Street"}
    service.offer(host, slug="here", location=place)
    made = service.book(host, NINE, "here")
    assert made["location"] == place
    assert made["video"] == {"provider": None, "state": "none", "join_url": None, "passcode": None} | NOWHERE_ELSE
    assert service.change(made, "cancel").json()["video"]["state"] == "none"


def test_the_client_can_keep_a_booking_in_a_calendar(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    service.change(made, "reschedule", start=TEN)
    answer = service.call("GET", f"/bookings/{made['reference']}/calendar.ics")
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8; method=PUBLISH"
    calendar = Calendar.from_ical(answer.content)
    assert calendar["METHOD"] == "PUBLISH"
    [event] = calendar.walk("VEVENT")
    assert event["UID"] == f"{made['id']}@punctual"
    assert event["SEQUENCE"] == 10
    assert event["STATUS"] == "CONFIRMED"
    assert event.decoded("DTSTART") == datetime.fromisoformat(TEN)
    assert made["links"]["page"] in str(event["DESCRIPTION"])


def test_the_feed_holds_what_stands_and_opens_with_its_key_only(service: Service, host: Json) -> None:
    kept, dropped = service.book(host, NINE), service.book(host, TEN)
    service.change(dropped, "cancel")
    address = service.get("/me", host=host["id"])["calendar_feed"]
    assert address.startswith(f"{PUBLIC_URL}/api/v1/me/calendar.ics?key=")
    answer = service.call("GET", f"/me/calendar.ics?key={address.rpartition('=')[2]}")
    events = Calendar.from_ical(answer.content).walk("VEVENT")
    assert [event["UID"] for event in events] == [f"{kept['id']}@punctual"]
    assert CLIENT["email"] in str(events[0]["DESCRIPTION"])
    assert service.call("GET", "/me/calendar.ics?key=guess").status_code == 404
    assert service.call("GET", "/me/calendar.ics").status_code == 404


def test_the_timeline_says_who_did_what(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    service.change(made, "reschedule", start=TEN)
    service.call("POST", f"/me/bookings/{made['id']}/cancel", host=host["id"], json={"reason": "Holiday"})
    lines = service.timeline(host, made)
    assert [line["type"] for line in lines] == ["booking.created", "booking.rescheduled", "booking.canceled"]
    assert lines[0]["text"] == ("Ada Lovelace booked Intro call for Monday 7 December 2026, 09:00 (Europe/Berlin).")
    assert "Ada Lovelace (client) moved it from" in lines[1]["text"]
    assert lines[2]["text"] == "Grace (host) canceled it. Reason: Holiday"
    assert lines[2]["detail"] == {"by": "host", "version": 3, "start": f"{MONDAY}T09:00:00+00:00"}
