"""Rows of deletion receipts and of webhooks that wait to be handled, and what goes with a host who leaves."""

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, or_, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from zoom_connector.storage.tables import CONNECTIONS, MEETINGS, METADATA, RECEIPTS, WEBHOOKS


def add_receipt(
    tx: Connection,
    *,
    host_id: str,
    at: datetime,
    cause: str,
    erased: Sequence[str],
    revoked: bool,
    confirmation: Mapping[str, Any] | None,
) -> Row[Any]:
    """Keep what was erased; with a `confirmation` to be posted, that is due at once."""
    receipt_id = str(uuid.uuid4())
    tx.execute(
        insert(RECEIPTS).values(
            id=receipt_id,
            host_id=host_id,
            at=at,
            cause=cause,
            erased=json.dumps(list(erased)),
            revoked=revoked,
            compliance="not_required" if confirmation is None else "pending",
            compliance_document=None if confirmation is None else json.dumps(confirmation),
            next_attempt_at=None if confirmation is None else at,
        )
    )
    return tx.execute(select(RECEIPTS).where(RECEIPTS.c.id == receipt_id)).one()


def receipts(tx: Connection, host_id: str) -> list[Row[Any]]:
    """List a host's receipts, the newest first."""
    query = select(RECEIPTS).where(RECEIPTS.c.host_id == host_id)
    return list(tx.execute(query.order_by(RECEIPTS.c.at.desc(), RECEIPTS.c.id)))


def meetings_to_delete(tx: Connection, host_id: str, now: datetime) -> bool:
    """Say whether meetings of a host are still to be deleted in Zoom, or their cancellation is yet to be heard of."""
    made = or_(MEETINGS.c.zoom_id.is_not(None), MEETINGS.c.intent_at.is_not(None))
    to_delete = and_(MEETINGS.c.live.is_(False), made, MEETINGS.c.next_attempt_at.is_not(None))
    unheard = and_(MEETINGS.c.live, MEETINGS.c.end_at > now)
    query = select(MEETINGS.c.id).where(MEETINGS.c.host_id == host_id, or_(to_delete, unheard))
    return tx.execute(query.limit(1)).first() is not None


def forget_host(tx: Connection, host_id: str) -> None:
    """Delete every row about a host but the receipts, which say that it was done."""
    for table in METADATA.sorted_tables:
        if "host_id" in table.c and table is not RECEIPTS:
            tx.execute(delete(table).where(table.c.host_id == host_id))
    for name in (CONNECTIONS.name, "hosts"):
        if name in METADATA.tables:
            tx.execute(delete(METADATA.tables[name]).where(METADATA.tables[name].c.id == host_id))


def add_webhook(
    tx: Connection, *, body_hash: str, event: str, document: Mapping[str, Any] | None, due: bool, now: datetime
) -> bool:
    """Store an event once; say whether it is new. What is not `due` is only remembered."""
    make = postgres_insert if tx.dialect.name == "postgresql" else sqlite_insert
    added = tx.execute(
        make(WEBHOOKS)
        .values(
            id=body_hash,
            event=event,
            received_at=now,
            document=None if document is None else json.dumps(document),
            next_attempt_at=now if due else None,
        )
        .on_conflict_do_nothing(index_elements=["id"])
    )
    return added.rowcount == 1


def old_webhooks(tx: Connection, before: datetime) -> bool:
    """Say whether `forget_webhooks` may find something."""
    return tx.execute(select(WEBHOOKS.c.id).where(*_done(before)).limit(1)).first() is not None


def forget_webhooks(tx: Connection, before: datetime) -> int:
    """Delete events that Zoom can't send again any more and that are done with."""
    return tx.execute(delete(WEBHOOKS).where(*_done(before))).rowcount


def _done(before: datetime) -> Sequence[ColumnElement[bool]]:
    return [WEBHOOKS.c.received_at < before, WEBHOOKS.c.next_attempt_at.is_(None)]
