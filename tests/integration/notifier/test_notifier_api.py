"""What the gateway hears about deliveries over HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from integration.notifier.office import KEY, Office, booked
from integration.notifier.postbox import Postbox
from notifier import bootstrap
from shared import signing
from shared.events import LocationFacts
from unit.notifier.notifier_facts import BOOKING

PHONE = LocationFacts(kind="phone", detail="+49 30 1234")
PATH = f"/me/bookings/{BOOKING}/deliveries"


@pytest.fixture
def client(office: Office) -> Iterator[FlaskClient]:
    app = bootstrap.app(office.settings, clock=office.clock)
    with app.test_client() as made:
        yield made


def as_host(office: Office, host_id: str = "h1") -> dict[str, str]:
    token = signing.sign(KEY, audience="notifier", subject=host_id, now=office.clock())
    return {"Authorization": f"Bearer {token}"}


def test_a_host_sees_each_mail_and_where_it_is(office: Office, box: Postbox, client: FlaskClient) -> None:
    box.answers["RCPT"] = lambda line: "451 later" if "joerg" in line else "250 ok"
    office.hear(booked(location=PHONE))
    office.send()
    answer = client.get(PATH, headers=as_host(office))
    assert answer.status_code == 200
    items = {item["kind"]: item for item in answer.get_json()["items"]}
    retrying = items["client_confirmation"]
    assert datetime.fromisoformat(retrying.pop("next_attempt_at")) > office.clock.now
    assert retrying == {
        "kind": "client_confirmation",
        "to": "joerg@example.net",
        "state": "retrying",
        "attempts": 1,
        "last_error": "the mail server asks to try again later (451)",
        "sent_at": None,
    }
    assert items["host_notification"] == {
        "kind": "host_notification",
        "to": "ada@example.com",
        "state": "sent",
        "attempts": 1,
        "next_attempt_at": None,
        "last_error": None,
        "sent_at": "2026-11-20T09:00:00+00:00",
    }


def test_a_mail_that_waits_is_queued(office: Office, client: FlaskClient) -> None:
    office.hear(booked())
    items = client.get(PATH, headers=as_host(office)).get_json()["items"]
    assert {item["state"] for item in items} == {"queued"}
    assert {datetime.fromisoformat(item["next_attempt_at"]) for item in items} == {
        datetime(2026, 11, 20, 9, 0, 15, tzinfo=UTC)
    }


def test_another_hosts_booking_and_an_unknown_one_have_no_mails(office: Office, client: FlaskClient) -> None:
    office.hear(booked())
    for path, host in ((PATH, "h2"), ("/me/bookings/unknown/deliveries", "h1")):
        answer = client.get(path, headers=as_host(office, host))
        assert (answer.status_code, answer.get_json()) == (200, {"items": [], "reminders": []})


def test_try_again_sends_at_once_what_waits_in_back_off(office: Office, box: Postbox, client: FlaskClient) -> None:
    box.answers["RCPT"] = lambda _: "451 later"
    office.hear(booked(location=PHONE))
    for _ in range(6):
        office.wait_and_send(60)
    box.mend()
    office.send()
    assert box.got == []
    answer = client.post(f"/me/bookings/{BOOKING}/retry", headers=as_host(office))
    assert (answer.status_code, answer.get_json()) == (202, {})
    office.send()
    assert len(box.got) == 2


def test_try_again_gives_a_refused_mail_another_chance(office: Office, box: Postbox, client: FlaskClient) -> None:
    box.answers["RCPT"] = lambda line: "550 unknown" if "joerg" in line else "250 ok"
    office.hear(booked(location=PHONE))
    office.send()
    box.mend()
    client.post(f"/me/bookings/{BOOKING}/retry", headers=as_host(office))
    office.send()
    assert set(office.states().values()) == {"sent"}
    assert len(box.got) == 2


def test_nobody_tries_again_for_another_host(office: Office, box: Postbox, client: FlaskClient) -> None:
    box.answers["RCPT"] = lambda _: "550 unknown"
    office.hear(booked(location=PHONE))
    office.send()
    assert client.post(f"/me/bookings/{BOOKING}/retry", headers=as_host(office, "h2")).status_code == 202
    assert client.post("/me/bookings/unknown/retry", headers=as_host(office)).status_code == 202
    assert set(office.states().values()) == {"failed"}


def test_only_the_gateway_on_behalf_of_a_host_is_answered(office: Office, client: FlaskClient) -> None:
    assert client.get(PATH).status_code == 401
    assert client.get(PATH, headers=as_host(office, signing.ANONYMOUS)).status_code == 401
    foreign = signing.sign(KEY, audience="booking", subject="h1", now=office.clock())
    assert client.get(PATH, headers={"Authorization": f"Bearer {foreign}"}).status_code == 401


@pytest.mark.parametrize("booking", ["a%00b", "x" * 65, "a%0d%0ab", "%F0%9F%98%80"])
def test_an_id_that_can_not_be_one_is_a_problem_and_not_a_failure(
    office: Office, client: FlaskClient, booking: str
) -> None:
    answer = client.get(f"/me/bookings/{booking}/deliveries", headers=as_host(office))
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert answer.get_json()["code"] == "validation_failed"


def test_readiness_asks_the_database(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["checks"]) == (200, {"database": "ok", "events": "ok"})
