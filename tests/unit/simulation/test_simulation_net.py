"""The net catches: with a mistake put in on purpose, the simulation fails. Otherwise its silence would mean nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared import outbox
from shared.events.envelope import Message
from support.simulation.parts import Killed
from support.simulation.world import World
from zoom_connector.meetings import Action, Meeting, Powers, decide
from zoom_connector.reconcile import step
from zoom_connector.storage.tables import SEATS

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_it_catches_a_second_create_without_a_look(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def hasty(meeting: Meeting, now: datetime, powers: Powers) -> Action:
        action = decide(meeting, now, powers)
        return Action.CREATE if action is Action.LOOK else action

    monkeypatch.setattr(step, "decide", hasty)
    world.book(START)
    world.crash.place = "after zoom create"
    with pytest.raises(AssertionError, match=r"without a look|a second meeting"):
        world.rest_with_kill()


def test_it_catches_a_connector_that_takes_any_version(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def gullible(tx: Any, **desired: Any) -> bool:
        tx.execute(SEATS.delete().where(SEATS.c.id == desired["booking_id"]))
        return bool(record(tx, **desired))

    record = world_record()
    monkeypatch.setattr("zoom_connector.storage.seats.record", gullible)
    monkeypatch.setattr("zoom_connector.storage.seats.knows", lambda *_: False)
    made = world.book(START)
    world.move(made.id, START + timedelta(minutes=30))
    world.relay("booking")
    world.bus.queues["zoom-connector.events"].reverse()
    with pytest.raises(AssertionError):
        world.rest()


def world_record() -> Any:
    from zoom_connector.storage.seats import record  # noqa: PLC0415 - as it is before it is replaced

    return record


def test_it_catches_a_relay_that_does_not_wait_for_the_confirm(world: World) -> None:
    class Hopeful:
        def publish(self, messages: Sequence[Message]) -> set[str]:
            return {message.id for message in messages}

    bus: Any = Hopeful()
    world.relays["booking"] = outbox.Relay(world.databases["booking"], bus, world.clock)
    world.book(START)
    world.relay("booking")
    with pytest.raises(AssertionError, match="I2"):
        world.rest()


def test_it_catches_a_consumer_that_acknowledges_first(world: World) -> None:
    world.book(START)
    world.relay("booking")
    # Taken off the queue, and dead before the inbox has it.
    world.bus.queues["zoom-connector.events"].pop()
    with pytest.raises(AssertionError, match="I4"):
        world.rest()


def test_it_catches_a_mail_that_is_sent_before_its_attempt_is_claimed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.book(START)
    monkeypatch.setattr(world.dispatch, "_settle", lambda *_: None)
    with pytest.raises(AssertionError, match="I5"):
        world.rest()


def test_a_killed_process_runs_no_line_after_its_end(world: World) -> None:
    world.crash.place = "before handler"
    with pytest.raises(Killed):
        world.crash("before handler")
