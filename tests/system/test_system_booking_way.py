"""The whole way through the door: book, link, both mails, move, cancel, and all of it again after a restart."""

import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from icalendar import Calendar

from shared.testing import eventually
from support.browsing import Browser
from support.system import Host, System, booking


def ready(system: System, reference: str, version: int = 1) -> dict[str, Any]:
    def check() -> dict[str, Any] | None:
        found = booking(system, reference)
        return found if found["video"]["state"] == "ready" and found["version"] == version else None

    return eventually(check, timeout=20)


def meetings_of(system: System, booking_id: str) -> list[dict[str, Any]]:
    return [m for m in system.meetings() if booking_id in m["agenda"]]


def mails(system: System, to: str, count: int) -> list[dict[str, Any]]:
    return eventually(lambda: found if len(found := system.mail(to)) >= count else None, timeout=20)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.fixture(scope="module")
def host(system: System) -> Host:
    return system.host(connected=True)


def test_a_booked_session_gets_its_link_on_the_page_in_both_mails_and_in_zoom(system: System, host: Host) -> None:
    answer = host.book()
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["status"] == "confirmed"
    assert made["video"]["state"] in ("pending", "ready")
    done = ready(system, made["reference"])
    link = done["video"]["join_url"]
    [meeting] = meetings_of(system, made["id"])
    assert meeting["join_url"] == link
    assert moment(meeting["start_time"]) == moment(made["start"])
    assert meeting["host_email"] == host.call("GET", "/me/connections/zoom").json()["account_email"]
    page = requests.get(f"{system.url}/bookings/{made['reference']}", timeout=10)
    assert link.split("?")[0] in page.text
    [to_client] = mails(system, made["client"]["email"], 1)
    [to_host] = [m for m in mails(system, host.email, 1) if link in m["text"]]
    for mail in (to_client, to_host):
        assert link in mail["text"]
        assert link.split("?")[0] in mail["html"]
    assert made["host"]["name"] in to_client["text"]
    assert made["client"]["name"] in to_host["text"]
    assert made["reference"] not in to_host["text"] + to_host["html"]
    [invitation] = Calendar.from_ical(to_client["calendar"]["body"]).walk("VEVENT")
    assert invitation.decoded("DTSTART") == moment(made["start"])


def test_a_move_moves_the_meeting_and_a_cancel_deletes_it_and_both_are_told(system: System, host: Host) -> None:
    made = host.book().json()
    first = ready(system, made["reference"])
    later = host.slots()[-1]["start"]
    moved = requests.post(f"{system.api}/bookings/{made['reference']}/reschedule", json={"start": later}, timeout=10)
    assert moved.status_code == 200, moved.text
    assert (moved.json()["version"], moment(moved.json()["start"])) == (2, moment(later))
    assert moved.json()["video"]["state"] != "ready"
    after = ready(system, made["reference"], version=2)
    assert after["video"]["join_url"] == first["video"]["join_url"]
    [meeting] = meetings_of(system, made["id"])
    assert moment(meeting["start_time"]) == moment(later)
    canceled = requests.post(
        f"{system.api}/bookings/{made['reference']}/cancel", json={"reason": "ill"}, timeout=10
    ).json()
    assert (canceled["status"], canceled["canceled_by"], canceled["cancel_reason"]) == ("canceled", "client", "ill")
    eventually(lambda: booking(system, made["reference"])["video"]["state"] == "removed", timeout=20)
    assert meetings_of(system, made["id"]) == []
    told = mails(system, made["client"]["email"], 3)
    assert [m["calendar"]["method"] for m in told] == ["REQUEST", "REQUEST", "CANCEL"]
    events = [Calendar.from_ical(m["calendar"]["body"]).walk("VEVENT")[0] for m in told]
    assert len({str(e["UID"]) for e in events}) == 1
    numbers = [int(str(e["SEQUENCE"])) for e in events]
    assert numbers == sorted(set(numbers))
    about = [m for m in mails(system, host.email, 3) if made["client"]["name"] in m["text"]]
    assert eventually(lambda: len([m for m in system.mail(host.email) if made["client"]["name"] in m["text"]]) == 3)
    assert about


def test_the_host_reads_who_did_what_and_where_each_mail_is(system: System, host: Host) -> None:
    made = host.book().json()
    ready(system, made["reference"])

    def check() -> dict[str, Any] | None:
        found: dict[str, Any] = host.call("GET", f"/me/bookings/{made['id']}").json()
        sent = [line for line in found["timeline"] if line["type"] == "mail.sent"]
        return found if len(sent) == 2 and {d["state"] for d in found["deliveries"]} == {"sent"} else None

    found = eventually(check, timeout=20)
    assert {d["kind"] for d in found["deliveries"]} == {"client_confirmation", "host_notification"}
    types = [line["type"] for line in found["timeline"]]
    assert types[0] == "booking.created"
    assert {"meeting.ready", "mail.sent"} <= set(types)
    moments = [line["at"] for line in found["timeline"]]
    assert moments == sorted(moments)


def test_booked_without_zoom_the_link_follows_when_the_host_connects(system: System) -> None:
    host = system.host()
    made = host.book().json()
    eventually(lambda: booking(system, made["reference"])["video"]["state"] == "unavailable")
    [first] = mails(system, made["client"]["email"], 1)
    assert "zoom.us" not in first["text"]
    host.connect_zoom()
    link = ready(system, made["reference"])["video"]["join_url"]
    told = mails(system, made["client"]["email"], 2)
    assert link in told[1]["text"]
    assert len(meetings_of(system, made["id"])) == 1


def test_the_same_key_and_body_are_the_same_booking(host: Host) -> None:
    key = {"Idempotency-Key": secrets.token_hex(8)}
    start = host.slots()[0]["start"]
    client = {"name": "Carla", "email": "carla@example.org", "timezone": "Europe/Paris"}
    first = host.book(start, body={"client": client}, headers=key)
    again = host.book(start, body={"client": client}, headers=key)
    other = host.book(start, body={"client": client | {"name": "Cara"}}, headers=key)
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert first.json()["reference"] == again.json()["reference"]
    assert other.json()["code"] == "idempotency_conflict"


def test_a_taken_slot_offers_the_three_nearest(host: Host) -> None:
    start = host.slots()[1]["start"]
    assert host.book(start).status_code == 201
    refused = host.book(start)
    assert (refused.status_code, refused.json()["code"]) == (409, "slot_taken")
    assert len(refused.json()["nearest"]) == 3
    assert host.book(refused.json()["nearest"][0]).status_code == 201


def test_a_person_without_javascript_signs_up_connects_books_moves_and_cancels(system: System) -> None:
    word = secrets.token_hex(4)
    hanna = Browser()
    hanna.get(f"{system.url}/signup").submit(
        "Sign up",
        name="Hanna",
        email=f"h.{word}@example.com",
        password="correct horse battery",
        handle=f"h-{word}",
        timezone="Europe/Berlin",
    )
    assert "/dashboard" in hanna.url, hanna.words
    hanna.get(f"{system.url}/dashboard/connections").submit("Connect Zoom").submit("Allow")
    assert "connected" in hanna.words.lower()
    carl = Browser()
    carl.get(f"{system.url}/h-{word}/intro")
    slot = next(href for _, href in carl.links() if "start=" in href)
    carl.get(slot).submit("Book", name="Carl", email=f"c.{word}@example.org", notes="Hello")
    assert "/bookings/" in carl.url, carl.words
    page = carl.url
    eventually(lambda: "/j/" in carl.get(page).text, timeout=20)
    reference = page.rsplit("/", 1)[1]
    assert booking(system, reference)["client"]["name"] == "Carl"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[System]:
    running = System(tmp_path / "data").start()
    yield running
    if running.process and running.process.poll() is None:
        running.stop()


def test_after_a_stop_and_a_start_all_is_there_and_goes_on(own: System) -> None:
    host = own.host(connected=True)
    made = host.book().json()
    link = ready(own, made["reference"])["video"]["join_url"]
    mails(own, made["client"]["email"], 1)
    own.stop()
    own.start()
    assert ready(own, made["reference"])["video"]["join_url"] == link
    assert len(mails(own, made["client"]["email"], 1)) == 1
    later = host.slots()[-1]["start"]
    moved = host.call("POST", f"/me/bookings/{made['id']}/reschedule", json={"start": later})
    assert moved.status_code == 200, moved.text
    ready(own, made["reference"], version=2)
    [meeting] = meetings_of(own, made["id"])
    assert moment(meeting["start_time"]) == moment(later)
