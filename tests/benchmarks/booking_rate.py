"""Bookings a second, beside bare inserts of the rows that they leave in the database."""

import itertools
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Table, create_engine, insert, select

from benchmarks.engines import Engines
from benchmarks.figures import Figure, Sizes, per_second
from benchmarks.running import BOOKING, Host, Punctual
from booking import bootstrap
from booking.settings import Settings
from booking.storage import tables
from shared import migrations, signing
from shared.outbox import OUTBOX

OFFER = {"duration": 5, "horizon": 120, "location": {"kind": "phone", "detail": "+49 30 1"}}
"""Short, so that a host has thousands of them; not at Zoom, whose quota is 100 meetings a day."""
BASE = (tables.HOSTS, tables.WEEKLY_RULES, tables.SESSION_TYPES)
EACH = (tables.OCCUPANCIES, tables.BOOKINGS, tables.TIMELINE, OUTBOX)
"""What one booking leaves, in the order in which it is written."""
KEY = "k" * 32

Rows = Sequence[tuple[Table, dict[str, Any]]]


def measure(punctual: Punctual, engines: Engines, sizes: Sizes) -> list[Figure]:
    """Let each client book at a host of its own, as fast as it is answered; mails go out meanwhile."""
    hosts = [punctual.host() for _ in range(sizes.clients)]
    for host in hosts:
        punctual.change_offer(host, **OFFER)
    starts = [free_starts(punctual, host) for host in hosts]
    peer = bare_inserts(engines, sizes)
    figures = []
    for name, offset in (("through the gateway", 0), ("straight at the booking service", BOOKING)):
        clients = [_booker(punctual, offset, host, its) for host, its in zip(hosts, starts, strict=True)]
        per_second(clients, 1)
        rate = per_second(clients, sizes.bookings_each)
        punctual.wait_for_rest()
        figures.append(Figure(f"bookings {name}", rate, "/s", "bare inserts of the same rows", peer))
    return figures


def free_starts(punctual: Punctual, host: Host, days: int = 60) -> Iterator[str]:
    """Go through the host's free times."""
    today = datetime.now(UTC).date()
    query = f"from={today}&to={today + timedelta(days=days)}&timezone=UTC"
    return iter([slot["start"] for slot in punctual.client().call("GET", f"{host.path('slots')}?{query}")["slots"]])


def wish(start: str) -> dict[str, Any]:
    """Give the body of a booking."""
    word = secrets.token_hex(4)
    client = {"name": f"Carl {word}", "email": f"carl.{word}@example.org", "timezone": "America/New_York"}
    return {"start": start, "client": client, "notes": "See you"}


def _booker(punctual: Punctual, offset: int, host: Host, starts: Iterator[str]) -> Callable[[], object]:
    client = punctual.client(offset)
    return lambda: client.call("POST", host.path("bookings"), wish(next(starts)))


def bare_inserts(engines: Engines, sizes: Sizes) -> float:
    """Insert the rows of as many bookings in as many transactions; give the better of one and many threads."""
    source = engines.new_database()
    base, each = _made_rows(source, sizes)
    rates = []
    for threads in (1, sizes.clients):
        target = _Target(engines.new_database(), base)
        shares = [iter(each[number::threads]) for number in range(threads)]
        rates.append(per_second([target.inserter(share) for share in shares], len(each) // threads))
        target.engine.dispose()
    return max(rates)


class _Target:
    """A database with the tables and without our code: SQLAlchemy as it comes."""

    def __init__(self, url: str, base: Rows) -> None:
        migrations.migrate(url, "booking")
        waiting = {"timeout": 30} if url.startswith("sqlite") else {}
        self.engine: Engine = create_engine(url, pool_size=16, connect_args=waiting)
        with self.engine.begin() as tx:
            for table, row in base:
                tx.execute(insert(table).values(row))

    def inserter(self, bookings: Iterator[Rows]) -> Callable[[], None]:
        """Give what inserts the next booking."""

        def insert_next() -> None:
            with self.engine.begin() as tx:
                for table, row in next(bookings):
                    tx.execute(insert(table).values(row))

        return insert_next


def _made_rows(url: str, sizes: Sizes) -> tuple[Rows, list[Rows]]:
    """Book in a service of our own that has no worker, so that even the outbox keeps its rows; give what it kept."""
    migrations.migrate(url, "booking")
    shop = _Shop(url)
    for number in range(sizes.clients):
        shop.open(f"host-{number}")
    for _, number in itertools.product(range(sizes.bookings_each), range(sizes.clients)):
        shop.book(f"host-{number}")
    engine = create_engine(url)
    with engine.connect() as tx:
        kept = {table: [dict(row._mapping) for row in tx.execute(select(table))] for table in (*BASE, *EACH)}
    engine.dispose()
    for row in kept[tables.TIMELINE]:
        del row["id"]  # the database gives it, as it did for us
    kept[OUTBOX] = [row for row in kept[OUTBOX] if row["type"] == "booking.created"]
    for row in kept[OUTBOX]:
        del row["seq"]
    by_id = {row["id"]: row for row in kept[tables.OCCUPANCIES]}
    in_order = [by_id[row["occupancy_id"]] for row in kept[tables.BOOKINGS]]
    each = zip(in_order, *(kept[table] for table in EACH[1:]), strict=True)
    base = [(table, row) for table in BASE for row in kept[table]]
    return base, [list(zip(EACH, rows, strict=True)) for rows in each]


@dataclass
class _Shop:
    """The booking service without a server in front of it."""

    url: str

    def __post_init__(self) -> None:
        settings = Settings(
            database_url=self.url, public_url="http://localhost", service_key=KEY, data=Path(), log_format="console"
        )
        self._client = bootstrap.app(settings).test_client()
        self._starts: dict[str, Iterator[str]] = {}

    def open(self, name: str) -> None:
        """Make a host with the measured offer."""
        host = {"name": name, "email": f"{name}@example.com", "handle": name, "timezone": "Europe/Berlin"}
        self._call("PUT", f"/hosts/{name}", host)
        [offer] = self._call("GET", "/me/session-types", subject=name)["items"]
        self._call("PATCH", f"/me/session-types/{offer['id']}", OFFER, subject=name)
        today = datetime.now(UTC).date()
        query = f"from={today}&to={today + timedelta(days=60)}&timezone=UTC"
        found = self._call("GET", f"/hosts/{name}/session-types/intro/slots?{query}")
        self._starts[name] = iter([slot["start"] for slot in found["slots"]])

    def book(self, name: str) -> None:
        """Book the next free time."""
        self._call("POST", f"/hosts/{name}/session-types/intro/bookings", wish(next(self._starts[name])))

    def _call(self, method: str, path: str, body: Any = None, *, subject: str = signing.ANONYMOUS) -> Any:
        token = signing.sign(KEY, audience="booking", subject=subject, now=datetime.now(UTC))
        answer = self._client.open(path, method=method, json=body, headers={"Authorization": f"Bearer {token}"})
        if answer.status_code >= 400:
            raise RuntimeError(f"{method} {path} was answered {answer.status_code}: {answer.text}")
        return answer.json
