"""Forgotten, replaced and guessed passwords, and the browsers that are signed in, over the API."""

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import delete, func, select, update

from gateway import storage
from gateway.accounts import PasswordChange
from gateway.accounts.browsers import in_words
from gateway.worker import Sweep
from integration.gateway.conftest import PASSWORD, Gateway, Host
from shared.clock import system
from shared.outbox import OUTBOX

NEW = "another horse battery"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.0 Mobile/15E148 Safari/604.1"
)


@pytest.fixture(autouse=True)
def _no_old_mail(gateway: Gateway) -> None:
    with gateway.database.write() as tx:
        tx.execute(delete(OUTBOX))


def mails(gateway: Gateway, kind: str) -> list[dict[str, Any]]:
    """Give what the notifier is asked for, oldest first."""
    with gateway.database.read() as tx:
        rows = tx.execute(select(OUTBOX.c.type, OUTBOX.c.body).order_by(OUTBOX.c.seq)).all()
    asked = [json.loads(row.body)["data"] for row in rows if row.type == "account.mail_requested"]
    return [mail for mail in asked if mail["kind"] == kind]


def ask_for_reset(gateway: Gateway, email: str) -> requests.Response:
    answer = gateway.call("POST", "/password-resets", json={"email": email})
    while gateway.parts.new_passwords.send_links():
        pass
    return answer


def token_in(mail: dict[str, Any]) -> str:
    return str(mail["link"].rsplit("/", 1)[1])


def new_token(gateway: Gateway, host: Host) -> str:
    ask_for_reset(gateway, host.email)
    return token_in(mails(gateway, "password_reset")[-1])


def reset(gateway: Gateway, token: str, password: str = NEW) -> requests.Response:
    return gateway.call("POST", "/password-resets/use", json={"token": token, "password": password})


def opens(gateway: Gateway, host: Host, password: str) -> bool:
    body = {"email": host.email, "password": password, "label": "x"}
    return gateway.call("POST", "/api-keys", json=body).status_code == 201


def signed_in(gateway: Gateway, browser: Any) -> bool:
    return "/signin" not in browser.get(f"{gateway.url}/dashboard/settings").url


def test_the_mail_of_who_forgot_a_password_leads_to_a_new_one(gateway: Gateway) -> None:
    host = gateway.host()
    answer = ask_for_reset(gateway, f" {host.email.upper()} ")
    assert (answer.status_code, answer.json()) == (202, {})
    [mail] = mails(gateway, "password_reset")
    assert (mail["to"], mail["name"], mail["host_id"]) == (host.email, "Hanna Host", host.id)
    assert mail["link"].startswith("http://gateway.test/reset-password/")
    assert gateway.parts.new_passwords.is_open(token_in(mail))
    assert reset(gateway, token_in(mail)).status_code == 204
    assert not opens(gateway, host, PASSWORD)
    assert opens(gateway, host, NEW)
    [told] = mails(gateway, "password_changed")
    assert (told["to"], told["link"]) == (host.email, None)


def test_of_a_link_only_the_hash_is_kept(gateway: Gateway) -> None:
    token = new_token(gateway, gateway.host())
    with gateway.database.read() as tx:
        kept = str(tx.execute(select(storage.LINKS)).all())
    assert token not in kept


def test_an_address_without_an_account_gets_the_same_answer_and_no_mail(gateway: Gateway, host: Host) -> None:
    known, unknown = (
        ask_for_reset(gateway, host.email),
        ask_for_reset(gateway, "nobody.here@example.com"),
    )
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    assert len(mails(gateway, "password_reset")) == 1
    with gateway.database.read() as tx:
        assert tx.execute(select(func.count()).select_from(storage.RESET_WISHES)).scalar_one() == 0


def test_the_answer_is_given_before_anybody_looks_whether_there_is_an_account(gateway: Gateway, host: Host) -> None:
    gateway.call("POST", "/password-resets", json={"email": host.email})
    assert mails(gateway, "password_reset") == []
    assert gateway.inner.calls == []


def test_a_reset_signs_every_browser_out_and_ends_every_other_link(gateway: Gateway) -> None:
    host = gateway.host()
    browsers = [gateway.browser(host), gateway.browser(host)]
    assert all(signed_in(gateway, browser) for browser in browsers)
    first, second = new_token(gateway, host), new_token(gateway, host)
    assert reset(gateway, second).status_code == 204
    assert not any(signed_in(gateway, browser) for browser in browsers)
    for token in (first, second):
        refused = reset(gateway, token, "a third horse battery")
        assert (refused.status_code, refused.json()["code"]) == (404, "link_expired")
        assert not gateway.parts.new_passwords.is_open(token)


def test_after_half_an_hour_a_reset_link_is_worth_nothing(gateway: Gateway) -> None:
    host = gateway.host()
    token = new_token(gateway, host)
    with gateway.database.write() as tx:
        expiry = tx.execute(
            select(storage.LINKS.c.expires_at).where(storage.LINKS.c.account_id == host.id)
        ).scalar_one()
        tx.execute(
            update(storage.LINKS)
            .where(storage.LINKS.c.account_id == host.id)
            .values(expires_at=expiry - timedelta(minutes=30))
        )
    assert timedelta(minutes=29) < expiry - system() <= timedelta(minutes=30)
    assert reset(gateway, token).json()["code"] == "link_expired"


@pytest.mark.parametrize("token", ["", "x", "\0", "ünknown", "x" * 200])
def test_a_token_that_never_was_is_refused(gateway: Gateway, token: str) -> None:
    assert reset(gateway, token).json()["code"] == "link_expired"


def test_a_bad_new_password_is_named_and_the_link_still_works(gateway: Gateway) -> None:
    token = new_token(gateway, gateway.host())
    refused = reset(gateway, token, "short")
    assert (refused.status_code, [e["field"] for e in refused.json()["errors"]]) == (422, ["password"])
    assert reset(gateway, token).status_code == 204


def test_nobody_can_fill_a_mailbox_with_resets(gateway: Gateway) -> None:
    host = gateway.host()
    for _ in range(6):
        assert ask_for_reset(gateway, host.email).status_code == 202
    assert len(mails(gateway, "password_reset")) == 3


def test_without_booking_the_mail_goes_out_all_the_same(gateway: Gateway) -> None:
    host = gateway.host()
    with gateway.away("booking"):
        ask_for_reset(gateway, host.email)
    assert [mail["name"] for mail in mails(gateway, "password_reset")] == [host.email]


def test_a_host_replaces_the_password_and_is_told_by_mail(gateway: Gateway) -> None:
    host = gateway.host()
    browser = gateway.browser(host)
    body = {"password": PASSWORD, "new_password": NEW}
    assert gateway.call("POST", "/me/password", key=host.api_key, json=body).status_code == 204
    assert opens(gateway, host, NEW)
    assert not signed_in(gateway, browser)
    assert len(mails(gateway, "password_changed")) == 1


def test_the_browser_in_which_a_password_is_replaced_stays_signed_in(gateway: Gateway) -> None:
    host = gateway.host()
    here, there = gateway.browser(host), gateway.browser(host)
    [token] = [one.value for one in here.session.cookies if "sign_in" in one.name]
    wanted = {"password": PASSWORD, "new_password": NEW}
    gateway.parts.new_passwords.change(host.id, PasswordChange.model_validate(wanted), keep=token)
    assert (signed_in(gateway, here), signed_in(gateway, there)) == (True, False)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/me/password", {"new_password": NEW}),
        ("POST", "/me/email", {"email": "new@example.com"}),
        ("DELETE", "/me", {}),
    ],
)
def test_what_changes_an_account_asks_for_its_password_and_counts_wrong_ones(
    gateway: Gateway, method: str, path: str, body: dict[str, str]
) -> None:
    host = gateway.host()
    for _ in range(10):
        wrong = gateway.call(method, path, key=host.api_key, json=body | {"password": "wrong wrong wrong"})
        assert (wrong.status_code, wrong.json()["code"]) == (401, "bad_credentials")
    limited = gateway.call(method, path, key=host.api_key, json=body | {"password": PASSWORD})
    assert (limited.status_code, limited.json()["code"]) == (429, "rate_limited")
    assert 1 <= int(limited.headers["Retry-After"]) <= 60
    assert gateway.call("GET", "/me", key=host.api_key).status_code == 200


def test_signed_in_browsers_are_listed_in_words_and_can_be_signed_out(gateway: Gateway) -> None:
    host = gateway.host()
    sign_ins = gateway.parts.sign_ins
    here = sign_ins.start(host.id, instead_of=None, user_agent=FIREFOX)
    there = sign_ins.start(host.id, instead_of=None, user_agent=SAFARI)
    listed = gateway.call("GET", "/me/sessions", key=host.api_key).json()
    assert [one["browser"] for one in listed["items"]] == ["Safari on iPhone", "Firefox on Linux"]
    assert all(one["last_seen_at"] and not one["current"] for one in listed["items"])
    marked, _ = sign_ins.page(host.id, limit=10, cursor=None, token=here)
    assert [one["current"] for one in marked] == [False, True]
    path = f"/me/sessions/{listed['items'][0]['id']}"
    assert gateway.call("DELETE", path, key=gateway.host().api_key).json()["code"] == "no_such_session"
    assert gateway.call("DELETE", path, key=host.api_key).status_code == 204
    assert sign_ins.find(there) is None
    assert sign_ins.find(here) is not None
    assert here not in json.dumps(listed)


def test_signed_in_browsers_come_in_pages_that_stay_put(gateway: Gateway) -> None:
    host = gateway.host()
    for _ in range(5):
        gateway.parts.sign_ins.start(host.id, instead_of=None)
    ids: list[str] = []
    query: dict[str, str] = {"limit": "2"}
    while True:
        page = gateway.call("GET", "/me/sessions", params=query, key=host.api_key).json()
        ids += [one["id"] for one in page["items"]]
        gateway.parts.sign_ins.start(host.id, instead_of=None)
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert len(ids) == len(set(ids)) == 5


def test_a_browser_is_last_seen_about_a_minute_ago_at_most(gateway: Gateway) -> None:
    host = gateway.host()
    token = gateway.parts.sign_ins.start(host.id, instead_of=None)
    mine = storage.SIGN_INS.c.account_id == host.id
    with gateway.database.write() as tx:
        tx.execute(update(storage.SIGN_INS).where(mine).values(last_seen_at=system() - timedelta(hours=3)))
    gateway.parts.sign_ins.find(token)
    with gateway.database.read() as tx:
        seen = tx.execute(select(storage.SIGN_INS.c.last_seen_at).where(mine)).scalar_one()
    assert system() - seen < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (SAFARI, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0.0.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0.0.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1.15", "Safari on Mac"),
        ("curl/8.5.0", "curl"),
        ("", "Unknown browser"),
        ("<script>alert(1)</script>", "Unknown browser"),
        ("x" * 5000, "x" * 80),
    ],
)
def test_a_browser_is_named_in_a_few_words(user_agent: str, words: str) -> None:
    assert in_words(user_agent) == words


def test_of_two_who_use_one_link_at_once_one_wins(gateway: Gateway) -> None:
    host = gateway.host()
    token = new_token(gateway, host)
    answers: list[int] = []
    words = [f"horse battery number {number}" for number in range(4)]
    threads = [
        threading.Thread(target=lambda word=word: answers.append(reset(gateway, token, word).status_code))
        for word in words
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [204, 404, 404, 404]
    assert sum(opens(gateway, host, word) for word in words) == 1
    assert len(mails(gateway, "password_changed")) == 1


def test_two_workers_send_one_mail_for_one_wish(gateway: Gateway) -> None:
    host = gateway.host()
    gateway.call("POST", "/password-resets", json={"email": host.email})
    threads = [threading.Thread(target=gateway.parts.new_passwords.send_links) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(mails(gateway, "password_reset")) == 1


def test_what_is_over_is_swept_and_what_still_counts_stays(gateway: Gateway) -> None:
    gone, here = gateway.host(), gateway.host()
    for host in (gone, here):
        gateway.parts.sign_ins.start(host.id, instead_of=None)
        ask_for_reset(gateway, host.email)
        gateway.call("POST", "/me/password", key=host.api_key, json={"password": "wrong", "new_password": NEW})
    long_ago = system() - timedelta(days=1)
    with gateway.database.write() as tx:
        for table in (storage.SIGN_INS, storage.LINKS):
            tx.execute(update(table).where(table.c.account_id == gone.id).values(expires_at=long_ago))
    Sweep(gateway.database, system, gateway.parts.passwords).step()
    with gateway.database.read() as tx:
        for table in (storage.SIGN_INS, storage.LINKS):
            owners = tx.execute(select(table.c.account_id).where(table.c.account_id.in_([gone.id, here.id])))
            assert owners.scalars().all() == [here.id], table.name
        assert tx.execute(select(func.count()).select_from(storage.WRONG_PASSWORDS)).scalar_one() >= 2
