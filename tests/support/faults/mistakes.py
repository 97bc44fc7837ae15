"""Mistakes to be put into a process on purpose. With each of them a storm must end badly, or it proves nothing."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update

from support.faults.plugs import part


def acknowledges_first() -> None:
    """Take messages off the queue before the inbox has them."""
    embedded = part("shared.bus:embedded")
    listener = part("shared.bus.rabbitmq.listening:Listener")
    _message = part("shared.bus.rabbitmq.listening:_message")
    message = part("shared.events.envelope:Message")

    table = embedded._MESSAGES

    def hasty_move(self: Any, queue: str, deliver: Any) -> int:
        with self._database.write() as tx:
            rows = tx.execute(select(table).where(table.c.queue == queue).order_by(table.c.seq).limit(50)).all()
            tx.execute(delete(table).where(table.c.seq.in_([row.seq for row in rows])))
        if rows:
            deliver([message(row.id, row.type, row.body) for row in rows])
        return len(rows)

    def hasty_store(self: Any) -> None:
        self._held[-1].ack(multiple=True)
        messages = [_message(raw) for raw in self._held]
        self._held.clear()
        self._deliver(messages)

    embedded.EmbeddedBus._move = hasty_move
    listener._store = hasty_store


def takes_any_version() -> None:
    """Keep whatever a booking's event says, however old."""
    seats = part("zoom_connector.storage:seats")
    table = part("zoom_connector.storage.tables:SEATS")

    record = seats.record

    def gullible(tx: Any, **desired: Any) -> Any:
        tx.execute(update(table).where(table.c.id == desired["booking_id"]).values(version=0))
        return record(tx, **desired)

    seats.record = gullible
    seats.knows = lambda *_: False


def waits_for_no_confirm() -> None:
    """Count an event as sent before the bus has it."""
    file_bus = part("shared.bus.embedded:EmbeddedBus")
    broker_bus = part("shared.bus.rabbitmq:RabbitBus")

    def hopeful(publish: Callable[..., Any]) -> Callable[..., Any]:
        def publishing(self: Any, messages: Any) -> set[str]:
            threading.Timer(0.05, publish, (self, list(messages))).start()
            return {message.id for message in messages}

        return publishing

    file_bus.publish = hopeful(file_bus.publish)
    broker_bus.publish = hopeful(broker_bus.publish)


def creates_without_a_look() -> None:
    """Repeat a create whose end is not known."""
    actions = part("zoom_connector.meetings:Action")
    decide = part("zoom_connector.meetings:decide")
    step = part("zoom_connector.reconcile:step")

    def hasty(meeting: Any, now: Any, powers: Any) -> Any:
        action = decide(meeting, now, powers)
        return actions.CREATE if action is actions.LOOK else action

    step.decide = hasty


def keeps_no_lease() -> None:
    """Let everybody take what somebody has in hand, and settle it all the same."""
    due = part("shared:due")

    claim = due.claim

    def careless_claim(tx: Any, table: Any, **more: Any) -> Any:
        return claim(tx, table, **(more | {"lease_for": timedelta(microseconds=-1)}))

    def careless_settle(tx: Any, table: Any, row_id: Any, _lease: str, **outcome: Any) -> None:
        values = {"last_error": None, **outcome, "lease": None, "leased_until": None}
        tx.execute(update(table).where(table.c.id == row_id).values(**values))

    def careless_confirm(tx: Any, table: Any, row_id: Any, _lease: str) -> Any:
        return tx.execute(select(table).where(table.c.id == row_id)).one()

    due.claim, due.settle, due.confirm = careless_claim, careless_settle, careless_confirm


KNOWN: dict[str, Callable[..., None]] = {
    mistake.__name__: mistake
    for mistake in (
        acknowledges_first,
        takes_any_version,
        waits_for_no_confirm,
        creates_without_a_look,
        keeps_no_lease,
    )
}
