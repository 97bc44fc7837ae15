"""What happens to a meeting in Zoom after people were told of it, and who hears of it when."""

from datetime import timedelta
from typing import Any

import pytest

from integration.notifier.office import Office, booked, canceled, moved
from integration.notifier.postbox import Got, Postbox
from shared.events import (
    ClientFacts,
    Event,
    MeetingDelayed,
    MeetingFailed,
    MeetingMoved,
    MeetingReady,
    MeetingRemoved,
    MeetingUnavailable,
)
from unit.notifier import ics_reader
from unit.notifier.notifier_facts import BOOKING, LINK, START

CLIENT, HOST = "joerg@example.net", "ada@example.com"
OTHER = "https://us02web.zoom.us/j/99999999999"


def about(revision: int, version: int = 1) -> dict[str, Any]:
    return {"booking_id": BOOKING, "host_id": "h1", "booking_version": version, "revision": revision}


def ready(revision: int, link: str = LINK, version: int = 1) -> MeetingReady:
    return MeetingReady(**about(revision, version), join_url=link, replaced=link != LINK)


def away(revision: int, hours: int = 1) -> MeetingMoved:
    start = START + timedelta(hours=hours)
    return MeetingMoved(**about(revision), start=start, end=start + timedelta(minutes=45))


def gone(revision: int, cause: str) -> MeetingRemoved:
    return MeetingRemoved(**about(revision), cause=cause)


def told(box: Postbox, address: str) -> list[str]:
    return [str(got.mail["Subject"]).partition(":")[0] for got in box.to(address)]


def entry(got: Got) -> ics_reader.Component | None:
    found = [part for part in got.mail.walk() if part.get_content_type() == "text/calendar"]
    text = found[0].get_content().replace("\r\n", "\n").replace("\n", "\r\n") if found else None
    return ics_reader.event(text) if text else None


@pytest.fixture
def told_office(office: Office, box: Postbox) -> Office:
    """Give an office whose people have the booking with its link."""
    office.hear(booked(), ready(1))
    office.send()
    assert [len(box.to(address)) for address in (CLIENT, HOST)] == [1, 1]
    return office


def test_a_link_that_changes_is_told_to_both_each_time(told_office: Office, box: Postbox) -> None:
    for revision, link in ((2, OTHER), (3, f"{OTHER}9"), (4, LINK)):
        told_office.hear(ready(revision, link))
        told_office.clock.turn(60)
        told_office.send()
        for address in (CLIENT, HOST):
            assert link in box.to(address)[-1].text
    for address, first in ((CLIENT, "Booked"), (HOST, "New booking")):
        assert told(box, address) == [first, *["New video link"] * 3]
        entries = [entry(got) for got in box.to(address)]
        assert [found and found["SEQUENCE"] for found in entries] == ["0", "1", "2", "3"]


def test_a_link_that_changes_before_it_was_told_is_simply_the_link(office: Office, box: Postbox) -> None:
    office.hear(booked(), ready(1), ready(2, OTHER))
    office.send()
    assert told(box, CLIENT) == ["Booked"]
    assert OTHER in box.to(CLIENT)[0].text


def test_a_newer_link_takes_the_place_of_one_that_waits(told_office: Office, box: Postbox) -> None:
    box.answers["RCPT"] = lambda _: "451 later"
    told_office.hear(ready(2, OTHER))
    told_office.send()
    told_office.hear(ready(3, f"{OTHER}9"))
    box.mend()
    told_office.wait_and_send(2)
    assert told(box, CLIENT) == ["Booked", "New video link"]
    assert f"{OTHER}9" in box.to(CLIENT)[1].text
    told_office.hear(ready(4, OTHER))
    box.answers["RCPT"] = lambda _: "451 later"
    told_office.send()
    told_office.hear(ready(5, f"{OTHER}9"))
    assert set(told_office.states().values()) == {"sent"}


def test_a_move_with_another_link_says_so_in_its_one_mail(told_office: Office, box: Postbox) -> None:
    told_office.hear(moved(), ready(2, OTHER, version=2))
    told_office.send()
    assert told(box, CLIENT) == ["Booked", "Moved"]
    assert OTHER in box.to(CLIENT)[1].text
    assert "The video link has changed, too." in box.to(CLIENT)[1].text


def test_what_is_moved_in_zoom_is_told_to_the_host_once_with_both_times(told_office: Office, box: Postbox) -> None:
    told_office.hear(away(2))
    told_office.send()
    told_office.hear(away(3, hours=2))
    told_office.send()
    assert told(box, HOST) == ["New booking", "Moved in Zoom"]
    assert told(box, CLIENT) == ["Booked"]
    text = " ".join(box.to(HOST)[1].text.split())
    assert "As booked: Tuesday, 1 December 2026 23:30" in text
    assert "In Zoom now: Wednesday, 2 December 2026 00:30" in text
    assert f"/dashboard/bookings/{BOOKING}" in text
    assert entry(box.to(HOST)[1]) is None


def test_what_was_put_right_before_the_mail_went_out_is_not_told(told_office: Office, box: Postbox) -> None:
    told_office.hear(away(2), ready(3))
    told_office.send()
    told_office.hear(gone(4, "deleted_in_zoom"), ready(5))
    told_office.send()
    assert told(box, HOST) == ["New booking"]


def test_news_of_a_move_that_overtakes_the_link_does_not_lose_it(office: Office, box: Postbox) -> None:
    office.hear(booked(), away(2))
    office.send()
    assert box.got == []
    office.hear(ready(1))
    office.send()
    assert LINK in box.to(CLIENT)[0].text
    assert told(box, HOST) == ["New booking", "Moved in Zoom"]


def test_what_is_deleted_in_zoom_is_the_hosts_to_decide_before_the_client_hears(
    told_office: Office, box: Postbox
) -> None:
    told_office.hear(gone(2, "deleted_in_zoom"))
    told_office.send()
    assert told(box, HOST) == ["New booking", "Deleted in Zoom"]
    assert told(box, CLIENT) == ["Booked"]
    told_office.hear(gone(3, "accepted"))
    told_office.send()
    assert told(box, HOST) == ["New booking", "Deleted in Zoom"]
    assert told(box, CLIENT) == ["Booked", "No video link any more"]
    last = entry(box.to(CLIENT)[1])
    assert last is not None
    assert (last["SEQUENCE"], last["STATUS"]) == ("1", "CONFIRMED")
    assert LINK not in box.to(CLIENT)[1].text


def test_what_is_made_anew_after_it_was_deleted_is_a_new_link_to_both(told_office: Office, box: Postbox) -> None:
    told_office.hear(gone(2, "deleted_in_zoom"))
    told_office.send()
    told_office.hear(ready(3, OTHER))
    told_office.send()
    assert told(box, CLIENT) == ["Booked", "New video link"]
    assert told(box, HOST) == ["New booking", "Deleted in Zoom", "New video link"]


def test_a_refusal_names_the_step_to_take(office: Office, box: Postbox) -> None:
    office.hear(booked())
    office.wait_and_send(16)
    office.hear(MeetingFailed(**about(1), code="zoom_3161", reason="Zoom does not allow it."))
    office.send()
    assert told(box, HOST) == ["New booking", "No video link"]
    assert "Ask the administrator of your Zoom account" in box.to(HOST)[1].text
    assert told(box, CLIENT) == ["Booked"]


def test_a_second_refusal_after_a_link_is_told_again(told_office: Office, box: Postbox) -> None:
    for revision in (2, 4):
        told_office.hear(MeetingFailed(**about(revision), code="zoom_3161", reason="No."))
        told_office.send()
        told_office.hear(ready(revision + 1, f"{OTHER}{revision}"))
        told_office.send()
    assert told(box, HOST)[1:] == ["No video link", "New video link"] * 2


def test_waits_of_the_connector_are_no_news_to_who_was_told_to_wait(office: Office, box: Postbox) -> None:
    office.hear(booked())
    office.wait_and_send(16)
    office.hear(MeetingDelayed(**about(1), reason="x"), MeetingUnavailable(**about(2), reason="x"))
    office.send()
    assert (told(box, CLIENT), told(box, HOST)) == (["Booked"], ["New booking"])


def test_a_cancel_ends_all_talk_of_the_meeting(told_office: Office, box: Postbox) -> None:
    told_office.hear(canceled(), gone(2, "deleted_in_zoom"), ready(3, OTHER), away(4))
    told_office.send()
    assert told(box, CLIENT) == ["Booked", "Canceled"]
    assert told(box, HOST) == ["New booking", "Canceled"]


def of_seat(seat: str, revision: int, version: int = 1) -> dict[str, Any]:
    return {"booking_id": seat, "host_id": "h1", "booking_version": version, "revision": revision}


@pytest.fixture
def session(office: Office, box: Postbox) -> Office:
    """Give an office where three clients have a seat in one session, and its link."""
    for seat in ("b1", "b2", "b3"):
        client = ClientFacts(name=seat, email=f"{seat}@example.net", timezone="UTC")
        office.hear(booked(id=seat, client=client, occupancy_id="o1"), MeetingReady(**of_seat(seat, 1), join_url=LINK))
    office.send()
    box.got.clear()
    return office


def everywhere(session: Office, kind: type[Event], revision: int, **news: Any) -> None:
    for seat in ("b2", "b3", "b1"):
        session.hear(kind.model_validate({**of_seat(seat, revision), **news}))


ELSEWHEN = {"start": START + timedelta(hours=1), "end": START + timedelta(hours=1, minutes=45)}


def test_the_host_of_a_group_session_hears_once_of_what_happened_in_zoom(session: Office, box: Postbox) -> None:
    everywhere(session, MeetingMoved, 2, **ELSEWHEN)
    session.wait_and_send(1)
    [mail] = box.to(HOST)
    assert str(mail.mail["Subject"]) == "Moved in Zoom: Introduction, Tue 1 Dec 2026, 23:30"
    assert not any(f"b{n}@example.net" in mail.text for n in (1, 2, 3))

    everywhere(session, MeetingReady, 3, join_url=LINK)
    everywhere(session, MeetingMoved, 4, **ELSEWHEN)
    session.wait_and_send(1)
    assert len(told(box, HOST)) == 2, "what happens again is told again"

    everywhere(session, MeetingRemoved, 5, cause="deleted_in_zoom")
    session.wait_and_send(1)
    assert len(told(box, HOST)) == 3
    assert [row.state for row in session.rows() if row.kind == "host_deleted_in_zoom"] == ["sent"]


def test_a_seat_that_is_given_up_takes_the_news_about_its_session_with_it_to_nobody(
    session: Office, box: Postbox
) -> None:
    box.answers["RCPT"] = lambda _: "451 later"
    everywhere(session, MeetingMoved, 2, **ELSEWHEN)
    session.wait_and_send(1)
    box.answers.clear()
    seat = booked(id="b2", client=ClientFacts(name="b2", email="b2@example.net", timezone="UTC"), occupancy_id="o1")
    session.hear(
        canceled(2, id="b2", client=seat.booking.client, occupancy_id="o1"),
        MeetingRemoved(**of_seat("b2", 3, version=2), cause="canceled"),
    )
    session.wait_and_send(60)
    assert sorted(told(box, HOST)) == ["Canceled", "Moved in Zoom"]
