"""The gateway on both databases: its tables up and down, who was signed in before, and an account's life."""

import json
import secrets
from datetime import timedelta
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import MetaData, inspect, select

from gateway import bootstrap
from gateway.accounts import Departure, EmailChange, PasswordChange, ResetWish, SignIns
from gateway.accounts.sign_ins import token_hash
from gateway.parts import Parts
from integration.gateway.conftest import PASSWORD, Gateway
from shared import migrations
from shared.clock import system
from shared.database import Database
from shared.outbox import OUTBOX

TOKEN = "token-of-a-browser"


def names(url: str) -> set[str]:
    database = Database(url)
    try:
        return set(inspect(database.engine).get_table_names()) - {"alembic_version"}
    finally:
        database.close()


def test_the_migrations_lead_up_down_and_up_again_and_make_what_the_code_expects(database_url: str) -> None:
    migrations.migrate(database_url, "gateway")
    first = names(database_url)
    assert {"accounts", "sign_ins", "api_keys", "links", "reset_wishes", "first_steps", "outbox"} <= first
    migrations.check(database_url, "gateway")
    migrations.migrate(database_url, "gateway", "base")
    assert names(database_url) == set()
    migrations.migrate(database_url, "gateway")
    assert names(database_url) == first


def test_who_was_signed_in_before_an_upgrade_still_is(database_url: str) -> None:
    migrations.migrate(database_url, "gateway", "0001")
    database, then = Database(database_url), system() - timedelta(hours=2)
    old = MetaData()
    old.reflect(database.engine)
    account = {
        "id": "a1",
        "email": "hanna@example.com",
        "email_key": "hanna@example.com",
        "password_hash": PasswordHasher(1, 64, 1).hash("correct horse battery"),
        "status": "active",
        "created_at": then,
    }
    sign_in = {
        "token_hash": token_hash(TOKEN),
        "account_id": "a1",
        "created_at": then,
        "expires_at": then + timedelta(days=30),
    }
    with database.write() as tx:
        tx.execute(old.tables["accounts"].insert().values(account))
        tx.execute(old.tables["sign_ins"].insert().values(sign_in))
    migrations.migrate(database_url, "gateway")
    sign_ins = SignIns(database, system)
    found = sign_ins.find(TOKEN)
    assert found is not None
    [listed], _ = sign_ins.page(found.id, limit=10, cursor=None, token=TOKEN)
    assert (listed["browser"], listed["current"]) == ("Unknown browser", True)
    sign_ins.revoke(found.id, listed["id"])
    assert sign_ins.find(TOKEN) is None
    database.close()


def test_an_account_lives_and_ends_the_same_on_both_databases(gateway: Gateway, database_url: str) -> None:
    migrations.migrate(database_url, "gateway")
    settings = gateway.parts.settings.model_copy(update={"database_url": database_url})
    app = bootstrap.app(settings, hasher=PasswordHasher(1, 64, 1))
    parts: Parts = app.extensions["gateway"]
    client = app.test_client()
    word = secrets.token_hex(4)
    body = {"name": "H", "email": f"{word}@example.com", "password": PASSWORD, "handle": word, "timezone": "UTC"}
    made = client.post("/api/v1/hosts", json=body).get_json()
    host_id, with_key = made["host"]["id"], {"Authorization": f"Bearer {made['api_key']}"}
    parts.email_changes.ask(host_id, EmailChange(email=f"new.{word}@example.com", password=PASSWORD))
    parts.new_passwords.wish(ResetWish(email=f"{word}@example.com"))
    assert parts.new_passwords.send_links() == 1
    tokens = [mail["link"].rsplit("/", 1)[1] for mail in mails(database_url)]
    assert parts.email_changes.confirm(tokens[0]) == f"new.{word}@example.com"
    assert not parts.new_passwords.is_open(tokens[1]), "it lies in the old mailbox"
    parts.new_passwords.change(host_id, PasswordChange(password=PASSWORD, new_password="another horse battery"))
    assert client.get("/api/v1/me/sessions?limit=1", headers=with_key).get_json()["items"] == []
    assert client.get("/api/v1/me/api-keys?limit=1", headers=with_key).get_json()["items"][0]["last_used_at"]
    parts.departures.leave(host_id, Departure(password="another horse battery"))
    assert client.get("/api/v1/me", headers=with_key).status_code == 401
    assert host_id not in gateway.inner.hosts


def mails(url: str) -> list[dict[str, Any]]:
    """Give what the notifier is asked for, oldest first."""
    database = Database(url)
    with database.read() as tx:
        bodies = tx.execute(select(OUTBOX.c.body).order_by(OUTBOX.c.seq)).scalars().all()
    database.close()
    return [json.loads(body)["data"] for body in bodies]
