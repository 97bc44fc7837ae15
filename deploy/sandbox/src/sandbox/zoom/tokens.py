"""Codes, grants and tokens: what lives how long, what kills what. A grant is one user's consent until it ends."""

import base64
import hashlib
import secrets
import sqlite3

from sandbox import faults
from sandbox.zoom.errors import ApiError, TokenError

CODE_LIFE = 5 * 60
ACCESS_LIFE = 3600
REFRESH_LIFE = 90 * 86_400

INVALID_TOKEN = "Invalid Token!"  # noqa: S105 - what Zoom says


def scopes_offered(db: sqlite3.Connection, default: tuple[str, ...]) -> list[str]:
    """Give the scopes that a consent grants now."""
    chosen = faults.newest(db, faults.Scopes)
    return list(default) if chosen is None else list(chosen.granted)


def new_code(
    db: sqlite3.Connection, user_id: str, redirect_uri: str, *, challenge: str | None, scopes: list[str], now: float
) -> str:
    """Make a code that works once within five minutes."""
    code = secrets.token_urlsafe(24)
    db.execute(
        "INSERT INTO codes (code, user_id, redirect_uri, challenge, scopes, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        (code, user_id, redirect_uri, challenge, " ".join(sorted(scopes)), now + CODE_LIFE),
    )
    return code


def exchange(
    db: sqlite3.Connection, code: str, redirect_uri: str, verifier: str | None, now: float
) -> dict[str, object]:
    """Trade a code for tokens. The user's earlier grant ends here, with all its tokens."""
    row = db.execute("SELECT * FROM codes WHERE code = ?", (code,)).fetchone()
    if row is None or row["used_at"] is not None:
        raise TokenError("invalid_grant", "Invalid authorization code")
    if row["expires_at"] <= now:
        raise TokenError("invalid_grant", "Authorization code expired")
    if row["redirect_uri"] != redirect_uri:
        raise TokenError("invalid_grant", "Redirect URI mismatch")
    if row["challenge"] is not None and row["challenge"] != s256(verifier or ""):
        raise TokenError("invalid_grant", "Invalid code verifier")
    db.execute("UPDATE codes SET used_at = ? WHERE code = ?", (now, code))
    end_grants(db, row["user_id"], now, spare_codes=True)
    grant = db.execute(
        "INSERT INTO grants (user_id, scopes, created_at) VALUES (?, ?, ?) RETURNING *",
        (row["user_id"], row["scopes"], now),
    ).fetchone()
    return _pair(db, grant, now)


def refresh(db: sqlite3.Connection, token: str, now: float) -> dict[str, object]:
    """Rotate: a new pair, and every earlier refresh token of the grant is superseded."""
    row = db.execute(
        "SELECT tokens.*, grants.ended_at FROM tokens JOIN grants ON grants.id = grant_id"
        " WHERE token = ? AND kind = 'refresh'",
        (token,),
    ).fetchone()
    grace = faults.newest(db, faults.Rotation)
    if (
        row is None
        or row["ended_at"] is not None
        or row["expires_at"] <= now
        or (row["superseded_at"] is not None and now >= row["superseded_at"] + (grace.grace if grace else 0))
    ):
        raise TokenError("invalid_grant", INVALID_TOKEN)
    db.execute(
        "UPDATE tokens SET superseded_at = ? WHERE grant_id = ? AND kind = 'refresh' AND superseded_at IS NULL",
        (now, row["grant_id"]),
    )
    grant = db.execute("SELECT * FROM grants WHERE id = ?", (row["grant_id"],)).fetchone()
    return _pair(db, grant, now)


def revoke(db: sqlite3.Connection, token: str, now: float, *, lenient: bool) -> sqlite3.Row:
    """End the grant behind an access token; gives the user. Only `lenient` takes an expired or a refresh token."""
    row = _with_user(db, token)
    usable = row is not None and row["ended_at"] is None
    if row is None or not usable or not (lenient or (row["kind"] == "access" and row["expires_at"] > now)):
        raise TokenError("invalid_request", INVALID_TOKEN)
    end_grants(db, row["user_id"], now)
    user: sqlite3.Row = db.execute("SELECT * FROM users WHERE id = ?", (row["user_id"],)).fetchone()
    return user


def end_grants(db: sqlite3.Connection, user_id: str, now: float, *, spare_codes: bool = False) -> int:
    """Uninstall the app for this user: tokens die, and unused codes unless a new consent is the reason."""
    if not spare_codes:
        db.execute("UPDATE codes SET used_at = ? WHERE user_id = ? AND used_at IS NULL", (now, user_id))
    return db.execute("UPDATE grants SET ended_at = ? WHERE user_id = ? AND ended_at IS NULL", (now, user_id)).rowcount


def bearer(db: sqlite3.Connection, token: str | None, now: float) -> sqlite3.Row:
    """Give the live access token with its user and scopes. Raises 401/124."""
    row = _with_user(db, token or "")
    if row is None or row["kind"] != "access" or row["ended_at"] is not None:
        raise ApiError(401, 124, "Invalid access token.")
    if row["expires_at"] <= now:
        raise ApiError(401, 124, "Access token is expired.")
    return row


def holder(db: sqlite3.Connection, *secrets_shown: str | None) -> sqlite3.Row | None:
    """Whose token or code this is, dead or alive: for the log and for faults set on one user."""
    for shown in secrets_shown:
        row: sqlite3.Row | None = db.execute(
            "SELECT * FROM users WHERE id IN (SELECT user_id FROM codes WHERE code = :shown UNION"
            " SELECT user_id FROM grants JOIN tokens ON grant_id = grants.id WHERE token = :shown)",
            {"shown": shown},
        ).fetchone()
        if row is not None:
            return row
    return None


def latest_user(db: sqlite3.Connection) -> str | None:
    """Give the id of who consented last and still has the app."""
    row = db.execute("SELECT user_id FROM grants WHERE ended_at IS NULL ORDER BY id DESC LIMIT 1").fetchone()
    return None if row is None else str(row["user_id"])


def has_app(db: sqlite3.Connection, user_id: str) -> bool:
    """Whether the app is installed for this user."""
    found = db.execute("SELECT 1 FROM grants WHERE user_id = ? AND ended_at IS NULL", (user_id,)).fetchone()
    return found is not None


def expire(db: sqlite3.Connection, now: float, *, user_id: str | None, refresh_too: bool) -> int:
    """Let tokens be expired from now on; gives how many."""
    return db.execute(
        "UPDATE tokens SET expires_at = :now WHERE expires_at > :now AND (kind = 'access' OR :both) AND"
        " (:user IS NULL OR grant_id IN (SELECT id FROM grants WHERE user_id = :user))",
        {"now": now, "both": refresh_too, "user": user_id},
    ).rowcount


def replace_scopes(db: sqlite3.Connection, scopes: list[str]) -> None:
    """Change what everybody who has the app has granted, as an administrator may."""
    db.execute("UPDATE grants SET scopes = ? WHERE ended_at IS NULL", (" ".join(sorted(scopes)),))


def s256(verifier: str) -> str:
    """Give the challenge that belongs to a PKCE verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _with_user(db: sqlite3.Connection, token: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT tokens.*, grants.user_id, grants.scopes, grants.ended_at"
        " FROM tokens JOIN grants ON grants.id = grant_id WHERE token = ?",
        (token,),
    ).fetchone()
    return row


def _pair(db: sqlite3.Connection, grant: sqlite3.Row, now: float) -> dict[str, object]:
    # As long as Zoom's, in three parts: a column that is too narrow shows here.
    access, renewal = (".".join(secrets.token_urlsafe(size) for size in (45, 360, 64)) for _ in range(2))
    db.executemany(
        "INSERT INTO tokens (token, grant_id, kind, expires_at) VALUES (?, ?, ?, ?)",
        [(access, grant["id"], "access", now + ACCESS_LIFE), (renewal, grant["id"], "refresh", now + REFRESH_LIFE)],
    )
    return {
        "access_token": access,
        "token_type": "bearer",
        "refresh_token": renewal,
        "expires_in": ACCESS_LIFE,
        "scope": grant["scopes"],
    }
