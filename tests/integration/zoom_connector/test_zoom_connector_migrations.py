"""The step to shared meetings, up and down, with rows in the tables: nobody's link is lost on the way."""

from sqlalchemy import create_engine, inspect, text

from shared import migrations
from shared.database import Database

OLD = """
INSERT INTO meetings (id, host_id, version, live, start_at, end_at, duration, timezone, topic, agenda, zoom_id,
 join_url, made_start, made_duration, made_topic, revision, said, said_version, said_code, wakes, attempts)
VALUES ('{0}', 'h1', 3, {1}, '2031-01-01 10:00:00.000000', '2031-01-01 10:30:00.000000', 30, 'UTC', 'T', 'A', {2},
 'https://zoom.example/j/{2}', '2031-01-01 10:00:00.000000', 30, 'T', 5, '{3}', 3, '', 1, 0)
"""
SEAT = """
INSERT INTO seats (id, meeting_id, host_id, version, live, end_at, revision, said, said_version, said_code,
 told_zoom_id)
VALUES ('{0}', '{1}', 'h1', 1, {2}, '2031-01-01 10:30:00.000000', 1, 'ready', 1, '', 85000000009)
"""


def down(url: str, revision: str) -> None:
    """Take one step down after the other until that revision."""
    engine = create_engine(url)
    while True:
        with engine.begin() as tx:
            if tx.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == revision:
                break
        migrations.migrate(url, "zoom_connector", "-1")
    engine.dispose()


def test_meetings_become_seats_and_seats_meetings_again(database_url: str) -> None:
    url = database_url
    migrations.migrate(url, "zoom_connector", "0001")
    engine = create_engine(url)
    with engine.begin() as tx:
        tx.execute(text(OLD.format("b1", "TRUE", 85000000001, "ready")))
        tx.execute(text(OLD.format("b2", "FALSE", 85000000002, "removed")))
    migrations.migrate(url, "zoom_connector")
    with engine.begin() as tx:
        seats = tx.execute(text("SELECT id, meeting_id, version, live, revision, said, told_zoom_id FROM seats")).all()
        assert sorted(map(tuple, seats)) == [
            ("b1", "b1", 3, 1, 5, "ready", 85000000001),
            ("b2", "b2", 3, 0, 5, "removed", None),
        ]
        assert tx.execute(text("SELECT id FROM hosts")).scalars().all() == ["h1"]
        # From now on, two share one, and the first of them has left.
        tx.execute(text("UPDATE meetings SET id = 'o1', zoom_id = 85000000009 WHERE id = 'b1'"))
        tx.execute(text("DELETE FROM seats WHERE id = 'b1'"))
        for name, live in (("b3", "FALSE"), ("b4", "TRUE"), ("b5", "TRUE")):
            tx.execute(text(SEAT.format(name, "o1", live)))
    down(url, "0001")
    with engine.begin() as tx:
        rows = tx.execute(text("SELECT id, version, live, zoom_id, said FROM meetings ORDER BY id")).all()
        assert list(map(tuple, rows)) == [
            ("b2", 3, 0, 85000000002, "removed"),
            ("b3", 1, 0, None, "ready"),
            ("b4", 1, 1, 85000000009, "ready"),
            ("b5", 1, 1, None, "ready"),
        ], "one live seat keeps the meeting; the others' are made anew"
    engine.dispose()
    migrations.migrate(url, "zoom_connector", "base")
    migrations.migrate(url, "zoom_connector")


def test_the_tables_in_the_code_are_those_of_the_migrations(database_url: str) -> None:
    url = database_url
    migrations.migrate(url, "zoom_connector")
    migrations.check(url, "zoom_connector")
    database = Database(url)
    assert {"meetings", "seats", "hosts"} <= set(inspect(database.engine).get_table_names())
    database.close()
