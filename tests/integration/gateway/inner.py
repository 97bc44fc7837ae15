"""The three inner services as the gateway sees them: real sockets, the contract's shapes, every call recorded."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, Response, request
from werkzeug.serving import make_server

from shared import signing
from shared.clock import system

KEY = "service-key-of-the-tests-0123456789abcdef"
BERLIN = ZoneInfo("Europe/Berlin")

Answer = tuple[int, Any]
"""Status and body: JSON, a calendar in bytes, or anything else as `Raw`."""


@dataclass(frozen=True)
class Call:
    """One call as it came in."""

    service: str
    method: str
    path: str
    query: str
    subject: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Raw:
    """A body that is no JSON, whole or in pieces, with its headers."""

    content: bytes | Iterator[bytes]
    headers: dict[str, str]


def problem(status: int, code: str, detail: str = "No.", **extra: Any) -> Answer:
    """Make a refusal as `shared.web` does."""
    return status, {"type": "about:blank", "title": code, "status": status, "detail": detail, "code": code, **extra}


@dataclass
class Inner:
    """What the services know, and what a test tells them to say instead."""

    urls: dict[str, str] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    said: dict[tuple[str, str], Answer | Callable[[Call], Answer]] = field(default_factory=dict)
    hosts: dict[str, dict[str, Any]] = field(default_factory=dict)
    bookings: dict[str, dict[str, Any]] = field(default_factory=dict)
    connected: bool = False
    ready: bool = True
    refuse_hosts: Callable[[Call], Answer] | None = None

    def say(self, method: str, path: str, answer: Answer | Callable[[Call], Answer]) -> None:
        """Answer a call with this from now on."""
        self.said[method, path] = answer

    def asked(self, method: str, path: str) -> list[Call]:
        """Give the calls of this kind, oldest first."""
        return [call for call in self.calls if (call.method, call.path) == (method, path)]

    def forget(self) -> None:
        """Begin afresh for the next test."""
        self.calls.clear()
        self.said.clear()
        self.connected = False
        self.ready = True
        self.refuse_hosts = None

    def answer(self, call: Call) -> Answer:
        said = self.said.get((call.method, call.path))
        if said is not None:
            return said(call) if callable(said) else said
        parts = call.path.strip("/").split("/")
        for method, pattern, view in VIEWS:
            found = _match(pattern, parts) if method == call.method else None
            if found is not None:
                return view(self, call, *found)
        return problem(404, "not_found")


def _match(pattern: str, parts: list[str]) -> list[str] | None:
    wanted = pattern.strip("/").split("/")
    if len(wanted) != len(parts):
        return None
    if any(w not in ("*", p) for w, p in zip(wanted, parts, strict=True)):
        return None
    return [p for w, p in zip(wanted, parts, strict=True) if w == "*"]


def session_type(slug: str = "intro", **fields: Any) -> dict[str, Any]:
    """Make a session type in the contract's shape."""
    return {
        "id": f"type-{slug}",
        "slug": slug,
        "title": "Introduction",
        "description": "A first talk.",
        "duration": 30,
        "location": {"kind": "video", "provider": "zoom", "detail": None},
        "buffer_before": 0,
        "buffer_after": 0,
        "min_notice": 60,
        "horizon": 60,
        "slot_step": 30,
        "max_per_day": None,
        "capacity": 1,
        "questions": [{"key": "topic", "label": "What is it about?", "required": False}],
        "color": None,
        "active": True,
        **fields,
    }


def _make_host(inner: Inner, call: Call, host_id: str) -> Answer:
    if inner.refuse_hosts:
        return inner.refuse_hosts(call)
    wanted = call.json()
    for other in inner.hosts.values():
        if other["handle"] == wanted["handle"] and other["id"] != host_id:
            return problem(409, "handle_taken", "This handle is taken.")
    known = host_id in inner.hosts
    inner.hosts.setdefault(
        host_id,
        {
            "id": host_id,
            **wanted,
            "default_video_provider": "zoom",
            "welcome_text": "Welcome.",
            "color": "#0b6e4f",
            "calendar_feed": f"http://gateway.test/api/v1/me/calendar.ics?key={host_id}",
        },
    )
    return 200 if known else 201, inner.hosts[host_id]


def _me(inner: Inner, call: Call) -> Answer:
    return 200, inner.hosts[call.subject]


def _change_me(inner: Inner, call: Call) -> Answer:
    inner.hosts[call.subject] |= call.json()
    return 200, inner.hosts[call.subject]


def _change_email(inner: Inner, call: Call) -> Answer:
    inner.hosts[call.subject]["email"] = call.json()["email"]
    return 200, inner.hosts[call.subject]


def _remove_me(inner: Inner, call: Call) -> Answer:
    inner.hosts.pop(call.subject)
    return 204, b""


def _public(inner: Inner, _call: Call, handle: str) -> Answer:
    for host in inner.hosts.values():
        if host["handle"] == handle:
            shown = {name: host[name] for name in ("name", "handle", "welcome_text", "color", "timezone")}
            return 200, {**shown, "session_types": [session_type()]}
    return problem(404, "no_such_host", "There is no host with this handle.")


def _slots(_inner: Inner, call: Call, _handle: str, slug: str) -> Answer:
    if slug != "intro":
        return problem(404, "no_such_session_type", "There is no such session.")
    query = dict(pair.split("=", 1) for pair in call.query.split("&"))
    zone = ZoneInfo(query["timezone"].replace("%2F", "/"))
    day, last = date.fromisoformat(query["from"]), date.fromisoformat(query["to"])
    slots = []
    while day <= last:
        for hour in (9, 10, 14) if day.weekday() < 5 and day > system().date() else ():
            start = datetime.combine(day, time(hour), BERLIN).astimezone(zone)
            end = start + timedelta(minutes=30)
            slots.append({"start": start.isoformat(), "end": end.isoformat(), "seats_left": 1})
        day += timedelta(days=1)
    return 200, {"timezone": zone.key, "slots": slots}


def _slots_to_move_to(inner: Inner, call: Call, key: str) -> Answer:
    found = _of(inner, call, key)
    if found is None:
        return problem(404, "no_such_booking")
    return _slots(inner, call, "", str(found["session_type"]["slug"]))


def booking(inner: Inner, host: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Make a booking of a host and keep it."""
    number = len(inner.bookings) + 1
    start = datetime.combine(system().date() + timedelta(days=3), time(9), BERLIN)
    made = {
        "id": f"booking-{number}",
        "reference": f"reference-of-booking-{number}-xyz",
        "status": "confirmed",
        "start": start.isoformat(),
        "end": (start + timedelta(minutes=30)).isoformat(),
        "version": 1,
        "session_type": {"slug": "intro", "title": "Introduction", "duration": 30},
        "host": {"name": host["name"], "handle": host["handle"], "timezone": host["timezone"]},
        "client": {"name": "Carl", "email": "carl@example.org", "timezone": "Europe/Berlin"},
        "notes": "",
        "answers": {},
        "questions": [{"key": "topic", "label": "What is it about?", "required": False}],
        "location": {"kind": "video", "provider": "zoom", "detail": None},
        "video": {"provider": "zoom", "state": "pending", "join_url": None, "passcode": None},
        "canceled_by": None,
        "cancel_reason": None,
        "created_at": system().isoformat(),
        **fields,
    }
    made["links"] = {
        "page": f"/bookings/{made['reference']}",
        "calendar": f"/api/v1/bookings/{made['reference']}/calendar.ics",
    }
    inner.bookings[str(made["id"])] = made
    return made


def _book(inner: Inner, call: Call, handle: str, _slug: str) -> Answer:
    host = next(h for h in inner.hosts.values() if h["handle"] == handle)
    wanted = call.json()
    start = datetime.fromisoformat(wanted["start"])
    end = (start + timedelta(minutes=30)).isoformat()
    shown = {name: wanted.get(name) for name in ("start", "client", "notes", "answers")}
    return 201, booking(inner, host, end=end, **shown)


def _of(inner: Inner, call: Call, key: str) -> dict[str, Any] | None:
    own = call.path.startswith("/me/")
    return next((b for b in inner.bookings.values() if b["id" if own else "reference"] == key), None)


def _booking(inner: Inner, call: Call, key: str) -> Answer:
    found = _of(inner, call, key)
    if found is None:
        return problem(404, "no_such_booking", "There is no such booking.")
    line = {"at": found["created_at"], "type": "booking.created", "text": "Carl booked.", "detail": None}
    return 200, {**found, "timeline": [line]} if call.path.startswith("/me/") else found


def _reschedule(inner: Inner, call: Call, key: str) -> Answer:
    found = _of(inner, call, key)
    if found is None:
        return problem(404, "no_such_booking")
    found |= {"start": call.json()["start"], "version": found["version"] + 1}
    return 200, found


def _cancel(inner: Inner, call: Call, key: str) -> Answer:
    found = _of(inner, call, key)
    if found is None:
        return problem(404, "no_such_booking")
    by = "host" if call.path.startswith("/me/") else "client"
    reason = call.json().get("reason") if call.body else None
    found |= {"status": "canceled", "canceled_by": by, "cancel_reason": reason}
    found["video"] = {"provider": "zoom", "state": "removed", "join_url": None, "passcode": None}
    return 200, found


def _bookings(inner: Inner, _call: Call) -> Answer:
    return 200, {"items": list(inner.bookings.values()), "next_cursor": None}


def _availability(inner: Inner, call: Call) -> Answer:
    days = ("monday", "tuesday", "wednesday", "thursday", "friday")
    weekly = [{"weekday": day, "start": "09:00", "end": "17:00"} for day in days]
    return 200, {"timezone": inner.hosts[call.subject]["timezone"], "weekly": weekly, "overrides": []}


def _slots_of_type(_inner: Inner, call: Call, _type_id: str) -> Answer:
    timezone = "" if "timezone=" in call.query else "&timezone=Europe/Berlin"
    return _slots(_inner, replace(call, query=call.query + timezone), "", "intro")


def _book_for_client(inner: Inner, call: Call) -> Answer:
    wanted = call.json()
    end = (datetime.fromisoformat(wanted["start"]) + timedelta(minutes=30)).isoformat()
    shown = {name: wanted[name] for name in ("start", "client", "notes", "answers")}
    return 201, booking(inner, inner.hosts[call.subject], end=end, **shown)


def _renew_feed(inner: Inner, call: Call) -> Answer:
    feed = "http://gateway.test/api/v1/me/calendar.ics?key=renewed"
    inner.hosts[call.subject]["calendar_feed"] = feed
    return 200, {"calendar_feed": feed}


def _keep_logo(inner: Inner, call: Call) -> Answer:
    inner.hosts[call.subject]["logo"] = "v1" if call.method == "PUT" else None
    return (200, inner.hosts[call.subject]) if call.method == "PUT" else (204, b"")


def _connection(inner: Inner, _call: Call) -> Answer:
    status = "connected" if inner.connected else "disconnected"
    return 200, {
        "status": status,
        "account_email": "hanna@zoom.example" if inner.connected else None,
        "scopes": ["user:read:user"] if inner.connected else [],
        "connected_at": system().isoformat() if inner.connected else None,
        "reason": None,
        "pending_bookings": 0,
    }


def _callback(inner: Inner, call: Call) -> Answer:
    inner.connected = True
    return _connection(inner, call)


def _authorize(inner: Inner, _call: Call) -> Answer:
    return 201, {"authorize_url": f"{inner.urls['zoom-connector']}/oauth/authorize?state=fresh"}


def _readiness(inner: Inner) -> Answer:
    if inner.ready:
        return 200, {"status": "ready", "checks": {"database": "ok"}}
    failed = "failed: DatabaseUnavailableError: PostgreSQL at 127.0.0.1:5432 refuses"
    return 503, {"status": "not_ready", "checks": {"database": failed, "events": "ok"}}


def _echo(_inner: Inner, call: Call, *_segments: str) -> Answer:
    return 200, json.loads(call.body) if call.body else {}


VIEWS: tuple[tuple[str, str, Callable[..., Answer]], ...] = (
    ("PUT", "/hosts/*", _make_host),
    ("GET", "/me", _me),
    ("PATCH", "/me", _change_me),
    ("PUT", "/me/email", _change_email),
    ("DELETE", "/me", _remove_me),
    ("GET", "/hosts/*", _public),
    ("GET", "/hosts/*/session-types/*/slots", _slots),
    ("POST", "/hosts/*/session-types/*/bookings", _book),
    ("GET", "/bookings/*", _booking),
    ("GET", "/bookings/*/slots", _slots_to_move_to),
    ("GET", "/me/bookings/*/slots", _slots_to_move_to),
    ("POST", "/bookings/*/reschedule", _reschedule),
    ("POST", "/bookings/*/cancel", _cancel),
    ("GET", "/bookings/*/calendar.ics", lambda *_: (200, b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")),
    ("GET", "/me/calendar.ics", lambda *_: (200, b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")),
    ("GET", "/me/bookings", _bookings),
    ("GET", "/me/bookings/*", _booking),
    ("POST", "/me/bookings/*/reschedule", _reschedule),
    ("POST", "/me/bookings/*/cancel", _cancel),
    ("POST", "/me/bookings/*/retry", lambda *_: (202, {})),
    ("GET", "/me/bookings/*/deliveries", lambda *_: (200, {"items": []})),
    ("POST", "/me/bookings", _book_for_client),
    ("GET", "/me/bookings.csv", lambda *_: (200, b"start,client\r\n")),
    ("POST", "/me/bookings/*/accept", lambda *_: (202, {})),
    ("POST", "/me/calendar-feed", _renew_feed),
    ("PUT", "/me/logo", _keep_logo),
    ("DELETE", "/me/logo", _keep_logo),
    ("GET", "/me/session-types/*/slots", _slots_of_type),
    ("GET", "/me/session-types/*/why", lambda *_: (200, {"offered": False, "rule": "notice", "text": "Too late."})),
    ("POST", "/me/connections/zoom/check", _connection),
    ("GET", "/me/availability", _availability),
    ("PUT", "/me/availability", _echo),
    ("GET", "/me/session-types", lambda *_: (200, {"items": [session_type()], "next_cursor": None})),
    ("POST", "/me/session-types", lambda _i, call: (201, session_type(**call.json()))),
    ("GET", "/me/session-types/*", lambda *_: (200, session_type())),
    ("PATCH", "/me/session-types/*", lambda _i, call, _id: (200, session_type(**call.json()))),
    ("DELETE", "/me/session-types/*", lambda *_: (204, b"")),
    ("GET", "/me/connections/zoom", _connection),
    ("POST", "/me/connections/zoom", _authorize),
    ("DELETE", "/me/connections/zoom", lambda *_: (200, {"receipt": "receipt-1"})),
    ("GET", "/me/connections/zoom/receipts", lambda *_: (200, {"items": [], "next_cursor": None})),
    ("POST", "/me/connections/zoom/callback", _callback),
    ("POST", "/webhooks/zoom", lambda *_: (200, {"plainToken": "x"})),
    ("GET", "/readyz", lambda inner, _call: _readiness(inner)),
    (
        "GET",
        "/openapi/openapi.json",
        lambda _i, call: (200, openapi(call.service)),
    ),
)


def openapi(service: str) -> dict[str, Any]:
    """Describe a little of a service, as flask-openapi3 would."""
    ref = {"$ref": "#/components/schemas/Thing"}
    paths = {"booking": "/me/session-types/{type_id}", "zoom-connector": "/me/connections/zoom", "notifier": "/x"}
    content = {"application/json": {"schema": ref}}
    operation = {"summary": f"Of {service}", "responses": {"200": {"description": "ok", "content": content}}}
    schemas = {"Thing": {"type": "object", "title": service, "properties": {"name": {"type": "string"}}}}
    if service == "booking":
        schemas |= {name: {"type": "object"} for name in ("HostView", "BookingWithTimelineView")}
    return {
        "openapi": "3.1.0",
        "paths": {paths[service]: {"get": operation}},
        "components": {"schemas": schemas},
    }


def serve(inner: Inner, service: str) -> Callable[[], None]:
    """Serve one service on a port of its own; give what stops it."""
    app = Flask(service)

    @app.route("/", defaults={"path": ""}, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    @app.route("/<path:path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def any_call(path: str) -> Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        subject = signing.verify(KEY, token, audience=service, now=system())
        query = request.query_string.decode()
        headers = {name.lower(): value for name, value in request.headers}
        call = Call(service, request.method, f"/{path}", query, subject, headers, request.get_data())
        inner.calls.append(call)
        status, body = inner.answer(call)
        if isinstance(body, bytes):
            body = Raw(body, {"Content-Type": "text/calendar; charset=utf-8"})
        if isinstance(body, Raw):
            return Response(body.content, status, headers=body.headers)
        kind = "application/problem+json" if status >= 400 else "application/json"
        return Response(json.dumps(body), status, content_type=kind)

    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    inner.urls[service] = f"http://127.0.0.1:{server.server_port}"
    return server.shutdown
