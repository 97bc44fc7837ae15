"""Sign-up, API keys and wrong passwords over the API."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from gateway import storage
from integration.gateway.conftest import PASSWORD, Gateway, Host
from integration.gateway.inner import problem
from shared.clock import system


def test_a_new_host_gets_a_key_that_works(gateway: Gateway) -> None:
    answer = gateway.sign_up(name="  Jörg <b>  ")
    assert answer.status_code == 201
    made = answer.json()
    assert made.keys() == {"host", "api_key"}
    assert made["api_key"].startswith("pk_")
    assert "password" not in answer.text
    assert gateway.call("GET", "/me", key=made["api_key"]).json()["id"] == made["host"]["id"]
    [call] = [call for call in gateway.inner.calls if call.method == "PUT"]
    assert call.json().keys() == {"name", "email", "handle", "timezone"}
    assert call.json()["name"] == "Jörg <b>"
    assert call.subject == "anonymous"


BAD = [
    ("name", ""),
    ("name", "x" * 121),
    ("name", "a\nb"),
    ("name", "a\0b"),
    ("name", "\ud800"),
    ("name", None),
    ("name", ["x"]),
    ("email", "nobody"),
    ("email", "a@b@c"),
    ("email", "a\r\nBcc: x@example.com"),
    ("email", "x" * 260 + "@example.com"),
    ("email", "\ud800@example.com"),
    ("email", 7),
    ("password", "short"),
    ("password", "x" * 201),
    ("password", "long enough \0 but"),
    ("password", "long enough \ud800 but"),
    ("password", 1234567890),
    ("handle", "ab"),
    ("handle", "x" * 41),
    ("handle", "With-Capitals"),
    ("handle", "under_score"),
    ("handle", "trailing\n"),
    ("handle", "api"),
    ("handle", "dashboard"),
    ("handle", "bookings"),
    ("handle", "signin"),
    ("timezone", "Mars/Olympus"),
    ("timezone", "../etc/passwd"),
    ("timezone", "\0"),
    ("color", "#fff"),
]


@pytest.mark.parametrize(("field", "value"), BAD, ids=lambda v: ascii(v)[:30])
def test_a_bad_field_is_named(gateway: Gateway, field: str, value: object) -> None:
    answer = gateway.sign_up(**{field: value})
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "validation_failed"
    # Half a surrogate pair makes the whole body unreadable as text, so it is the body that is named.
    assert [error["field"] for error in answer.json()["errors"]] in ([field], ["body"])
    assert gateway.inner.calls == []


def test_a_missing_field_is_named(gateway: Gateway) -> None:
    answer = gateway.call("POST", "/hosts", json={"name": "x"})
    assert {error["field"] for error in answer.json()["errors"]} == {"email", "password", "handle", "timezone"}


def test_a_body_that_is_missing_is_a_4xx(gateway: Gateway) -> None:
    assert gateway.call("POST", "/hosts").status_code in (400, 415)
    assert gateway.call("POST", "/api-keys", headers={"Content-Type": "application/json"}).status_code == 400


def test_an_address_belongs_to_one_account_however_it_is_spelled(gateway: Gateway, host: Host) -> None:
    for spelled in (host.email, host.email.upper(), f"  {host.email.lower()} "):
        answer = gateway.sign_up(email=spelled)
        assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")
    assert gateway.inner.calls == []


def test_a_taken_handle_leaves_the_address_free(gateway: Gateway, host: Host) -> None:
    refused = gateway.sign_up(handle=host.handle, email="second.try@example.com")
    assert (refused.status_code, refused.json()["code"]) == (409, "handle_taken")
    assert gateway.sign_up(email="second.try@example.com").status_code == 201


def test_a_sign_up_that_booking_could_not_answer_is_finished_by_the_next_try(gateway: Gateway) -> None:
    with gateway.away("booking"):
        answer = gateway.sign_up(email="patient@example.com")
        assert (answer.status_code, answer.json()["code"]) == (503, "upstream_unavailable")
    assert gateway.call("POST", "/api-keys", json=key_request("patient@example.com")).status_code == 401
    assert gateway.sign_up(email="patient@example.com").status_code == 201
    assert gateway.call("POST", "/api-keys", json=key_request("patient@example.com")).status_code == 201


def test_a_sign_up_whose_process_died_keeps_its_id_and_is_taken_over_after_a_minute(gateway: Gateway) -> None:
    with gateway.away("booking"):
        gateway.sign_up(email="crashed@example.com")
    mine = storage.ACCOUNTS.c.email_key == "crashed@example.com"
    with gateway.database.write() as tx:
        account_id = tx.execute(select(storage.ACCOUNTS.c.id).where(mine)).scalar_one()
        tx.execute(update(storage.ACCOUNTS).where(mine).values(claimed_until=system() + timedelta(seconds=50)))
    assert gateway.sign_up(email="crashed@example.com").json()["code"] == "email_taken"
    with gateway.database.write() as tx:
        tx.execute(update(storage.ACCOUNTS).where(mine).values(claimed_until=system() - timedelta(seconds=1)))
    assert gateway.sign_up(email="crashed@example.com").json()["host"]["id"] == account_id


def test_a_refusal_after_an_unknown_outcome_does_not_lose_the_id(gateway: Gateway, host: Host) -> None:
    with gateway.away("booking"):
        gateway.sign_up(email="unsure@example.com")
    assert gateway.sign_up(email="unsure@example.com", handle=host.handle).json()["code"] == "handle_taken"
    made = gateway.sign_up(email="unsure@example.com")
    ids = {call.path for call in gateway.inner.calls if call.method == "PUT"}
    assert ids == {f"/hosts/{made.json()['host']['id']}"}


def test_of_two_sign_ups_at_once_with_one_address_one_wins(gateway: Gateway) -> None:
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(gateway.sign_up(email="race@example.com").status_code))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201, 409, 409, 409]


def key_request(email: str, password: str = PASSWORD) -> dict[str, str]:
    return {"email": email, "password": password, "label": "script"}


def test_a_key_is_shown_once_and_listed_without_its_secret(gateway: Gateway) -> None:
    host = gateway.host()
    made = gateway.call("POST", "/api-keys", json=key_request(f" {host.email.upper()} "))
    assert made.status_code == 201
    assert made.json().keys() == {"id", "label", "api_key"}
    listed = gateway.call("GET", "/me/api-keys", key=made.json()["api_key"])
    assert listed.json()["next_cursor"] is None
    assert [key["label"] for key in listed.json()["items"]] == ["Made at sign-up", "script"]
    assert listed.json()["items"][1]["id"] == made.json()["id"]
    assert listed.json()["items"][1]["last_used_at"]
    assert "pk_" not in listed.text


def test_keys_come_in_pages(gateway: Gateway) -> None:
    host = gateway.host()
    for _ in range(2):
        gateway.call("POST", "/api-keys", json=key_request(host.email))
    first = gateway.call("GET", "/me/api-keys?limit=2", key=host.api_key).json()
    second = gateway.call(
        "GET", "/me/api-keys", params={"limit": 2, "cursor": first["next_cursor"]}, key=host.api_key
    ).json()
    assert (len(first["items"]), len(second["items"]), second["next_cursor"]) == (2, 1, None)
    assert {key["id"] for key in first["items"]}.isdisjoint(key["id"] for key in second["items"])


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "limit=", "cursor=x", "cursor=%00", "cursor=%ff"])
def test_a_page_that_cannot_be_is_refused(gateway: Gateway, host: Host, query: str) -> None:
    answer = gateway.call("GET", f"/me/api-keys?{query}", key=host.api_key)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


def test_a_revoked_key_is_worth_nothing_at_once(gateway: Gateway, host: Host) -> None:
    made = gateway.call("POST", "/api-keys", json=key_request(host.email)).json()
    path = f"/me/api-keys/{made['id']}"
    assert gateway.call("DELETE", path, key=gateway.host().api_key).status_code == 404
    assert gateway.call("DELETE", path, key=host.api_key).status_code == 204
    assert gateway.call("GET", "/me", key=made["api_key"]).status_code == 401
    assert gateway.call("DELETE", path, key=host.api_key).json()["code"] == "no_such_api_key"


def test_a_wrong_password_and_an_unknown_address_get_the_same_words(gateway: Gateway) -> None:
    host = gateway.host()
    wrong = gateway.call("POST", "/api-keys", json=key_request(host.email, "not the password"))
    unknown = gateway.call("POST", "/api-keys", json=key_request("nobody@example.com"))
    strange = gateway.call("POST", "/api-keys", json=key_request("\ud800\0", "\ud800\0"))
    for answer in (wrong, unknown, strange):
        assert answer.status_code in (401, 422)
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    ours = {"request_id"}
    assert {k: v for k, v in wrong.json().items() if k not in ours} == {
        k: v for k, v in unknown.json().items() if k not in ours
    }
    assert wrong.json()["code"] == "bad_credentials"


@pytest.mark.parametrize("known", [True, False])
def test_after_ten_wrong_passwords_even_the_right_one_waits(gateway: Gateway, known: bool) -> None:
    email = gateway.host().email if known else "nobody.at.all@example.com"
    for _ in range(10):
        assert gateway.call("POST", "/api-keys", json=key_request(email, "wrong wrong wrong")).status_code == 401
    limited = gateway.call("POST", "/api-keys", json=key_request(email))
    assert (limited.status_code, limited.json()["code"]) == (429, "rate_limited")
    assert 1 <= int(limited.headers["Retry-After"]) <= 60


def test_wrong_passwords_at_once_do_not_slip_through_together(gateway: Gateway) -> None:
    answers: list[int] = []

    def guess() -> None:
        answers.append(gateway.call("POST", "/api-keys", json=key_request("crowd@example.com", "x" * 12)).status_code)

    threads = [threading.Thread(target=guess) for _ in range(14)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (answers.count(401), answers.count(429)) == (10, 4)


def test_the_right_password_starts_the_count_afresh(gateway: Gateway) -> None:
    host = gateway.host()
    for _ in range(9):
        gateway.call("POST", "/api-keys", json=key_request(host.email, "wrong wrong wrong"))
    assert gateway.call("POST", "/api-keys", json=key_request(host.email)).status_code == 201
    assert gateway.call("POST", "/api-keys", json=key_request(host.email, "wrong again")).status_code == 401
    assert gateway.call("POST", "/api-keys", json=key_request(host.email)).status_code == 201


def test_bookings_own_refusal_of_a_field_is_passed_on(gateway: Gateway) -> None:
    def refuse(_call: object) -> tuple[int, object]:
        errors = [{"field": "email", "message": "is not for us"}]
        return problem(422, "validation_failed", "Some fields are wrong.", errors=errors)

    gateway.inner.refuse_hosts = refuse
    answer = gateway.sign_up()
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "email")
