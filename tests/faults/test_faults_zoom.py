"""Rows 10 to 13: Zoom's limits, its outages, its lost answers, and tokens that can't be had."""

import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from integration.zoom_connector.bench import CREATE, Bench, Bookings, Clock, Zoom, start_sandbox
from shared.events import BookingCreated

Figures = Callable[..., None]
READ_SECONDS = 0.15
SECRETS = ("sandbox-secret", "eyJ")
"""What must be in no log: the app's secret, and the beginning of every token."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def zoom(folder: Path, clock: Clock) -> Iterator[Zoom]:
    running = start_sandbox(folder / "zoom", clock)
    made = Zoom(running.url)
    made.fault("webhooks", off=True)
    yield made
    running.stop()


@pytest.fixture
def bench(folder: Path, zoom: Zoom, clock: Clock) -> Iterator[Bench]:
    (folder / "connector").mkdir()
    made = patient(Bench(folder / "connector", zoom, clock))
    yield made
    made.close()


def patient(bench: Bench) -> Bench:
    """Wait less for answers that never come: a clock that is turned does not wait for sockets."""
    bench.worker.reconcile.accounts = replace(bench.parts.access, read_seconds=READ_SECONDS)
    return bench


def booked(bench: Bench, bookings: Bookings, hosts: int, each: int) -> list[BookingCreated]:
    """Let hosts connect and clients book, later appointments first."""
    made = []
    for host in range(hosts):
        bench.connect(f"h{host}", f"h{host}@zoom.example")
        made += [
            bookings.created(f"h{host}-{number:03}", host_id=f"h{host}", hours=24 + each - number)
            for number in range(each)
        ]
    bench.hear(*made)
    return made


def work_through(bench: Bench, seconds: float, step: float = 1.0) -> None:
    """Let so much time pass."""
    for _ in range(int(seconds / step)):
        bench.work()
        bench.clock.turn(step)


def until_rest(bench: Bench, longest: float) -> float:
    """Work until nothing is due; give the seconds it took on the clock."""
    began = bench.clock()
    bench.work()
    while bench.waits():
        bench.clock.turn(0.5)
        bench.work()
        took = (bench.clock() - began).total_seconds()
        assert took <= longest, [dict(row._mapping) for row in bench.rows() if row.next_attempt_at]
    return (bench.clock() - began).total_seconds()


def markers(zoom: Zoom) -> Counter[str]:
    return Counter(meeting["agenda"].splitlines()[0] for meeting in zoom._items("meetings?deleted=1"))


def assert_one_meeting_each(bench: Bench, zoom: Zoom, made: list[BookingCreated]) -> None:
    assert markers(zoom) == Counter(f"[punctual:{event.booking.id}]" for event in made), "I4, I5"
    assert all(bench.seat(row.id).said == "ready" for row in bench.rows())
    assert bench.said().count("meeting.ready") == len(made), "a host was told twice, or never"


# Row 12


LOST: list[dict[str, Any]] = [
    {"fault": "reset", "after": True},
    {"fault": "unreadable", "after": True},
    {"fault": "status", "status": 502, "after": True, "body": "html"},
    {"fault": "hang", "after": True, "seconds": 0.3},
    {"fault": "reset"},
]


def test_answers_lost_after_a_create_leave_one_meeting_each(
    bench: Bench, zoom: Zoom, clock: Clock, figures: Figures, long: bool
) -> None:
    wanted = 1_000 if long else 15
    bookings, chance, made = Bookings(clock), random.Random(12), []
    lost: Counter[str] = Counter()
    hosts = 20 if long else 3
    for host in range(hosts):
        bench.connect(f"h{host}", f"h{host}@zoom.example")
    rounds = itertools.count()
    while sum(lost.values()) < wanted:
        number = next(rounds)
        fault = chance.choice(LOST)
        zoom.fault(**fault, on=CREATE, times=1)
        lost[fault["fault"] + ("" if fault.get("after") else " before it was done")] += 1
        made.append(bookings.created(f"b{number}", host_id=f"h{number % hosts}", hours=24 + number % 500))
        bench.hear(made[-1])
        bench.work()
        clock.turn(0.5)
    rested = until_rest(bench, 300)
    assert_one_meeting_each(bench, zoom, made)
    figures(
        "12",
        answers_lost=sum(lost.values()),
        **{k.replace(" ", "_"): v for k, v in lost.items()},
        duplicates=0,
        strays=0,
        rest_seconds_on_the_clock=rested,
    )


# Row 11


def test_an_outage_of_zoom_is_healed_without_a_hand_nearest_first(
    bench: Bench, zoom: Zoom, clock: Clock, figures: Figures, long: bool
) -> None:
    hosts, each, minutes = (10, 20, 10) if long else (2, 6, 2)
    made = booked(bench, Bookings(clock), hosts, each)
    outages: list[dict[str, Any]] = [{"fault": "status", "status": 503}, {"fault": "hang", "seconds": 0.2}]
    for fault in outages:
        zoom.fault(**fault)
        work_through(bench, minutes * 60 / 2)
        zoom.mend()
    calls = zoom.calls("create_meeting") + zoom.calls("list_meetings")
    assert zoom.meetings() == []
    rested = until_rest(bench, 60)
    assert_one_meeting_each(bench, zoom, made)
    out_of_order = 0
    for host in range(hosts):
        agenda = [m["agenda"] for m in zoom.meetings() if m["agenda"].startswith(f"[punctual:h{host}-")]
        starts = [m["start_time"] for m in zoom.meetings() if m["agenda"] in agenda]
        out_of_order += sum(later < earlier for earlier, later in itertools.pairwise(starts))
    # The one with which each host's way was tried again may stand before nearer ones.
    assert out_of_order <= hosts
    figures(
        "11",
        minutes_down=minutes,
        bookings=len(made),
        healed=len(zoom.meetings()),
        seconds_to_heal_on_the_clock=rested,
        calls_while_down=calls,
        out_of_order=out_of_order,
    )


# Row 10


@pytest.mark.parametrize("kind", ["per_second", "daily", "user_daily"])
def test_a_limited_host_waits_as_told_and_nobody_else_does(
    bench: Bench, zoom: Zoom, clock: Clock, figures: Figures, kind: str
) -> None:
    forms = ["seconds", "date", "iso", "none"]
    waits: dict[str, float] = {}
    bookings = Bookings(clock)
    for host in ("h1", "h2"):
        bench.connect(host, f"{host}@zoom.example")
    made = []
    for number, form in enumerate(forms):
        zoom.fault("rate_limit", kind=kind, retry_after=form, user="h1@zoom.example", on=CREATE)
        begun, before = clock(), zoom.calls("create_meeting")
        made += [bookings.created(f"{host}-{number}", host_id=host, hours=100 + number) for host in ("h1", "h2")]
        bench.hear(*made[-2:])
        bench.work()
        assert sum("[punctual:h2-" in agenda for agenda in markers(zoom)) == number + 1, "another host waited"
        parked = bench.connection("h1").parked_until
        assert parked > begun
        if kind == "user_daily" or (kind == "daily" and form == "none"):
            midnight = datetime.combine(begun.date() + timedelta(days=1), datetime.min.time(), UTC)
            assert midnight <= parked <= midnight + timedelta(minutes=3)
        zoom.mend()
        zoom.fault("webhooks", off=True)
        clock.turn((parked - clock()).total_seconds() - 1)
        bench.work()
        assert zoom.calls("create_meeting") <= before + 2, "it asked before the time that it was told"
        waits[form] = (parked - begun).total_seconds()
        until_rest(bench, 130)
    assert_one_meeting_each(bench, zoom, made)
    figures(
        f"10 {kind}",
        forms=len(forms),
        parked_for_good=0,
        another_host_waited=0,
        **{f"waited_{form}": f"{seconds:.0f} s" for form, seconds in waits.items()},
    )


# Row 13


def test_a_token_store_that_is_away_costs_no_attempt_and_no_token(
    bench: Bench, zoom: Zoom, clock: Clock, figures: Figures, capfd: pytest.CaptureFixture[str]
) -> None:
    made = booked(bench, Bookings(clock), 2, 3)
    key = bench.folder / "tokens.key"
    sealed = bench.folder / "sealed"
    # Nobody can read a token without its key; with Vault this is a sealed Vault.
    bench.parts.tokens._key = bytes(32)  # type: ignore[attr-defined]
    key.rename(sealed)
    work_through(bench, 300)
    assert zoom.calls("create_meeting") == 0
    assert {bench.connection(f"h{n}").status for n in range(2)} == {"connected"}
    sealed.rename(key)
    bench.parts.tokens._key = key.read_bytes()  # type: ignore[attr-defined]
    rested = until_rest(bench, 15)
    assert_one_meeting_each(bench, zoom, made)
    assert zoom.calls("create_meeting") == len(made), "an attempt at Zoom was wasted"
    printed = "".join(capfd.readouterr())
    assert not any(secret in printed for secret in SECRETS)
    figures("13 store away", minutes=5, bookings=len(made), attempts_wasted=0, resumed_after_on_the_clock=f"{rested} s")


def test_a_rotated_secret_costs_no_token(
    bench: Bench, zoom: Zoom, clock: Clock, figures: Figures, capfd: pytest.CaptureFixture[str]
) -> None:
    made = booked(bench, Bookings(clock), 2, 3)
    # Every access token is over by then, and a new one is to be had with the new secret only.
    clock.turn(3_700)
    old = patient(Bench(bench.folder, zoom, clock, {"ZOOM_CLIENT_SECRET": "the secret before it was rotated"}))
    work_through(old, 300)
    old.close()
    assert zoom.calls("create_meeting") == 0
    assert {bench.connection(f"h{n}").status for n in range(2)} == {"connected"}
    rested = until_rest(bench, 15)
    assert_one_meeting_each(bench, zoom, made)
    printed = "".join(capfd.readouterr())
    assert not any(secret in printed for secret in (*SECRETS, "the secret before"))
    figures("13 secret rotated", minutes=5, bookings=len(made), resumed_after_on_the_clock=f"{rested} s")


def test_rejected_tokens_are_renewed_without_a_wasted_attempt(
    bench: Bench, zoom: Zoom, clock: Clock, figures: Figures
) -> None:
    made = booked(bench, Bookings(clock), 2, 3)
    # The second is for the token that was just renewed: Zoom rejects that, too, and then comes to its senses.
    zoom.fault("expire_tokens")
    zoom.fault("status", status=401, on=CREATE, times=2, body={"code": 124, "message": "Invalid access token."})
    rested = until_rest(bench, 60)
    assert_one_meeting_each(bench, zoom, made)
    assert zoom.calls("create_meeting") <= len(made) + 2 + 2
    figures("13 token rejected", bookings=len(made), rest_seconds_on_the_clock=rested, renewals=zoom.calls("token"))
