"""The users of this Zoom. Every one has an account of their own; a browser that nobody knows gets a new one."""

import secrets
import sqlite3

FIRST_NAMES = ("Zoe", "Zack", "Zelda", "Zeno", "Zora", "Zygmunt", "Zita", "Zaid")
LAST_NAMES = ("Müller", "Okafor", "Nguyễn", "García", "Andersson", "Ωmega", "Rossi", "Tanaka")


def fresh(db: sqlite3.Connection, now: float) -> sqlite3.Row:
    """Make somebody who was never here before."""
    number = int(db.execute("SELECT coalesce(max(n), 0) + 1 FROM users").fetchone()[0])
    while by_email(db, f"zoe.{number}@zoom.example"):
        number += 1
    return _insert(db, f"zoe.{number}@zoom.example", now)


def with_email(db: sqlite3.Connection, email: str, now: float) -> sqlite3.Row:
    """Find the user who signs in with this address, or make one."""
    return by_email(db, email) or _insert(db, email, now)


def by_email(db: sqlite3.Connection, email: str) -> sqlite3.Row | None:
    """Find a user by e-mail address, in any case."""
    row: sqlite3.Row | None = db.execute("SELECT * FROM users WHERE email = ?", (email,)).fetchone()
    return row


def by_id(db: sqlite3.Connection, user_id: str | None) -> sqlite3.Row | None:
    """Find a user by Zoom's id."""
    row: sqlite3.Row | None = db.execute("SELECT * FROM users WHERE id = ?", (user_id,)).fetchone()
    return row


def everybody(db: sqlite3.Connection) -> list[sqlite3.Row]:
    """List the users with the scopes that they have granted, or none; oldest first."""
    return db.execute(
        "SELECT users.*, (SELECT scopes FROM grants WHERE user_id = users.id AND ended_at IS NULL) AS scopes"
        " FROM users ORDER BY n"
    ).fetchall()


def described(user: sqlite3.Row) -> dict[str, object]:
    """Answer `GET /users/me`."""
    return {
        "id": user["id"],
        "account_id": user["account_id"],
        "email": user["email"],
        "first_name": user["first_name"],
        "last_name": user["last_name"],
        "display_name": f"{user['first_name']} {user['last_name']}",
        "type": 1,
        "role_name": "Owner",
        "pmi": user["pmi"],
        "use_pmi": False,
        "timezone": user["timezone"],
        "verified": 1,
        "dept": "",
        "cluster": "us05",
        "language": "en-US",
        "status": "active",
        "login_types": [100],
    }


def _insert(db: sqlite3.Connection, email: str, now: float) -> sqlite3.Row:
    number = int(db.execute("SELECT coalesce(max(n), 0) + 1 FROM users").fetchone()[0])
    row: sqlite3.Row = db.execute(
        "INSERT INTO users (n, id, account_id, email, first_name, last_name, timezone, pmi, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
        (
            number,
            secrets.token_urlsafe(16),
            secrets.token_urlsafe(16),
            email,
            FIRST_NAMES[number % len(FIRST_NAMES)],
            LAST_NAMES[number % len(LAST_NAMES)],
            "America/Los_Angeles",
            secrets.randbelow(9_000_000_000) + 1_000_000_000,
            now,
        ),
    ).fetchone()
    return row
