"""A new e-mail address, and the end of an account, over the API and past calls inward that fail."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import delete, select, update

from gateway import storage
from integration.gateway import inner as inner_services
from integration.gateway.conftest import PASSWORD, Gateway, Host
from integration.gateway.inner import problem
from shared import bus, migrations
from shared.clock import system
from shared.database import Database
from shared.events.envelope import Message
from shared.outbox import OUTBOX
from shared.testing import eventually


@pytest.fixture(autouse=True)
def _no_old_mail(gateway: Gateway) -> None:
    with gateway.database.write() as tx:
        tx.execute(delete(OUTBOX))


def mails(gateway: Gateway, kind: str) -> list[dict[str, Any]]:
    """Give what the notifier is asked for, oldest first."""
    with gateway.database.read() as tx:
        bodies = tx.execute(select(OUTBOX.c.body).order_by(OUTBOX.c.seq)).scalars().all()
    return [mail for body in bodies if (mail := json.loads(body)["data"])["kind"] == kind]


def ask(gateway: Gateway, host: Host, email: str, **fields: str) -> requests.Response:
    body = {"email": email, "password": PASSWORD, **fields}
    return gateway.call("POST", "/me/email", key=host.api_key, json=body)


def token(gateway: Gateway) -> str:
    return str(mails(gateway, "email_change")[-1]["link"].rsplit("/", 1)[1])


def confirm(gateway: Gateway, token: str) -> requests.Response:
    return gateway.call("POST", "/email-changes/confirm", json={"token": token})


def fresh() -> str:
    return f"new.{system().timestamp():.6f}@example.com"


def opens(gateway: Gateway, email: str) -> bool:
    body = {"email": email, "password": PASSWORD, "label": "x"}
    return gateway.call("POST", "/api-keys", json=body).status_code == 201


def test_a_new_address_counts_once_its_mail_was_answered_and_the_old_one_is_told(gateway: Gateway) -> None:
    host, new = gateway.host(), fresh()
    answer = ask(gateway, host, new)
    assert (answer.status_code, answer.json()) == (202, {})
    [mail] = mails(gateway, "email_change")
    assert (mail["to"], mail["name"]) == (new, "Hanna Host")
    assert mail["link"].startswith("http://gateway.test/confirm-email/")
    assert (opens(gateway, host.email), opens(gateway, new)) == (True, False)
    assert gateway.parts.email_changes.waiting(host.id) == new
    assert gateway.parts.email_changes.address(token(gateway)) == new
    confirmed = confirm(gateway, token(gateway))
    assert (confirmed.status_code, confirmed.json()) == (200, {"email": new})
    assert (opens(gateway, host.email), opens(gateway, new)) == (False, True)
    [call] = gateway.inner.asked("PUT", "/me/email")
    assert (call.json(), call.subject) == ({"email": new}, host.id)
    [told] = mails(gateway, "email_changed")
    assert told["to"] == host.email
    assert new not in json.dumps(told)
    assert gateway.parts.email_changes.waiting(host.id) is None
    assert confirm(gateway, token(gateway)).json()["code"] == "link_expired"


def test_a_newer_wish_replaces_an_older_one(gateway: Gateway) -> None:
    host = gateway.host()
    assert ask(gateway, host, fresh()).status_code == 202
    first = token(gateway)
    limited = ask(gateway, host, fresh())
    assert (limited.status_code, limited.json()["code"]) == (429, "rate_limited")
    assert 1 <= int(limited.headers["Retry-After"]) <= 60
    with gateway.database.write() as tx:
        tx.execute(update(storage.LINKS).values(created_at=system() - timedelta(minutes=2)))
    assert ask(gateway, host, fresh()).status_code == 202
    assert confirm(gateway, first).json()["code"] == "link_expired"
    assert confirm(gateway, token(gateway)).status_code == 200


def test_an_address_that_somebody_has_is_refused_before_and_after_the_mail(gateway: Gateway, host: Host) -> None:
    other = gateway.host()
    taken = ask(gateway, other, host.email.upper())
    assert (taken.status_code, taken.json()["code"]) == (409, "email_taken")
    assert ask(gateway, other, other.email).json()["code"] == "email_unchanged"
    new = fresh()
    assert ask(gateway, other, new).status_code == 202
    assert gateway.sign_up(email=new).status_code == 201
    late = confirm(gateway, token(gateway))
    assert (late.status_code, late.json()["code"]) == (409, "email_taken")
    assert gateway.inner.asked("PUT", "/me/email") == []


def test_booking_hears_of_a_new_address_when_it_is_back(gateway: Gateway) -> None:
    host, new = gateway.host(), fresh()
    ask(gateway, host, new)
    with gateway.away("booking"):
        assert confirm(gateway, token(gateway)).status_code == 200
        assert gateway.parts.email_changes.tell_booking() == 0
    assert opens(gateway, new)
    assert gateway.inner.hosts[host.id]["email"] == host.email
    assert gateway.parts.email_changes.tell_booking() == 1
    assert gateway.inner.hosts[host.id]["email"] == new
    assert gateway.parts.email_changes.tell_booking() == 0


def test_of_two_changes_that_booking_missed_the_newer_address_counts(gateway: Gateway) -> None:
    host = gateway.host()
    with gateway.away("booking"):
        for new in (fresh(), fresh()):
            ask(gateway, host, new)
            confirm(gateway, token(gateway))
    gateway.parts.email_changes.tell_booking()
    assert gateway.inner.hosts[host.id]["email"] == new
    assert gateway.parts.email_changes.tell_booking() == 0


def leave(gateway: Gateway, host: Host) -> requests.Response:
    return gateway.call("DELETE", "/me", key=host.api_key, json={"password": PASSWORD})


def rows_of(gateway: Gateway, host: Host) -> int:
    with gateway.database.read() as tx:
        found = [
            tx.execute(select(table).where(column == host.id)).all()
            for table, column in (
                (storage.ACCOUNTS, storage.ACCOUNTS.c.id),
                (storage.API_KEYS, storage.API_KEYS.c.account_id),
                (storage.SIGN_INS, storage.SIGN_INS.c.account_id),
                (storage.LINKS, storage.LINKS.c.account_id),
            )
        ]
    return sum(len(rows) for rows in found)


def test_a_deleted_account_leaves_nothing_here_and_booking_is_told(gateway: Gateway) -> None:
    host = gateway.host()
    gateway.browser(host)
    ask(gateway, host, fresh())
    assert leave(gateway, host).status_code == 204
    assert rows_of(gateway, host) == 0
    [call] = gateway.inner.asked("DELETE", "/me")
    assert call.subject == host.id
    assert gateway.call("GET", "/me", key=host.api_key).status_code == 401
    assert gateway.sign_up(email=host.email).status_code == 201


def test_without_booking_an_account_is_closed_at_once_and_erased_later(gateway: Gateway) -> None:
    host = gateway.host()
    browser = gateway.browser(host)
    with gateway.away("booking"):
        assert leave(gateway, host).status_code == 204
        assert gateway.parts.departures.finish() == 0
    assert gateway.call("GET", "/me", key=host.api_key).status_code == 401
    assert "/signin" in browser.get(f"{gateway.url}/dashboard/settings").url
    assert not opens(gateway, host.email)
    assert gateway.sign_up(email=host.email).json()["code"] == "email_taken"
    assert gateway.parts.departures.finish() == 1
    assert rows_of(gateway, host) == 0
    assert gateway.sign_up(email=host.email).status_code == 201


def test_a_host_whom_booking_has_forgotten_already_is_erased_here_too(gateway: Gateway) -> None:
    host = gateway.host()
    gateway.inner.say("DELETE", "/me", problem(404, "no_such_host"))
    assert leave(gateway, host).status_code == 204
    assert rows_of(gateway, host) == 0


@pytest.fixture
def worker(gateway: Gateway, tmp_path: Path) -> Iterator[Database]:
    """Run `gateway worker` as a process of its own and give its database."""
    url = f"sqlite:///{tmp_path}/gateway.sqlite3"
    migrations.migrate(url, "gateway")
    told = {
        "DATABASE_URL": url,
        "DATA": str(tmp_path),
        "PUBLIC_URL": "http://gateway.test",
        "SERVICE_KEY": inner_services.KEY,
        "SECRET_KEY": "cookie-key-of-the-tests-0123456789abcdef",
        "PULSE": str(tmp_path / "pulse"),
        **{f"{name.upper().replace('-', '_')}_URL": address for name, address in gateway.inner.urls.items()},
    }
    process = subprocess.Popen([sys.executable, "-P", "-m", "gateway", "worker"], env=told)
    yield Database(url)
    process.terminate()
    assert process.wait(timeout=20) == 0


def test_the_worker_sends_the_mail_of_who_forgot_a_password_and_shows_a_pulse(
    gateway: Gateway, worker: Database, tmp_path: Path
) -> None:
    host = gateway.host()
    with gateway.database.read() as tx:
        account = tx.execute(select(storage.ACCOUNTS).where(storage.ACCOUNTS.c.id == host.id)).one()
    with worker.write() as tx:
        tx.execute(storage.ACCOUNTS.insert().values(account._asdict()))
        tx.execute(storage.RESET_WISHES.insert().values(email_key=account.email_key, at=system()))
    carried: list[Message] = []
    stop = threading.Event()
    listener = bus.connect("", tmp_path)
    thread = threading.Thread(target=listener.run, args=("notifier.events", carried.extend, stop))
    thread.start()
    try:
        [mail] = eventually(lambda: carried)
    finally:
        stop.set()
        thread.join()
        listener.close()
    assert json.loads(mail.body)["data"]["to"] == host.email
    assert eventually((tmp_path / "pulse").exists)
