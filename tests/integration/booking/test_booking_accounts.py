"""A host's account: logo, address, feed, and its end; and what the other services hear of it."""

import base64
import hashlib
from datetime import datetime
from typing import Any

import pytest
import requests
from sqlalchemy import func, select, update

from booking.storage.tables import HOSTS, METADATA
from integration.booking.service import MONDAY, PUBLIC_URL, Json, Service
from shared.events import BookingCanceled, HostChanged, HostRemoved, MeetingReady

NINE = f"{MONDAY}T09:00:00+01:00"
TEN = f"{MONDAY}T10:00:00+01:00"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PICTURES = {"image/png": PNG, "image/jpeg": b"\xff\xd8\xff\xe0 rest", "image/webp": b"RIFF\x08\x00\x00\x00WEBPVP8 "}


def put_logo(service: Service, host: Json, content: bytes, media_type: str) -> requests.Response:
    headers = {"Content-Type": media_type}
    return service.call("PUT", "/me/logo", host=host["id"], data=content, headers=headers)


def changes(service: Service) -> list[HostChanged]:
    return [received.event for received in service.outbox("host.changed") if isinstance(received.event, HostChanged)]


@pytest.mark.parametrize("media_type", PICTURES)
def test_a_logo_is_shown_as_what_it_is(service: Service, host: Json, media_type: str) -> None:
    content = PICTURES[media_type]
    answer = put_logo(service, host, content, media_type)
    assert answer.status_code == 200, answer.text
    version = hashlib.sha256(content).hexdigest()[:16]
    assert answer.json()["logo"] == f"/api/v1/hosts/{host['handle']}/logo?v={version}"
    assert service.get(f"/hosts/{host['handle']}")["logo"] == answer.json()["logo"]
    shown = service.call("GET", f"/hosts/{host['handle']}/logo?v={version}")
    assert (shown.status_code, shown.content, shown.headers["Content-Type"]) == (200, content, media_type)
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    known = {"If-None-Match": shown.headers["ETag"]}
    again = service.call("GET", f"/hosts/{host['handle']}/logo", headers=known)
    assert (again.status_code, again.content) == (304, b"")


def test_another_logo_has_another_address_and_none_is_not_found(service: Service, host: Json) -> None:
    first = put_logo(service, host, PNG, "image/png").json()["logo"]
    second = put_logo(service, host, PNG + b"more", "image/png").json()["logo"]
    assert first != second
    for _ in range(2):
        assert service.call("DELETE", "/me/logo", host=host["id"]).status_code == 204
    assert service.get("/me", host=host["id"])["logo"] is None
    gone = service.call("GET", f"/hosts/{host['handle']}/logo")
    assert (gone.status_code, gone.json()["code"]) == (404, "no_such_logo")


@pytest.mark.parametrize(
    ("content", "media_type", "refused"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", (422, "not_an_image")),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png", (422, "not_an_image")),
        (PNG, "image/jpeg", (422, "not_an_image")),
        (PNG, "application/json", (422, "not_an_image")),
        (b"", "image/png", (422, "not_an_image")),
        (b"RIFF1234WAVE", "image/webp", (422, "not_an_image")),
        (PNG + b"x" * 48 * 1024, "image/png", (413, "too_large")),
    ],
)
def test_what_is_no_small_picture_is_refused(
    service: Service, host: Json, content: bytes, media_type: str, refused: tuple[int, str]
) -> None:
    answer = put_logo(service, host, content, media_type)
    assert (answer.status_code, answer.json()["code"]) == refused
    assert service.get("/me", host=host["id"])["logo"] is None


def test_the_biggest_logo_fits(service: Service, host: Json) -> None:
    content = PNG + b"x" * (48 * 1024 - len(PNG))
    assert put_logo(service, host, content, "image/png").status_code == 200
    assert service.call("GET", f"/hosts/{host['handle']}/logo").content == content


def test_an_address_changes_and_belongs_to_one_host(service: Service, host: Json) -> None:
    other = service.sign_up()
    taken = service.call("PUT", "/me/email", host=host["id"], json={"email": other["email"].upper()})
    assert (taken.status_code, taken.json()["code"]) == (409, "email_taken")
    changed = service.call("PUT", "/me/email", host=host["id"], json={"email": "grace.h@example.com"})
    assert (changed.status_code, changed.json()) == (200, host | {"email": "grace.h@example.com"})
    for wrong in ({"email": "x"}, {"email": None}, {}, {"email": "a@b.example", "name": "x"}):
        assert service.call("PUT", "/me/email", host=host["id"], json=wrong).status_code in (400, 422)


def test_each_change_of_who_a_host_is_is_announced_and_nothing_else(service: Service, host: Json) -> None:
    def patch(**body: object) -> None:
        assert service.call("PATCH", "/me", host=host["id"], json=body).status_code == 200

    assert [(event.revision, event.host.name) for event in changes(service)] == [(1, "Grace")]
    patch(color="#123456", welcome_text="Hi", change_cutoff=5)
    patch(name="Grace")
    put_logo(service, host, PNG, "image/png")
    service.call("POST", "/me/calendar-feed", host=host["id"])
    assert len(changes(service)) == 1
    patch(name="Grace H.", handle=f"{host['handle']}-2")
    service.call("PUT", "/me/email", host=host["id"], json={"email": f"new.{host['email']}"})
    hours = {"timezone": "UTC", "weekly": []}
    service.call("PUT", "/me/availability", host=host["id"], json=hours)
    service.call("PUT", "/me/availability", host=host["id"], json=hours)
    assert [event.revision for event in changes(service)] == [1, 2, 3, 4]
    last = changes(service)[-1].host
    assert (last.id, last.name, last.email, last.handle, last.timezone) == (
        host["id"],
        "Grace H.",
        f"new.{host['email']}",
        f"{host['handle']}-2",
        "UTC",
    )


def test_a_feed_gets_a_new_secret_address(service: Service, host: Json) -> None:
    old = host["calendar_feed"].removeprefix(f"{PUBLIC_URL}/api/v1")
    renewed = service.call("POST", "/me/calendar-feed", host=host["id"])
    assert (renewed.status_code, renewed.json().keys()) == (200, {"calendar_feed"})
    new = renewed.json()["calendar_feed"].removeprefix(f"{PUBLIC_URL}/api/v1")
    assert service.call("GET", old).json()["code"] == "no_such_feed"
    assert service.call("GET", new).status_code == 200
    assert service.get("/me", host=host["id"])["calendar_feed"] == renewed.json()["calendar_feed"]


def everything(service: Service) -> dict[str, int]:
    with service.database.read() as tx:
        return {
            name: tx.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in METADATA.tables.items()
            if name not in ("outbox", "inbox")
        }


def test_an_account_ends_with_all_that_is_kept_of_it(service: Service) -> None:
    before = everything(service)
    host = service.sign_up("leaving")
    service.offer(host, slug="class", capacity=2)
    put_logo(service, host, PNG, "image/png")
    hours: dict[str, Any] = {"weekly": [{"weekday": "monday", "start": "09:00", "end": "17:00"}]}
    hours |= {"overrides": [{"date": "2026-12-25", "intervals": []}]}
    hours["vacations"] = [{"first": "2026-12-30", "last": "2026-12-31"}]
    service.call("PUT", "/me/availability", host=host["id"], json=hours)
    past = service.book(host, NINE, headers={"Idempotency-Key": "k"})
    service.clock.now = datetime.fromisoformat(f"{MONDAY}T09:10:00+01:00")
    ahead = [service.book(host, TEN, "class"), service.book(host, TEN, "class")]
    service.change(service.book(host, f"{MONDAY}T12:00:00+01:00"), "cancel")
    told = len(service.outbox())
    assert service.call("DELETE", "/me", host=host["id"]).status_code == 204
    assert everything(service) == before
    canceled = [received.event for received in service.outbox()[told:]]
    assert {event.booking.id for event in canceled if isinstance(event, BookingCanceled)} == {b["id"] for b in ahead}
    for event in canceled:
        assert isinstance(event, BookingCanceled)
        assert (event.booking.version, event.booking.status, event.booking.canceled_by) == (2, "canceled", "host")
        assert event.booking.host.email == host["email"]
        assert event.booking.cancel_reason == "The host has closed the account."
    [removed] = service.outbox("host.removed")
    assert isinstance(removed.event, HostRemoved)
    assert (removed.event.host_id, removed.event.at) == (host["id"], service.clock.now)
    for path in (f"/hosts/{host['handle']}", f"/bookings/{past['reference']}", f"/bookings/{ahead[0]['reference']}"):
        assert service.call("GET", path).status_code == 404
    assert service.call("GET", "/me", host=host["id"]).json()["code"] == "no_such_host"
    assert service.call("DELETE", "/me", host=host["id"]).status_code == 404
    about = {"booking_id": past["id"], "host_id": host["id"], "booking_version": 1, "revision": 9, "join_url": "x"}
    service.hear(MeetingReady.model_validate(about))
    assert service.sign_up("leaving", email=host["email"])["handle"] == "leaving"


def test_hosts_from_before_are_announced_once(service: Service, host: Json) -> None:
    old = service.sign_up()
    with service.database.write() as tx:
        tx.execute(update(HOSTS).where(HOSTS.c.id.in_([host["id"], old["id"]])).values(revision=0))
    known = len(changes(service))
    service.call("PATCH", "/me", host=old["id"], json={"name": "Known by now"})
    worker = service.worker()
    while worker.introductions.step():
        pass
    assert [(event.host.id, event.revision) for event in changes(service)[known:]] == [(old["id"], 1), (host["id"], 1)]
    worker.database.close()
    worker.bus.close()
