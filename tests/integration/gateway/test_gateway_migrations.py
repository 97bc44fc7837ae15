"""The gateway's tables go up and down on both databases, and who was signed in before stays signed in."""

from datetime import timedelta

from argon2 import PasswordHasher
from sqlalchemy import MetaData, inspect

from gateway.accounts import SignIns
from gateway.accounts.sign_ins import token_hash
from shared import migrations
from shared.clock import system
from shared.database import Database

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
