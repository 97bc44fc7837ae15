"""Rows 4 to 7: RabbitMQ dies, freezes, answers late, loses its queues; bookings are accepted all along."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import requests
from sqlalchemy import insert, select

from shared import outbox
from shared.outbox import OUTBOX
from shared.testing import eventually
from support.engines import RabbitMQ
from support.faults import verdict
from support.faults.fleet import Engines, Fleet
from support.faults.people import People
from support.proxy import Proxy

Figures = Callable[..., None]
Real = Callable[..., Engines]
NewFleet = Callable[..., Fleet]
GIVEN_UP = 10.0
"""Seconds after which a relay leaves a broker that does not answer."""


@contextmanager
def load(people: People, *, pause: float, clients: int = 3) -> Iterator[None]:
    """Let people book, move and cancel meanwhile."""
    over = threading.Event()
    met: list[BaseException] = []

    def work() -> None:
        try:
            people.work(clients=clients, until=over.is_set, pause=pause)
        except BaseException as error:  # noqa: BLE001 - raised below, where somebody sees it
            met.append(error)

    thread = threading.Thread(target=work, name="people")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if met:
        raise met[0]


def lost_broker(fleet: Fleet, since: float) -> list[float]:
    """List after how many seconds each worker's relay gave the broker up, by its log."""
    found = []
    for name in fleet.names():
        lines = [json.loads(line) for line in fleet.log(name).splitlines() if line.startswith("{")]
        moments = [
            datetime.fromisoformat(line["timestamp"]).timestamp() - since
            for line in lines
            if line["event"] == "broker_unavailable" and line["part"] == "publish"
        ]
        found += [moment for moment in moments if moment > 0][:1]
    return found


def in_service(fleet: Fleet, hosts: int) -> People:
    """Start everything and sign up hosts."""
    verdict.watch_versions(fleet)
    fleet.start_all()
    people = People(fleet.url, seed=4)
    people.sign_up(hosts, fleet.connect_zoom)
    return people


def absence(rabbitmq: RabbitMQ, proxy: Proxy, *, killed: bool) -> None:
    """Let the broker be away for five seconds and the time that it takes to come up, or for a moment."""
    if killed:
        rabbitmq.kill()
        time.sleep(5)
        rabbitmq.restart()
    else:
        proxy.refuse()
        time.sleep(1)
        proxy.mend()


def test_bookings_are_accepted_while_the_broker_is_ill(
    new_fleet: NewFleet, real: Real, rabbitmq: RabbitMQ, figures: Figures, long: bool
) -> None:
    proxy = Proxy(rabbitmq.address)
    fleet = new_fleet(real(broker=proxy.address), LOG_FORMAT="json")
    people = in_service(fleet, 10 if long else 2)
    held = 15.0 if long else 0.6
    resets = 20 if long else 2
    with load(people, pause=3 if long else 0.8):
        for _ in range(resets):
            # In mid-batch, as often as not.
            time.sleep(0.15)
            proxy.reset()
        proxy.hold_answers()
        time.sleep(held)
        proxy.reset()
        proxy.mend()
        proxy.hold()
        time.sleep(held)
        proxy.mend()
        began = time.monotonic()
        absence(rabbitmq, proxy, killed=long)
        absent = time.monotonic() - began
    assert people.unanswered == 0, "a booking failed because of the broker"
    found = verdict.check(fleet, people)
    proxy.close()
    figures(
        "4 and 6",
        resets=resets + 1,
        late_confirms_after=f"{held} s",
        broker_away=f"{absent:.1f} s",
        bookings=found.bookings,
        failed=0,
        false_confirms=0,
        rest_seconds=found.rested,
        slowest_answer=f"{people.slowest:.2f} s",
    )


def test_a_broker_that_is_away_for_minutes_costs_no_booking(
    new_fleet: NewFleet, real: Real, rabbitmq: RabbitMQ, figures: Figures, long: bool
) -> None:
    if not long:
        pytest.skip("five minutes of absence are for the long form")
    fleet = new_fleet(real(), LOG_FORMAT="json")
    people = in_service(fleet, 20)
    with load(people, pause=8):
        rabbitmq.kill()
        time.sleep(300)
        rabbitmq.restart()
    assert people.unanswered == 0, "a booking failed because of the broker"
    found = verdict.check(fleet, people)
    figures("4 five minutes", bookings=found.bookings, failed=0, lost=0, rest_seconds=found.rested)


def test_what_waited_for_the_broker_leaves_at_a_thousand_a_second(
    new_fleet: NewFleet, real: Real, rabbitmq: RabbitMQ, figures: Figures, long: bool
) -> None:
    if not long:
        pytest.skip("a figure, not a fact: for the long form")
    fleet = new_fleet(real(), LOG_FORMAT="json")
    count = 20_000
    rabbitmq.kill()
    now = datetime.now(UTC)
    rows = [
        {"id": f"e{n}", "type": "booking.created", "body": json.dumps({"n": n, "x": "x" * 1_500}), "created_at": now}
        for n in range(count)
    ]
    with fleet.databases["booking"].write() as tx:
        tx.execute(insert(OUTBOX), rows)
    fleet.start("booking", "worker")
    rabbitmq.restart()

    def left() -> int:
        with fleet.databases["booking"].read() as tx:
            return outbox.waiting(tx)

    eventually(lambda: left() < count, timeout=30, every=0.005)
    began, first = time.monotonic(), left()
    eventually(lambda: left() == 0, timeout=60, every=0.01)
    took = time.monotonic() - began
    assert first / took >= 1_000
    figures("4 drained", events=count, per_second=round(first / took))


def test_a_frozen_broker_is_given_up_and_nothing_counts_as_sent(
    new_fleet: NewFleet, real: Real, rabbitmq: RabbitMQ, figures: Figures, long: bool
) -> None:
    if not long:
        pytest.skip("sixty seconds of silence are for the long form; tests of the bus do with three")
    fleet = new_fleet(real(), LOG_FORMAT="json")
    people = in_service(fleet, 10)
    with load(people, pause=4):
        time.sleep(5)
        began = time.time()
        rabbitmq.server.freeze()
        time.sleep(1)
        with fleet.databases["booking"].read() as tx:
            before = set(tx.execute(select(OUTBOX.c.id)).scalars())
        time.sleep(59)
        with fleet.databases["booking"].read() as tx:
            after = set(tx.execute(select(OUTBOX.c.id)).scalars())
        rabbitmq.server.thaw()
    assert before - after == set(), "a row went without its confirm"
    assert people.unanswered == 0
    given_up = lost_broker(fleet, began)
    # A window is begun at the next event, so its ten seconds begin a little after the frost.
    assert given_up
    assert max(given_up) <= GIVEN_UP + 5
    found = verdict.check(fleet, people)
    figures(
        "5",
        frozen="60 s",
        bookings=found.bookings,
        marked_without_confirm=0,
        waiting_when_thawed=len(after),
        given_up_after=f"{max(given_up):.1f} s",
        rest_seconds=found.rested,
    )


@pytest.mark.parametrize("harm", ["queue deleted", "binding deleted", "exchange deleted", "unroutable", "queue full"])
def test_what_the_broker_can_not_keep_stays_and_readiness_says_so(  # noqa: PLR0917 - pytest gives them by name
    new_fleet: NewFleet, real: Real, rabbitmq: RabbitMQ, vhost: str, figures: Figures, long: bool, harm: str
) -> None:
    if not long:
        pytest.skip("readiness waits fifteen seconds before it says so: for the long form")
    fleet = new_fleet(real(), LOG_FORMAT="json")
    fleet.start("booking", "worker")
    fleet.start("booking", "api")
    fleet.wait_ready()
    queue = "zoom-connector.events"
    eventually(lambda: queue in {found["name"] for found in rabbitmq.api("GET", f"queues/{vhost}")}, timeout=20)
    database = fleet.databases["booking"]
    sent = 0

    def promise(count: int, type_: str = "booking.created") -> None:
        nonlocal sent
        now = datetime.now(UTC)
        rows = [{"id": f"e{sent + n}", "type": type_, "body": "{}", "created_at": now} for n in range(count)]
        sent += count
        with database.write() as tx:
            tx.execute(insert(OUTBOX), rows)

    def waiting() -> int:
        with database.read() as tx:
            return outbox.waiting(tx)

    promise(5)
    eventually(lambda: waiting() == 0, timeout=20)
    if harm == "queue full":
        policy = {"pattern": f"^{queue}$", "definition": {"max-length": 5}, "apply-to": "queues"}
        rabbitmq.api("PUT", f"policies/{vhost}/full", **policy)
        promise_until_refused(promise, waiting)
    elif harm == "unroutable":
        promise(3, "nobody.listens")
    elif harm == "queue deleted":
        rabbitmq.api("DELETE", f"queues/{vhost}/{queue}")
        promise(3)
    elif harm == "binding deleted":
        rabbitmq.api("DELETE", f"bindings/{vhost}/e/punctual.events/q/{queue}/booking.%2A")
        promise(3)
    else:
        rabbitmq.api("DELETE", f"exchanges/{vhost}/punctual.events")
        promise(3)
    healed = harm in ("queue deleted", "binding deleted", "exchange deleted")
    if healed:
        # The topology is made again by whoever meets the harm; then everything leaves.
        eventually(lambda: waiting() == 0, timeout=30)
        figures(f"7 {harm}", marked_sent_without_a_queue=0, healed="by itself")
        return
    stuck, began = waiting(), time.monotonic()
    assert stuck
    eventually(lambda: "not left" in says(fleet), timeout=30, every=0.2)
    said_after = time.monotonic() - began
    assert waiting() == stuck, "a row is marked as sent"
    if harm == "queue full":
        rabbitmq.api("DELETE", f"policies/{vhost}/full")
        eventually(lambda: waiting() == 0, timeout=30)
        eventually(lambda: "not left" not in says(fleet), timeout=5)
    figures(f"7 {harm}", stayed=stuck, marked_sent=0, readiness_says_so_after=f"{said_after:.1f} s")


def promise_until_refused(promise: Callable[[int], None], waiting: Callable[[], int]) -> None:
    """Fill the queue: a quorum queue takes a few more than its length."""
    for _ in range(100):
        promise(5)
        time.sleep(0.2)
        if waiting():
            return
    raise AssertionError("the queue is never full")


def says(fleet: Fleet) -> str:
    """Read what readiness says of events."""
    answer = requests.get(f"{fleet.url}/readyz", timeout=5)
    # Whoever takes a service that is not ready out of use would stop bookings, which need no broker.
    assert answer.status_code == 200
    return str(answer.json()["checks"]["events"])
