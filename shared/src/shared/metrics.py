"""Figures in Prometheus's format, for the inside only."""

from prometheus_client import CONTENT_TYPE_LATEST, Gauge, Histogram, generate_latest

from shared import inbox, outbox
from shared.database import Database

REQUESTS = Histogram(
    "http_request_seconds",
    "Time to answer, by route and status",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
UNSENT = Gauge("outbox_events", "Events that the bus has not confirmed yet")
WAITING = Gauge("inbox_events", "Events that are not handled yet, by state", ["state"])


def read_queues(database: Database) -> None:
    """Count what waits in the outbox and the inbox. The workers have no port of their own, so the api tells it."""
    with database.read() as tx:
        UNSENT.set(outbox.waiting(tx))
        for state, count in inbox.counts(tx).items():
            WAITING.labels(state).set(count)


__all__ = ["CONTENT_TYPE_LATEST", "REQUESTS", "generate_latest", "read_queues"]
