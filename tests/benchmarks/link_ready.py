"""From the POST of a booking to its link, without the time that Zoom takes for itself."""

import base64
import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from sqlalchemy import create_engine, select

from benchmarks.booking_rate import free_starts, wish
from benchmarks.figures import Figure, Sizes, percentile, timed
from benchmarks.running import SANDBOX, Punctual
from booking.storage.tables import BOOKINGS

PATIENCE = 30.0
PAUSE = 0.3
"""Seconds between two bookings: the connector asks Zoom for no more than four things a second of one host."""


def measure(punctual: Punctual, sizes: Sizes) -> list[Figure]:
    """Book one after the other; the moment of readiness is the one that the booking's row tells."""
    zoom = percentile(_direct_calls(punctual, sizes.links), 50)
    host = punctual.host()
    punctual.connect_zoom(host)
    starts, client = free_starts(punctual, host), punctual.client()
    engine = create_engine(punctual.database_url("booking"))
    took = []
    for _ in range(sizes.links):
        time.sleep(PAUSE)
        begun = datetime.now(UTC)
        made = client.call("POST", host.path("bookings"), wish(next(starts)))
        deadline = time.monotonic() + PATIENCE
        while client.call("GET", f"/bookings/{made['reference']}")["video"]["state"] != "ready":
            if time.monotonic() > deadline:
                raise RuntimeError("a booking got no link")
            time.sleep(0.02)
        with engine.connect() as tx:
            ready = tx.execute(select(BOOKINGS.c.changed_at).where(BOOKINGS.c.id == made["id"])).scalar_one()
        took.append((ready - begun) / timedelta(milliseconds=1))
    engine.dispose()
    ours = percentile(took, 50) - zoom
    return [Figure("from POST to the link, without Zoom", ours, "ms", "a direct call to the sandbox's Zoom", zoom)]


def _direct_calls(punctual: Punctual, count: int) -> list[float]:
    """Make meetings without Punctual, on a kept connection."""
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {_token(punctual)}"
        start = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = {"topic": "Bench", "type": 2, "start_time": start, "duration": 30, "timezone": "UTC", "agenda": "-"}

        def make() -> None:
            answer = session.post(f"{punctual.url(SANDBOX)}/v2/users/me/meetings", json=body, timeout=10)
            answer.raise_for_status()

        make()
        return [timed(make) for _ in range(count)]


def _token(punctual: Punctual) -> str:
    """Authorize the app for a Zoom user of our own."""
    back = f"{punctual.url()}/oauth/zoom/callback"
    asked = {"response_type": "code", "client_id": punctual.secret("zoom-client-id"), "redirect_uri": back}
    form = asked | {"decision": "allow", "email": f"direct.{secrets.token_hex(4)}@example.com"}
    zoom = punctual.url(SANDBOX)
    allowed = requests.post(f"{zoom}/oauth/authorize", data=form, allow_redirects=False, timeout=10)
    [code] = parse_qs(urlsplit(allowed.headers["Location"]).query)["code"]
    app = f"{punctual.secret('zoom-client-id')}:{punctual.secret('zoom-client-secret')}"
    headers = {"Authorization": f"Basic {base64.b64encode(app.encode()).decode()}"}
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": back}
    given: dict[str, Any] = requests.post(f"{zoom}/oauth/token", data=grant, headers=headers, timeout=10).json()
    return str(given["access_token"])
