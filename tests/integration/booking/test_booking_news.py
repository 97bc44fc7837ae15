"""What the connector and the notifier say, in any order and any number of times."""

import itertools
import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from integration.booking.service import MONDAY, Json, Service
from shared import inbox
from shared.events import (
    CATALOGUE,
    Event,
    MailFailed,
    MailSent,
    MeetingDelayed,
    MeetingFailed,
    MeetingMoved,
    MeetingReady,
    MeetingRemoved,
    MeetingUnavailable,
    ZoomConnected,
    ZoomDisconnected,
    ZoomLinksWaiting,
    ZoomNeedsReconnect,
)
from shared.events.envelope import Message, wrap

NINE = f"{MONDAY}T09:00:00+01:00"
TEN = f"{MONDAY}T10:00:00+01:00"
LINK = "https://zoom.example.com/j/12345678901?pwd=secret"


def news(booking: Json, kind: type[Event], revision: int, *, version: int = 1, **more: Any) -> Any:
    needed: dict[type[Event], dict[str, Any]] = {
        MeetingReady: {"join_url": LINK, "passcode": "123"},
        MeetingDelayed: {"reason": "Zoom does not answer", "attempts": 2},
        MeetingUnavailable: {"reason": "Zoom is not connected."},
        MeetingFailed: {"code": "3000", "reason": "Zoom says no"},
        MeetingMoved: {"start": TEN, "end": f"{MONDAY}T10:30:00+01:00"},
        MeetingRemoved: {"cause": "canceled"},
    }
    about = {"booking_id": booking["id"], "host_id": "h", "booking_version": version, "revision": revision}
    return kind.model_validate(about | needed[kind] | more)


def mail(booking: Json, outcome: type[Event], **more: Any) -> Any:
    about = {
        "booking_id": booking["id"],
        "host_id": "h",
        "delivery_id": "d1",
        "kind": "client_confirmation",
        "recipient": "client",
        "version": 1,
        "attempts": 1,
        "sent_at": NINE,
        "reason": "451 later.",
        "final": False,
    }
    return outcome.model_validate(about | more)


def video(service: Service, booking: Json) -> Json:
    found: Json = service.get(f"/bookings/{booking['reference']}")["video"]
    return found


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (MeetingReady, "ready"),
        (MeetingDelayed, "delayed"),
        (MeetingUnavailable, "unavailable"),
        (MeetingFailed, "failed"),
        (MeetingRemoved, "removed"),
    ],
)
def test_the_booking_shows_what_the_connector_says(service: Service, host: Json, kind: type[Event], state: str) -> None:
    made = service.book(host, NINE)
    service.hear(news(made, kind, 1))
    found = video(service, made)
    assert found["state"] == state
    assert (found["join_url"], found["passcode"]) == ((LINK, "123") if state == "ready" else (None, None))
    assert service.get(f"/bookings/{made['reference']}")["version"] == 1


def test_a_link_is_never_in_the_timeline(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    service.hear(news(made, MeetingReady, 1, note="A stray meeting may exist"))
    line = service.timeline(host, made)[-1]
    assert (line["type"], line["text"]) == ("meeting.ready", "The Zoom meeting is ready: A stray meeting may exist.")
    assert "secret" not in str(service.timeline(host, made))


def test_the_same_news_makes_one_line(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    for event in (news(made, MeetingDelayed, 1), mail(made, MailFailed), mail(made, MailSent, attempts=2)) * 3:
        service.hear(event)
    types = [line["type"] for line in service.timeline(host, made)]
    assert sorted(types) == ["booking.created", "mail.failed", "mail.sent", "meeting.delayed"]


def test_older_news_changes_nothing(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    service.hear(news(made, MeetingReady, 2))
    service.hear(news(made, MeetingDelayed, 1))
    assert video(service, made)["state"] == "ready"
    assert [line["type"] for line in service.timeline(host, made)] == ["booking.created", "meeting.ready"]


def test_a_moved_booking_is_in_doubt_until_its_own_version_is_ready(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    service.hear(news(made, MeetingReady, 1))
    found = service.change(made, "reschedule", start=TEN).json()["video"]
    assert (found["state"], found["join_url"], found["passcode"]) == ("pending", None, None)
    service.hear(news(made, MeetingReady, 2, version=1))
    assert video(service, made)["state"] == "pending"
    assert "before the latest change" in service.timeline(host, made)[-1]["text"]
    service.hear(news(made, MeetingReady, 3, version=2))
    assert video(service, made)["join_url"] == LINK


def test_a_canceled_booking_has_no_link_until_its_meeting_is_gone(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    service.change(made, "cancel")
    service.hear(news(made, MeetingReady, 1, version=1))
    assert video(service, made)["state"] == "pending"
    service.hear(news(made, MeetingRemoved, 2, version=2))
    found = video(service, made)
    assert (found["state"], found["join_url"], found["removed_because"]) == ("removed", None, "canceled")


def test_news_of_a_meeting_that_is_not_zooms_moves_no_state(service: Service, host: Json) -> None:
    service.offer(host, slug="call", location={"kind": "phone", "detail": "+49 30 1"})
    made = service.book(host, NINE, "call")
    service.hear(news(made, MeetingReady, 1))
    assert video(service, made)["state"] == "none"


def test_news_of_an_unknown_booking_is_passed_over(service: Service) -> None:
    service.hear(news({"id": "nobody"}, MeetingReady, 1))
    service.hear(mail({"id": "nobody"}, MailSent))


@pytest.mark.parametrize("seed", range(8))
def test_any_order_and_any_repeats_end_the_same(service: Service, host: Json, seed: int) -> None:
    made = service.book(host, NINE)
    service.change(made, "reschedule", start=TEN)
    said = [
        news(made, MeetingReady, 1, version=1),
        news(made, MeetingDelayed, 2, version=2),
        news(made, MeetingReady, 3, version=2),
        mail(made, MailFailed, attempts=1),
        mail(made, MailSent, attempts=2),
    ]
    chance = random.Random(seed)
    schedule = list(itertools.chain.from_iterable([event] * chance.randint(1, 5) for event in said))
    chance.shuffle(schedule)
    for event in schedule:
        service.hear(event)
    assert video(service, made)["join_url"] == LINK
    types = [line["type"] for line in service.timeline(host, made)]
    assert len(types) == len({(line["type"], line["text"]) for line in service.timeline(host, made)})
    assert types.count("mail.sent") == types.count("mail.failed") == 1


def test_the_timeline_tells_of_mails_when_they_were_sent(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    service.clock.turn(minutes=1)
    service.hear(mail(made, MailFailed, next_attempt_at=NINE))
    service.hear(
        mail(made, MailFailed, attempts=9, final=True, kind="host_canceled", recipient="host", reason="550 no")
    )
    sent_at = service.clock.now - timedelta(seconds=30)
    service.hear(mail(made, MailSent, kind="client_link", delivery_id="d2", sent_at=sent_at.isoformat()))
    lines = service.timeline(host, made)
    assert [line["text"] for line in lines[1:]] == [
        "The mail with the video link was sent to the client.",
        "The confirmation was not sent yet to the client: 451 later.",
        "The mail about the cancellation could not be delivered to the host: 550 no.",
    ]
    assert datetime.fromisoformat(lines[1]["at"]) == sent_at
    assert lines[2]["detail"]["next_attempt_at"] == "2026-12-07T08:00:00+00:00"


@pytest.mark.parametrize("kind", [ZoomConnected, ZoomDisconnected, ZoomNeedsReconnect, ZoomLinksWaiting])
def test_a_changed_connection_changes_no_booking(service: Service, host: Json, kind: type[Event]) -> None:
    made = service.book(host, NINE)
    service.hear(kind.model_validate({"host_id": host["id"], "cause": "disconnected", "reason": "r", "waiting": 2}))
    assert service.get(f"/bookings/{made['reference']}") == made


def test_every_event_that_comes_to_this_queue_has_a_handler() -> None:
    from booking.handlers import HANDLERS  # noqa: PLC0415 - beside the fact it states
    from shared.bus import topology  # noqa: PLC0415

    mine = {event for name, event in CATALOGUE.items() if "booking.events" in topology.listeners(name)}
    assert set(HANDLERS) == mine


def test_events_travel_through_the_inbox_and_the_outbox_empties(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    worker = service.worker()
    message = wrap(news(made, MeetingReady, 1), source="zoom-connector", now=service.clock())
    inbox.receive(service.database, [message, message, Message("bad", "meeting.ready", "{")], service.clock())
    while any(step() for step in worker.steps().values()):
        pass
    assert video(service, made)["state"] == "ready"
    assert service.outbox() == []
    with service.database.read() as tx:
        assert inbox.counts(tx) == {"waiting": 0, "parked": 1}
    worker.database.close()
    worker.bus.close()


def test_old_idempotency_keys_are_forgotten(service: Service, host: Json) -> None:
    headers = {"Idempotency-Key": "once"}
    made = service.book(host, NINE, headers=headers)
    service.change(made, "cancel")
    worker = service.worker()
    service.clock.turn(days=6)
    worker.sweep.step()
    assert service.try_to_book(host, NINE, headers=headers).status_code == 200
    service.clock.turn(days=2)
    worker.sweep.step()
    assert service.try_to_book(host, NINE, headers=headers).status_code == 409
    worker.database.close()
    worker.bus.close()


def test_a_meeting_that_was_moved_in_zoom_keeps_its_link_and_says_where_it_is(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    service.hear(news(made, MeetingReady, 1))
    service.hear(news(made, MeetingMoved, 2))
    found = service.get(f"/me/bookings/{made['id']}", host=host["id"])
    assert (found["start"], found["version"], found["video"]["state"]) == (NINE, 1, "ready")
    assert found["video"]["join_url"] == LINK
    assert found["video"]["moved_to"] == {"start": TEN, "end": f"{MONDAY}T10:30:00+01:00"}
    assert found["timeline"][-1]["text"] == (
        "The meeting was moved in Zoom to Monday 7 December 2026, 10:00 (Europe/Berlin);"
        " the booking stays at Monday 7 December 2026, 09:00 (Europe/Berlin)."
    )
    service.hear(news(made, MeetingReady, 3))
    assert video(service, made)["moved_to"] is None
    assert service.timeline(host, made)[-1]["text"] == "The Zoom meeting is at the booked time again."


@pytest.mark.parametrize("order", itertools.permutations((1, 2)))
def test_a_move_and_the_link_before_it_may_come_in_any_order(
    service: Service, host: Json, order: tuple[int, ...]
) -> None:
    made = service.book(host, NINE)
    said = {1: news(made, MeetingReady, 1), 2: news(made, MeetingMoved, 2)}
    for revision in order * 2:
        service.hear(said[revision])
    found = video(service, made)
    assert (found["state"], found["join_url"]) == ("ready", LINK)
    assert found["moved_to"]["start"] == f"{MONDAY}T09:00:00+00:00"
    assert len(service.timeline(host, made)) == 3


def test_an_older_move_is_passed_over(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    service.hear(news(made, MeetingReady, 3))
    service.hear(news(made, MeetingMoved, 2))
    assert video(service, made)["moved_to"] is None
    assert len(service.timeline(host, made)) == 2


def test_a_moved_meeting_is_accepted_by_moving_the_booking(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    service.hear(news(made, MeetingReady, 1))
    service.hear(news(made, MeetingMoved, 2, start=f"{MONDAY}T20:10:30+01:00", end=f"{MONDAY}T20:40:30+01:00"))
    wish = {"start": video(service, made)["moved_to"]["start"], "any_time": True}
    moved = service.call("POST", f"/me/bookings/{made['id']}/reschedule", host=host["id"], json=wish)
    assert (moved.status_code, moved.json()["start"]) == (200, f"{MONDAY}T20:10:30+01:00")
    assert moved.json()["video"] | {"provider": None} == {
        "provider": None, "state": "pending", "join_url": None, "passcode": None, "moved_to": None,
        "removed_because": None,
    }  # fmt: skip
    service.hear(news(made, MeetingMoved, 3, version=1))
    assert video(service, made)["moved_to"] is None
    assert "before the latest change" in service.timeline(host, made)[-1]["text"]


def test_a_meeting_that_was_deleted_in_zoom_can_be_let_go_or_come_back(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    service.hear(news(made, MeetingReady, 1))
    service.hear(news(made, MeetingRemoved, 2, cause="deleted_in_zoom"))
    found = video(service, made)
    assert (found["state"], found["join_url"], found["removed_because"]) == ("removed", None, "deleted_in_zoom")
    service.hear(news(made, MeetingRemoved, 3, cause="accepted"))
    assert video(service, made)["removed_because"] == "accepted"
    service.hear(news(made, MeetingReady, 4, replaced=True))
    assert (video(service, made)["state"], video(service, made)["removed_because"]) == ("ready", None)
    assert [line["text"] for line in service.timeline(host, made)[2:]] == [
        "The meeting was deleted in Zoom; the booking stands and has no link until the meeting is restored.",
        "The host lets it take place without the meeting that was deleted in Zoom.",
        "Another Zoom meeting takes the place of the one before; the link has changed.",
    ]
    assert service.get(f"/bookings/{made['reference']}")["status"] == "confirmed"


def test_a_cause_of_tomorrow_is_understood_as_far_as_it_goes(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    service.hear(news(made, MeetingRemoved, 1, cause="expired"))
    assert video(service, made)["removed_because"] == "deleted_in_zoom"


def test_what_is_booked_tells_its_reminders(service: Service, host: Json) -> None:
    offer = service.offer(host, reminders=[30])
    made = service.book(host, NINE, offer["slug"])
    service.call("PATCH", f"/me/session-types/{offer['id']}", host=host["id"], json={"reminders": [60]})
    service.change(made, "reschedule", start=TEN)
    told = [received.event.booking.session_type.reminders for received in service.outbox()]  # type: ignore[attr-defined]
    assert told == [[30], [60]]


def test_a_meeting_that_remains_in_zoom_is_not_said_to_be_gone(service: Service, host: Json) -> None:
    made = service.book(host, NINE)
    service.change(made, "cancel")
    note = "The meeting remains in Zoom: the permission to delete is not granted."
    service.hear(news(made, MeetingRemoved, 1, version=2, note=note))
    assert service.timeline(host, made)[-1]["text"] == note
    assert video(service, made)["state"] == "removed"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("client_confirmation", "The confirmation was sent to the client."),
        ("client_link_changed", "The mail with the new video link was sent to the client."),
        ("client_reminder", "The reminder was sent to the client."),
        ("client_of_tomorrow", "The mail was sent to the client."),
    ],
)
def test_each_mail_has_its_name_in_the_timeline(service: Service, host: Json, kind: str, words: str) -> None:
    made = service.book(host, NINE)
    service.hear(mail(made, MailSent, kind=kind))
    assert service.timeline(host, made)[-1]["text"] == words


def test_every_mail_of_the_notifier_has_a_name_here() -> None:
    from booking.handlers.mails import MAILS  # noqa: PLC0415 - beside the fact it states
    from notifier.deliveries import kinds  # noqa: PLC0415 - same

    follow_ups = (kinds.LINK_REMOVED, kinds.REFUSAL, kinds.MOVED_IN_ZOOM, kinds.DELETED_IN_ZOOM)
    both = (kinds.LINK, kinds.LINK_CHANGED, kinds.REMINDER)
    known = {*kinds.FIRSTS, *follow_ups, *(kind for pair in both for kind in pair.values())}
    assert {kind.partition("_")[2] for kind in known} <= MAILS.keys()
