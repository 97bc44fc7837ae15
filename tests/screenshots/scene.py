"""The hosts, clients and bookings that the pictures show: one of each state that a person may meet."""

from dataclasses import dataclass
from typing import Any

from screenshots import logo
from shared.testing import eventually
from support.system import Host, System, booking

WELCOME = "I help small teams decide what to build next. Pick a time that suits you; the video link comes by itself."
KINDS: tuple[dict[str, Any], ...] = (
    {
        "slug": "deep-dive",
        "title": "Deep dive",
        "duration": 90,
        "description": "Bring a plan, leave with a better one.",
        "buffer_after": 15,
        "questions": [{"key": "topic", "label": "What is it about?", "required": True}],
    },
    {
        "slug": "office-hours",
        "title": "Office hours",
        "duration": 60,
        "description": "Open to everybody, up to five at a time.",
        "capacity": 5,
        "location": {"kind": "in_person", "provider": None, "detail": "Torstr. 12, Berlin"},
    },
    {
        "slug": "quick-call",
        "title": "Quick call",
        "duration": 15,
        "description": "One question, one answer.",
        "location": {"kind": "phone", "provider": None, "detail": "I call you"},
    },
)
CLIENTS = ("Carla Nowak", "Jonas Weber", "Amara Okafor", "Liu Yang", "Sofia Rossi", "Tom Becker", "Noor Haddad")


@dataclass(frozen=True)
class Scene:
    """What the pages' addresses are made of."""

    host: Host
    fresh: Host
    names: dict[str, str]


def build(system: System) -> Scene:
    """Sign people up and let them book."""
    host = system.host(name="Hanna Brandt", handle="hanna-brandt", email="hanna@example.com", connected=True)
    host.call("PATCH", "/me", json={"welcome_text": WELCOME, "color": "#5b3fa0", "change_cutoff": 1440})
    host.call("PUT", "/me/logo", data=logo.png(), headers={"Content-Type": "image/png"})
    for kind in KINDS:
        assert host.call("POST", "/me/session-types", json=kind).status_code == 201
    ready = [_booked(host, name, at) for at, name in enumerate(CLIENTS)]
    for one in ready:
        _reaches(system, one, "ready")
    canceled = ready.pop()
    host.call("POST", f"/me/bookings/{canceled['id']}/cancel", json={"reason": "I am at a conference that day."})
    system.fault(fault="status", status=503)
    delayed = _booked(host, "Petra Lang", 3)
    _reaches(system, delayed, "delayed")
    fresh = system.host(name="Fred Fresh", handle="fred-fresh")
    waiting = fresh.book().json()
    _reaches(system, waiting, "unavailable")
    names = {
        "handle": host.handle,
        "start": host.slots("deep-dive")[4]["start"].replace("+", "%2B"),
        "ready": ready[0]["reference"],
        "canceled": canceled["reference"],
        "delayed": delayed["reference"],
        "unavailable": waiting["reference"],
        "id": delayed["id"],
        "ready_id": ready[0]["id"],
        "type": host.call("GET", "/me/session-types").json()["items"][-1]["id"],
    }
    return Scene(host, fresh, names)


def heal(system: System, built: Scene) -> None:
    """Let Zoom be back, and the link that waited be made."""
    system.mend()
    built.host.call("POST", f"/me/bookings/{built.names['id']}/retry")
    _reaches(system, {"reference": built.names["delayed"]}, "ready")


def _booked(host: Host, name: str, day: int) -> dict[str, Any]:
    starts = [slot["start"] for slot in host.slots()]
    days = sorted({start[:10] for start in starts})
    start = next(start for start in starts[day % 5 :] if start[:10] == days[day % len(days)])
    client = {"name": name, "email": f"{name.split(maxsplit=1)[0].lower()}@example.org", "timezone": "America/New_York"}
    made = host.book(start, body={"client": client, "notes": "Looking forward to it."})
    assert made.status_code == 201, made.text
    return dict(made.json())


def _reaches(system: System, one: dict[str, Any], state: str) -> None:
    eventually(lambda: booking(system, one["reference"])["video"]["state"] == state, timeout=90)
