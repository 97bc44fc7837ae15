"""Any order of people's wishes, deliveries, kills and outages ends well: nothing lost, nothing twice."""

import itertools
import os
import shutil
import tempfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from booking.bookings import Refused
from support.simulation.parts import PostMode, ZoomMode
from support.simulation.world import SERVICES, Service, World
from zoom_connector.zoom.errors import ZoomError

STARTS = [
    datetime(2026, 11, 23 + day, 8, 0, tzinfo=UTC) + timedelta(minutes=30 * n) for day in (0, 1) for n in range(4)
]
PLACES = [
    "relay before publish",
    "relay after publish",
    "before handler",
    "after handler",
    "after claim",
    "before zoom create",
    "after zoom create",
    "before zoom update",
    "after zoom update",
    "before zoom delete",
    "after zoom delete",
    "before zoom replace",
    "after zoom replace",
    "before zoom check",
    "after zoom check",
    "before zoom look",
    "after zoom look",
    "inside settle",
    "after settle",
    "before mail",
    "after mail",
]
services = st.sampled_from(SERVICES)
WRITE = {"meeting:write:meeting", "meeting:delete:meeting", "meeting:read:list_meetings"}
GRANTED = [
    frozenset[str](),
    frozenset(WRITE | {"meeting:read:meeting"}),
    frozenset(WRITE | {"meeting:update:meeting"}),
]
"""Everything; all but to change a meeting; all but to read one. Without leave to delete, meetings would remain."""


class Simulation(RuleBasedStateMachine):
    """The rules are all that can happen; the invariants of faults.md are checked after each."""

    migrated: ClassVar[Path]

    @initialize(seed=st.integers(0, 2**32))
    def begin(self, seed: int) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=self.migrated.parent))
        self.world = World.of(self.migrated, self.folder, seed)

    @rule(start=st.sampled_from(STARTS), slug=st.sampled_from(["intro", "group"]))
    def create(self, start: datetime, slug: str) -> None:
        with suppress(Refused):
            self.world.book(start, slug)

    @precondition(lambda self: self.world.promises)
    @rule(which=st.integers(0), start=st.sampled_from(STARTS))
    def reschedule(self, which: int, start: datetime) -> None:
        with suppress(Refused):
            self.world.move(self._one(which), start)

    @precondition(lambda self: self.world.promises)
    @rule(which=st.integers(0))
    def cancel(self, which: int) -> None:
        with suppress(Refused):
            self.world.cancel(self._one(which))

    @rule(which=st.integers(0), start=st.sampled_from(STARTS))
    def the_host_moves_it_in_zoom(self, which: int, start: datetime) -> None:
        self.world.host.move(which, start)

    @rule(which=st.integers(0))
    def the_host_deletes_it_in_zoom(self, which: int) -> None:
        self.world.host.delete(which)

    @rule(index=st.integers(0, 20), again=st.booleans())
    def zoom_tells(self, index: int, again: bool) -> None:
        self.world.host.hear(index, again=again)

    @precondition(lambda self: self.world.promises)
    @rule(which=st.integers(0), undone=st.booleans())
    def the_host_decides(self, which: int, undone: bool) -> None:
        (self.world.host.retry if undone else self.world.host.accept)(self._one(which))

    @rule(scopes=st.sampled_from(GRANTED))
    def permissions_change(self, scopes: frozenset[str]) -> None:
        self.world.host.grant(scopes)

    @rule()
    def a_look_at_night(self) -> None:
        with suppress(ZoomError):
            self.world.host.look()

    @rule(service=services)
    def relay(self, service: Service) -> None:
        self.world.relay(service)

    @rule(service=services, index=st.integers(0, 20), again=st.booleans())
    def deliver(self, service: Service, index: int, again: bool) -> None:
        self.world.deliver(service, index, again=again)

    @rule(service=services)
    def handle(self, service: Service) -> None:
        self.world.handle(service)

    @rule()
    def everybody_works(self) -> None:
        self.world._work()

    @rule()
    def work_on_meetings(self) -> None:
        self.world.work_on_meetings()

    @rule()
    def send_mails(self) -> None:
        self.world.send_mails()

    @rule(seconds=st.sampled_from([1, 3, 11, 31, 61, 600]))
    def advance(self, seconds: int) -> None:
        self.world.clock.now += timedelta(seconds=seconds)

    @rule(place=st.sampled_from(PLACES))
    def wait_to_kill(self, place: str) -> None:
        self.world.crash.place = place

    @rule(mode=st.sampled_from(["ok", "unreachable", "lost before", "lost after", "failing after", "limited"]))
    def zoom_changes(self, mode: ZoomMode) -> None:
        self.world.zoom.mode = mode

    @rule(mode=st.sampled_from(["ok", "down", "lost after"]))
    def post_changes(self, mode: PostMode) -> None:
        self.world.post.mode = mode

    @rule(up=st.booleans())
    def bus_changes(self, up: bool) -> None:
        self.world.bus.up = up

    @invariant()
    def holds(self) -> None:
        if hasattr(self, "world"):
            self.world.check()

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self.world.rest()
        finally:
            self.world.close()
            shutil.rmtree(self.folder)

    def _one(self, which: int) -> str:
        names = list(self.world.promises)
        return names[which % len(names)]


EXAMPLES = int(os.environ.get("SIMULATIONS", "15"))
"""How many runs of forty steps. The long form has thousands."""


def test_whatever_happens_nothing_is_lost_and_nothing_happens_twice(migrated: Path) -> None:
    Simulation.migrated = migrated
    run_state_machine_as_test(
        Simulation,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=40,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("place", PLACES)
def test_a_kill_at_each_place_loses_nothing_and_does_nothing_twice(world: World, place: str) -> None:
    world.crash.place = place
    made = world.book(STARTS[0])
    world.rest_with_kill()
    world.crash.place = place
    world.move(made.id, STARTS[1])
    world.rest_with_kill()
    world.crash.place = place
    world.cancel(made.id)
    world.rest_with_kill()


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_bookings_events_end_the_same_in_any_order_and_repeated(world: World, order: tuple[int, ...]) -> None:
    made = world.book(STARTS[0])
    world.move(made.id, STARTS[1])
    world.cancel(made.id)
    world.relay("booking")
    for service in ("zoom-connector", "notifier"):
        queue = list(world.bus.queues[f"{service}.events"])
        world.bus.queues[f"{service}.events"] = [queue[n] for n in order for _ in range(2)]
    world.rest()
    assert world.zoom.meetings == {}


def test_seats_share_their_meeting_through_kills_and_moves(world: World) -> None:
    first, second = world.book(STARTS[0], "group"), world.book(STARTS[0], "group")
    world.crash.place = "after zoom create"
    world.rest_with_kill()
    assert len(world.zoom.meetings) == 1
    world.move(first.id, STARTS[4])
    world.crash.place = "after settle"
    world.rest_with_kill()
    assert len(world.zoom.meetings) == 2
    world.cancel(second.id)
    world.rest()
    assert len(world.zoom.meetings) == 1


def test_what_the_host_did_in_zoom_is_known_after_the_night_and_undone_on_demand(world: World) -> None:
    made = world.book(STARTS[0])
    world.rest()
    world.host.move(0, STARTS[2])
    world.rest()
    world.host.retry(made.id)
    world.rest()
    [(_, meeting)] = world.zoom.meetings.values()
    assert meeting.start == STARTS[0]
    world.host.delete(0)
    world.rest()
    assert world.zoom.meetings == {}
    world.host.retry(made.id)
    world.rest()
    assert len(world.zoom.meetings) == 1


def test_a_quiet_booking_comes_to_rest_within_seconds(world: World) -> None:
    world.book(STARTS[0])
    assert world.rest() <= timedelta(seconds=10)


def test_everything_heals_within_a_minute_after_a_long_outage(world: World) -> None:
    world.zoom.mode, world.post.mode = "unreachable", "down"
    for start in STARTS:
        world.book(start)
    for _ in range(60):
        world._work()
        world.clock.now += timedelta(seconds=10)
    assert world.rest() <= timedelta(seconds=60)
