"""An example booking for the tests of the notifier, and how to say what has happened to it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from notifier.deliveries import Change, Correspondence, Delivery, Meeting, Outlook, Plan, Recipient, What, plan
from shared.events import (
    BookingFacts,
    ClientFacts,
    HostFacts,
    LocationFacts,
    QuestionFacts,
    SessionTypeFacts,
)

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
WAIT = timedelta(seconds=15)
START = datetime(2026, 12, 1, 23, 30, tzinfo=UTC)
REFERENCE = "Zm9vYmFyYmF6cXV4Zm9vYg"
BOOKING = "0b7e3d0a-4f4e-4d6d-9f1b-2f6f3b9d7c11"
LINK = "https://us02web.zoom.us/j/86012345678?pwd=Q2FsbCBtZSBJc2htYWVs.1"
PUBLIC_URL = "https://book.example.org"
ZOOM = LocationFacts(kind="video", provider="zoom")


def facts(version: int = 1, **changed: Any) -> BookingFacts:
    """Give the booking: half an hour in Berlin's night, which is London's evening before."""
    known: dict[str, Any] = {
        "id": BOOKING,
        "reference": REFERENCE,
        "version": version,
        "status": "confirmed",
        "start": START + timedelta(days=version - 1),
        "end": START + timedelta(days=version - 1, minutes=45),
        "session_type": SessionTypeFacts(id="s1", slug="intro", title="Introduction", duration=45),
        "host": HostFacts(
            id="h1", name="Ada Lovelace", email="ada@example.com", handle="ada", timezone="Europe/London"
        ),
        "client": ClientFacts(name="Jörg Müller", email="joerg@example.net", timezone="Europe/Berlin"),
        "notes": "We met in Turin.",
        "answers": {"topic": "Engines"},
        "questions": [QuestionFacts(key="topic", label="What about?")],
        "location": ZOOM,
        "created_at": NOW,
    }
    return BookingFacts(**{**known, **changed})


def change(version: int = 1, what: What = "booked", by: Recipient | None = None, **changed: Any) -> Change:
    """Give one version of the booking."""
    booking = facts(version, **changed)
    if what != "rescheduled":
        return Change(version, what, booking)
    return Change(version, what, booking, booking.start - timedelta(days=1), booking.end - timedelta(days=1), by)


def case(*changes: Change, meeting: Meeting | None = None, deliveries: tuple[Delivery, ...] = ()) -> Correspondence:
    """Give what is known after these changes."""
    return Correspondence(BOOKING, "h1", {c.version: c for c in changes}, meeting, deliveries)


def ready(version: int = 1, revision: int = 1, join_url: str = LINK) -> Meeting:
    """Give a meeting that Zoom has made."""
    return Meeting(version, revision, "ready", join_url, "424242")


def followed(known: Correspondence, now: datetime = NOW) -> Correspondence:
    """Do to the deliveries what the plan says, as the storage does."""
    return applied(known, plan(known, now=now, wait=WAIT))


def applied(known: Correspondence, planned: Plan) -> Correspondence:
    """Give what is known once `planned` has been done."""
    kept = [d for d in known.deliveries if d.id not in planned.withdrawn]
    return replace(
        known,
        deliveries=tuple(
            replace(d, next_attempt_at=planned.times.get(d.id, d.next_attempt_at)) for d in (*kept, *planned.added)
        ),
    )


def sent(known: Correspondence, kind: str, *, told: Outlook = "none", link: str | None = None) -> Correspondence:
    """Give what is known once the mail of this kind has been taken by the server."""
    return replace(
        known,
        deliveries=tuple(
            replace(d, state="sent", next_attempt_at=None, told=told, told_link=link, sent_at=NOW)
            if d.kind == kind
            else d
            for d in known.deliveries
        ),
    )


def times(known: Correspondence) -> dict[str, datetime | None]:
    """Give when each unsent mail is due, by kind."""
    return {d.kind: d.next_attempt_at for d in known.deliveries if d.state in ("queued", "retrying")}
