"""Figures in Prometheus's format, for the inside only."""

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest

REQUESTS = Histogram(
    "http_request_seconds",
    "Time to answer, by route and status",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
EVENTS = Counter("events_handled_total", "Events out of the inbox, by type and outcome", ["type", "outcome"])
PUBLISHED = Counter("events_published_total", "Events that the bus has confirmed")

__all__ = ["CONTENT_TYPE_LATEST", "EVENTS", "PUBLISHED", "REQUESTS", "generate_latest"]
