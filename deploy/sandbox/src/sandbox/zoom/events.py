"""What Zoom tells the app: each event's body, put into the queue in the transaction of the change.

Bodies look like Zoom's: keys in varying order, raw UTF-8 beside escaped, ids as numbers or strings.
"""

import json
import random
import secrets
import sqlite3
from datetime import UTC
from typing import Any

from sandbox import faults
from sandbox.context import Sandbox, zulu
from sandbox.zoom import tokens
from sandbox.zoom.meetings import Change

URL_VALIDATION = "endpoint.url_validation"


def meeting_created(db: sqlite3.Connection, box: Sandbox, host: sqlite3.Row, meeting: sqlite3.Row) -> None:
    """Echo a create of ours."""
    _of_meeting(db, box, "meeting.created", host, facts=_facts(meeting), extra={"operation": "all"}, echo=True)


def meeting_updated(db: sqlite3.Connection, box: Sandbox, host: sqlite3.Row, change: Change, *, echo: bool) -> None:
    """Say which fields changed, with their old values. Nothing changed, nothing said."""
    if not change.new:
        return
    same = {"id": change.meeting["id"], "uuid": change.meeting["uuid"]}
    extra = {"scope": "single", "time_stamp": int(box.now() * 1000), "old_object": same | change.old}
    _of_meeting(
        db, box, "meeting.updated", host, facts=same | {"host_id": host["id"]} | change.new, extra=extra, echo=echo
    )


def meeting_deleted(
    db: sqlite3.Connection, box: Sandbox, host: sqlite3.Row, meeting: sqlite3.Row, *, echo: bool
) -> None:
    """Say that a meeting is in the trash."""
    extra = {"operation": "all"}
    _of_meeting(db, box, "meeting.deleted", host, facts=_facts(meeting) | {"occurrences": []}, extra=extra, echo=echo)


def meeting_recovered(db: sqlite3.Connection, box: Sandbox, host: sqlite3.Row, meeting: sqlite3.Row) -> None:
    """Say that a meeting came back from the trash."""
    _of_meeting(
        db,
        box,
        "meeting.recovered",
        host,
        facts=_facts(meeting) | {"occurrences": []},
        extra={"operation": "all"},
        echo=False,
    )


def meeting_started(db: sqlite3.Connection, box: Sandbox, host: sqlite3.Row, meeting: sqlite3.Row) -> None:
    """Say that somebody opened the meeting. Here the id is a string."""
    facts = _facts(meeting) | {"id": str(meeting["id"])}
    _of_meeting(db, box, "meeting.started", host, facts=facts, extra={}, echo=False)


def meeting_ended(db: sqlite3.Connection, box: Sandbox, host: sqlite3.Row, meeting: sqlite3.Row) -> None:
    """Say that it is over; the duration stays the planned one."""
    facts = _facts(meeting) | {"id": str(meeting["id"]), "end_time": zulu(box.now())}
    _of_meeting(db, box, "meeting.ended", host, facts=facts, extra={}, echo=False)


def app_deauthorized(
    db: sqlite3.Connection,
    box: Sandbox,
    user: sqlite3.Row,
    *,
    user_data_retention: str | None = None,
    event_ts: str = "top",
) -> None:
    """Say that a user removed the app. Where `event_ts` stands differs: top, payload, text (in the payload), none."""
    at = box.clock().astimezone(UTC)
    payload = {
        "account_id": user["account_id"],
        "user_id": user["id"],
        "client_id": box.settings.zoom_client_id,
        "deauthorization_time": at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z",
        "signature": secrets.token_hex(32),
    }
    if user_data_retention is not None:
        payload["user_data_retention"] = user_data_retention
    body: dict[str, Any] = {"event": "app_deauthorized", "payload": payload}
    milliseconds = int(at.timestamp() * 1000)
    if event_ts == "top":
        body["event_ts"] = milliseconds
    elif event_ts == "payload":
        payload["event_ts"] = milliseconds
    elif event_ts == "text":
        payload["event_ts"] = at.strftime("%Y-%m-%d %H:%M:%S")
    _enqueue(db, box, "app_deauthorized", user["id"], body)


def url_validation(db: sqlite3.Connection, box: Sandbox) -> None:
    """Ask the app to prove that it knows the secret, whatever else is switched off."""
    body = {
        "event": URL_VALIDATION,
        "event_ts": int(box.now() * 1000),
        "payload": {"plainToken": secrets.token_urlsafe(16)},
    }
    _enqueue(db, box, URL_VALIDATION, "endpoint", body)


def written(body: dict[str, Any], chance: random.Random) -> bytes:
    """Serialize as Zoom does: no spaces, any key order, every second special character escaped."""
    text = json.dumps(_shuffled(body, chance), ensure_ascii=False, separators=(",", ":"))
    pieces, special = [], 0
    for sign in text:
        if ord(sign) > 127:  # noqa: PLR2004 - beyond ASCII
            special += 1
            pieces.append(json.dumps(sign)[1:-1] if special % 2 else sign)
        else:
            pieces.append(sign)
    return "".join(pieces).encode()


def _facts(meeting: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": meeting["id"],
        "uuid": meeting["uuid"],
        "host_id": meeting["host_id"],
        "topic": meeting["topic"],
        "type": meeting["type"],
        "start_time": zulu(meeting["start_at"]),
        "duration": meeting["duration"],
        "timezone": meeting["timezone"],
    }


def _of_meeting(
    db: sqlite3.Connection,
    box: Sandbox,
    event: str,
    host: sqlite3.Row,
    *,
    facts: dict[str, Any],
    extra: dict[str, Any],
    echo: bool,
) -> None:
    """Only hosts who have the app are spoken of."""
    rules = faults.webhooks(db)
    if not tokens.has_app(db, host["id"]) or (echo and rules.echoes is False):
        return
    if rules.ids is not None:
        facts = facts | {"id": str(facts["id"]) if rules.ids == "string" else int(facts["id"])}
    payload = {"account_id": host["account_id"], "object": facts, **extra}
    if extra:
        payload |= {"operator": host["email"], "operator_id": host["id"]}
    body = {"event": event, "event_ts": int(box.now() * 1000), "payload": payload}
    _enqueue(db, box, event, str(facts["id"]), body)


def _enqueue(db: sqlite3.Connection, box: Sandbox, event: str, subject: str, body: dict[str, Any]) -> None:
    rules = faults.webhooks(db)
    if event != URL_VALIDATION and (rules.off or (rules.only is not None and event not in rules.only)):
        return
    now = box.now()
    raw = written(body, box.random)
    for _ in range(1 + (rules.duplicates or 0)):
        last = int(db.execute("SELECT coalesce(max(id), 0) FROM webhooks").fetchone()[0])
        held = (rules.reorder or 0) if last % 2 == 0 else 0
        db.execute(
            "INSERT INTO webhooks (event, subject, body, state, created_at, next_attempt_at) VALUES (?, ?, ?, ?, ?, ?)",
            (event, subject, raw, "waiting", now, now + (rules.delay or 0) + held),
        )


def _shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        names = list(value)
        chance.shuffle(names)
        return {name: _shuffled(value[name], chance) for name in names}
    if isinstance(value, list):
        return [_shuffled(one, chance) for one in value]
    return value
