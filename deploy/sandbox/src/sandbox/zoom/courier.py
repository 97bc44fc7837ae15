"""Carries the queued events to the app: signed, in the background, retried after 5, 20 and 60 minutes.

The events of one meeting go one after the other, those of different meetings beside each other.
"""

import hashlib
import hmac
import json
import secrets
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import requests

from sandbox import faults
from sandbox.context import Sandbox
from sandbox.zoom import events

RETRY_AFTER = (5 * 60, 20 * 60, 60 * 60)
VALIDATE_EVERY = 72 * 3600
CONNECT_WITHIN, ANSWER_WITHIN = 1, 3
AT_ONCE = 8


@dataclass(frozen=True)
class Errand:
    """One event on its way."""

    id: int
    event: str
    subject: str
    body: bytes
    attempts: int
    rules: faults.Webhooks


class Courier:
    """One thread that looks for due events and a few that carry them."""

    def __init__(self, box: Sandbox) -> None:
        self._box = box
        self._under_way: dict[int, str] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook")
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is under way may finish its three seconds, the rest waits in the queue."""
        self._box.store.committed.set()
        self._thread.join()
        self._pool.shutdown(cancel_futures=True)

    def _run(self) -> None:
        while not self._box.stopping.is_set():
            self._box.store.committed.clear()
            self._validate_again()
            for errand in self._due():
                self._pool.submit(self._carry, errand)
            # A commit wakes at once; time passing is looked at twenty times a second.
            self._box.store.committed.wait(0.05)

    def _validate_again(self) -> None:
        """Ask the endpoint to prove itself every 72 hours, once somebody has asked it for the first time."""
        box = self._box
        with box.store.reading() as db:
            row = db.execute(
                "SELECT max(created_at) FROM webhooks WHERE event = ?", (events.URL_VALIDATION,)
            ).fetchone()
        if row[0] is not None and row[0] + VALIDATE_EVERY <= box.now():
            with box.store.transaction() as db:
                events.url_validation(db, box)

    def _due(self) -> list[Errand]:
        chosen: list[Errand] = []
        with self._lock, self._box.store.reading() as db:
            rows = db.execute(
                "SELECT * FROM webhooks WHERE next_attempt_at <= ? ORDER BY next_attempt_at, id LIMIT 200",
                (self._box.now(),),
            ).fetchall()
            rules = faults.webhooks(db) if rows else None
            for row in rows:
                if rules and row["id"] not in self._under_way and row["subject"] not in self._under_way.values():
                    self._under_way[row["id"]] = row["subject"]
                    chosen.append(Errand(row["id"], row["event"], row["subject"], row["body"], row["attempts"], rules))
        return chosen

    def _carry(self, errand: Errand) -> None:
        try:
            self._settle(errand, *self._post(errand))
        finally:
            with self._lock:
                del self._under_way[errand.id]
            self._box.store.committed.set()

    def _settle(self, errand: Errand, result: str, done: bool, again: bool) -> None:
        box, now = self._box, self._box.now()
        last = errand.attempts >= len(RETRY_AFTER)
        with box.store.transaction() as db:
            if done or last or not again:
                _end(db, errand, "delivered" if done else "dropped", result, now)
            else:
                scale = 1 if errand.rules.scale is None else errand.rules.scale
                _wait(db, errand, result, now + RETRY_AFTER[errand.attempts] * scale)

    def _post(self, errand: Errand) -> tuple[str, bool, bool]:
        """Send once; gives the result in words, whether it arrived, and whether to try again."""
        box = self._box
        timestamp = str(int(box.now() + (errand.rules.clock_skew or 0)))
        secret = box.settings.zoom_webhook_secret + ("wrong" if errand.rules.bad_signature else "")
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "x-zm-signature": signature(secret, timestamp, errand.body),
            "x-zm-request-timestamp": timestamp,
            "x-zm-trackingid": f"WEB_{secrets.token_hex(16)}",
            "User-Agent": "Zoom Marketplace/1.0a",
        }
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.post(
                    box.settings.webhook_address,
                    data=errand.body,
                    headers=headers,
                    timeout=(CONNECT_WITHIN, ANSWER_WITHIN),
                    allow_redirects=False,
                )
        except requests.RequestException as error:
            return type(error).__name__, False, True
        if errand.event == events.URL_VALIDATION:
            return self._judge(errand, answer)
        arrived = answer.status_code in {200, 204}
        again = answer.status_code >= 500 or bool(errand.rules.retry_any)  # noqa: PLR2004 - server errors
        return str(answer.status_code), arrived, again

    def _judge(self, errand: Errand, answer: requests.Response) -> tuple[str, bool, bool]:
        plain = json.loads(errand.body)["payload"]["plainToken"]
        wanted = {
            "plainToken": plain,
            "encryptedToken": hexdigest(self._box.settings.zoom_webhook_secret, plain.encode()),
        }
        try:
            right = answer.status_code == 200 and answer.json() == wanted  # noqa: PLR2004 - nothing else counts
        except requests.JSONDecodeError:
            right = False
        return f"{answer.status_code} {'valid' if right else 'invalid'}", right, False


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Sign the raw bytes of a body."""
    return "v0=" + hexdigest(secret, b"v0:" + timestamp.encode() + b":" + body)


def hexdigest(secret: str, message: bytes) -> str:
    """Give the lowercase hex HMAC-SHA256."""
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def _end(db: sqlite3.Connection, errand: Errand, state: str, result: str, now: float) -> None:
    db.execute(
        "UPDATE webhooks SET state = ?, attempts = attempts + 1, last_result = ?, next_attempt_at = NULL, ended_at = ?"
        " WHERE id = ?",
        (state, result, now, errand.id),
    )


def _wait(db: sqlite3.Connection, errand: Errand, result: str, at: float) -> None:
    db.execute(
        "UPDATE webhooks SET attempts = attempts + 1, last_result = ?, next_attempt_at = ? WHERE id = ?",
        (result, at, errand.id),
    )
