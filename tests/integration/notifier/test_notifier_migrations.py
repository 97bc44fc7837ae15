"""The notifier's tables, up and down."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, inspect, text

from shared import migrations
from unit.notifier.notifier_facts import BOOKING, NOW, facts


def tables(url: str) -> set[str]:
    engine = create_engine(url)
    names = set(inspect(engine).get_table_names())
    engine.dispose()
    return names - {"alembic_version"}


def test_migrations_go_up_and_down_and_are_what_the_code_says(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'notifier.sqlite3'}"
    migrations.migrate(url, "notifier")
    migrations.check(url, "notifier")
    assert tables(url) == {
        "bookings", "changes", "deliveries", "hosts", "inbox", "notices", "outbox", "reminders",
    }  # fmt: skip
    migrations.migrate(url, "notifier", "base")
    assert tables(url) == set()
    migrations.migrate(url, "notifier")
    migrations.check(url, "notifier")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give a database of either kind, with nothing in it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'notifier.sqlite3'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def old(url: str) -> Iterator[str]:
    """Give a database as the first release left it: a booking, the mails about it, and a refusal told to the host."""
    migrations.migrate(url, "notifier", "0001")
    engine = create_engine(url)
    with engine.begin() as tx:
        tx.execute(text("INSERT INTO bookings (id, host_id) VALUES (:id, 'h1')"), {"id": BOOKING})
        change = {"id": BOOKING, "facts": facts().model_dump_json()}
        tx.execute(
            text("INSERT INTO changes (booking_id, version, what, facts) VALUES (:id, 1, 'booked', :facts)"), change
        )
        for kind in ("host_notification", "host_meeting_failed"):
            add(tx, kind)
    yield url
    engine.dispose()


def add(tx: Connection, kind: str, **more: Any) -> None:
    row = {
        "id": f"{kind}-{more.get('turn', 0)}", "booking_id": BOOKING, "version": 1, "kind": kind, "recipient": "host",
        "address": "a@b.example", "state": "sent", "created_at": NOW, "wait_until": NOW, **more,
    }  # fmt: skip
    names = ", ".join(row)
    tx.execute(text(f"INSERT INTO deliveries ({names}) VALUES ({', '.join(f':{name}' for name in row)})"), row)  # noqa: S608 - names that stand above


def kinds(tx: Connection) -> list[str]:
    return sorted(tx.execute(text("SELECT kind FROM deliveries")).scalars())


def test_what_was_kept_before_is_kept_and_goes_back(old: str) -> None:
    migrations.migrate(old, "notifier")
    migrations.check(old, "notifier")
    engine = create_engine(old)
    with engine.begin() as tx:
        assert kinds(tx) == ["host_link_failed", "host_notification"]
        assert tx.execute(text("SELECT email, revision FROM hosts")).all() == [("ada@example.com", 0)]
        add(tx, "host_link_failed", turn=7)
        add(tx, "host_reminder", turn=60)
        add(tx, "host_link_changed", turn=3)
    engine.dispose()
    migrations.migrate(old, "notifier", "-1")
    engine = create_engine(old)
    with engine.begin() as tx:
        assert kinds(tx) == ["host_meeting_failed", "host_notification"]
        assert json.loads(tx.execute(text("SELECT facts FROM changes")).scalar_one())["id"] == BOOKING
    engine.dispose()
    migrations.migrate(old, "notifier")
    migrations.check(old, "notifier")
