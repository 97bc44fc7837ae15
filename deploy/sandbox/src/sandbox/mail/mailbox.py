"""Mail that arrived: parsed once, kept whole, listed newest last."""

import email
import email.policy
import json
import sqlite3
from email.message import EmailMessage
from typing import Any

from sandbox.context import zulu


def keep(db: sqlite3.Connection, sender: str, recipients: list[str], raw: bytes, now: float) -> int:
    """Store one mail as it came."""
    document = parsed(raw) | {"envelope_from": sender, "to": recipients, "received_at": zulu(now)}
    # What a client sent in no charset at all becomes question marks, so that every page can show it.
    written = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace").decode()
    row = db.execute(
        "INSERT INTO mail (recipients, document, raw, received_at) VALUES (?, ?, ?, ?) RETURNING id",
        (json.dumps([one.lower() for one in recipients]), written, raw, now),
    ).fetchone()
    return int(row["id"])


def listed(db: sqlite3.Connection, to: str | None = None) -> list[dict[str, Any]]:
    """List mails, newest last; only those to one recipient if asked."""
    rows = db.execute(
        "SELECT id, document FROM mail WHERE :to IS NULL OR EXISTS"
        " (SELECT 1 FROM json_each(mail.recipients) WHERE value = :to) ORDER BY id",
        {"to": to and to.lower()},
    ).fetchall()
    return [{"id": row["id"], **json.loads(row["document"])} for row in rows]


def one(db: sqlite3.Connection, mail_id: int) -> dict[str, Any] | None:
    """Give one mail."""
    row = db.execute("SELECT id, document FROM mail WHERE id = ?", (mail_id,)).fetchone()
    return None if row is None else {"id": row["id"], **json.loads(row["document"])}


def raw(db: sqlite3.Connection, mail_id: int) -> bytes | None:
    """Give one mail byte for byte."""
    row = db.execute("SELECT raw FROM mail WHERE id = ?", (mail_id,)).fetchone()
    return None if row is None else bytes(row["raw"])


def parsed(content: bytes) -> dict[str, Any]:
    """Take a mail apart."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    if not isinstance(message, EmailMessage):
        raise TypeError("the default policy makes an EmailMessage")
    headers: dict[str, str] = {}
    for name, value in message.items():
        headers[name] = f"{headers[name]}\n{value}" if name in headers else str(value)
    return {
        "from": str(message.get("From", "")),
        "subject": str(message.get("Subject", "")),
        "message_id": str(message.get("Message-ID", "")),
        "date": str(message.get("Date", "")),
        "text": _body(message, "plain"),
        "html": _body(message, "html"),
        "headers": headers,
        "calendar": _calendar(message),
        "attachments": [file for part in message.walk() if (file := part.get_filename())],
        "raw_size": len(content),
    }


def _body(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body(preferencelist=(kind,))
    return None if part is None else _text(part).replace("\r\n", "\n")


def _calendar(message: EmailMessage) -> dict[str, Any] | None:
    """Give the invitation: the inline part if there is one, else an attached file."""
    parts = [part for part in message.walk() if part.get_content_type() in {"text/calendar", "application/ics"}]
    inline = [part for part in parts if not part.is_attachment()]
    for part in (inline or parts)[:1]:
        body = _text(part)
        inside = [line.partition(":")[2].strip() for line in body.splitlines() if line.upper().startswith("METHOD:")]
        return {"method": part.get_param("method") or next(iter(inside), None), "body": body}
    return None


def _text(part: Any) -> str:
    body = part.get_payload(decode=True) or b""
    charset = part.get_content_charset() or "utf-8"
    try:
        return str(body.decode(charset, "replace"))
    except LookupError:
        return str(body.decode("utf-8", "replace"))
