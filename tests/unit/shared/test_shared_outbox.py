"""What readiness says of events that do not leave."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import MetaData

from shared import outbox
from shared.database import Database
from shared.events import ZoomConnected

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def test_events_that_wait_for_long_are_counted_with_the_age_of_the_oldest(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'service.sqlite3'}")
    metadata = MetaData()
    outbox.OUTBOX.to_metadata(metadata)
    with database.write() as tx:
        metadata.create_all(tx)
    assert outbox.late(database, lambda: NOW) is None
    with database.write() as tx:
        for seconds in (0, 30):
            outbox.add(tx, ZoomConnected(host_id="h"), source="x", now=NOW + timedelta(seconds=seconds))
    assert outbox.late(database, lambda: NOW + timedelta(seconds=5)) is None
    said = outbox.late(database, lambda: NOW + timedelta(seconds=40))
    assert said == "2 have not left for 40 s; the worker's log says why"
    database.close()
