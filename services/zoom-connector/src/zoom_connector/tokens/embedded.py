"""The token store of a machine without Vault: one SQLite file of AES-GCM ciphertexts, the key in a file beside it."""

import json
import os
import secrets
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from zoom_connector.tokens import Stored, TokenConflictError, Tokens, TokenStoreUnavailableError, TokensUnreadableError

KEY_BYTES = 32
NONCE_BYTES = 12
BUSY_SECONDS = 10.0
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS tokens"
    " (host_id TEXT PRIMARY KEY, version INTEGER NOT NULL, nonce BLOB NOT NULL, sealed BLOB NOT NULL)"
)


class EmbeddedTokenStore:
    """Keeps tokens under `folder`. Each call opens the file anew, so forks, threads and processes may share it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "tokens.sqlite3"
        try:
            self._key = _key(folder / "tokens.key", may_make=not self._path.exists())
            # The file is private before anything is written into it.
            self._path.touch(mode=0o600)
            self._path.chmod(0o600)
            with self._open() as db:
                db.execute(SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise TokenStoreUnavailableError(f"tokens.sqlite3 can't be opened: {type(error).__name__}") from error

    def read(self, host_id: str) -> Stored | None:
        """Give a host's tokens, or None when there are none."""
        with self._open("BEGIN") as db:
            row = db.execute("SELECT version, nonce, sealed FROM tokens WHERE host_id = ?", (host_id,)).fetchone()
        if row is None:
            return None
        version, nonce, sealed = row
        return Stored(self._unseal(host_id, nonce, sealed), version)

    def write(self, host_id: str, tokens: Tokens, *, expected: int) -> int:
        """Store tokens over version `expected` and give the new version."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        row = {
            "host_id": host_id,
            "expected": expected,
            "version": expected + 1,
            "nonce": nonce,
            "sealed": AESGCM(self._key).encrypt(nonce, _to_bytes(tokens), _bound_to(host_id)),
        }
        statement = (
            "UPDATE tokens SET version = :version, nonce = :nonce, sealed = :sealed"
            " WHERE host_id = :host_id AND version = :expected"
            if expected
            else "INSERT INTO tokens (host_id, version, nonce, sealed) VALUES (:host_id, :version, :nonce, :sealed)"
            " ON CONFLICT DO NOTHING"
        )
        with self._open() as db:
            changed = db.execute(statement, row).rowcount
        if changed != 1:
            raise TokenConflictError(host_id)
        return expected + 1

    def destroy(self, host_id: str) -> None:
        """Erase a host's row, and overwrite with zeros where it lay."""
        with self._open() as db:
            db.execute("DELETE FROM tokens WHERE host_id = ?", (host_id,))

    def ping(self) -> None:
        """Raise `TokenStoreUnavailableError` when tokens could not be read now."""
        with self._open("BEGIN") as db:
            row = db.execute("SELECT host_id, nonce, sealed FROM tokens LIMIT 1").fetchone()
        if row is not None:
            self._unseal(*row)

    def close(self) -> None:
        """Nothing is held between calls."""

    @contextmanager
    def _open(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
        try:
            db = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
            try:
                # No write-ahead log: after each commit the file is all there is, and what was deleted is zeros.
                db.execute("PRAGMA journal_mode = DELETE")
                db.execute("PRAGMA secure_delete = ON")
                db.execute("PRAGMA synchronous = FULL")
                db.execute(begin)
                yield db
                db.execute("COMMIT")
            finally:
                db.close()
        except sqlite3.Error as error:
            raise TokenStoreUnavailableError(f"tokens.sqlite3 can't be used: {type(error).__name__}") from error

    def _unseal(self, host_id: str, nonce: bytes, sealed: bytes) -> Tokens:
        try:
            opened = json.loads(AESGCM(self._key).decrypt(nonce, sealed, _bound_to(host_id)))
        except (InvalidTag, ValueError) as error:
            raise TokensUnreadableError("tokens.key does not open what tokens.sqlite3 holds") from error
        return Tokens(
            access_token=opened["access_token"],
            refresh_token=opened["refresh_token"],
            expires_at=datetime.fromisoformat(opened["expires_at"]),
            refreshed_at=datetime.fromisoformat(opened["refreshed_at"]),
        )


def _to_bytes(tokens: Tokens) -> bytes:
    return json.dumps(
        {
            "access_token": tokens.access_token,
            "refresh_token": tokens.refresh_token,
            "expires_at": tokens.expires_at.isoformat(),
            "refreshed_at": tokens.refreshed_at.isoformat(),
        }
    ).encode()


def _bound_to(host_id: str) -> bytes:
    """Name whose tokens they are, so that one host's row can't be put in another's place."""
    return f"punctual/tokens/1/{host_id}".encode()


def _key(path: Path, *, may_make: bool) -> bytes:
    if may_make and not path.exists():
        _make_key(path)
    try:
        key = path.read_bytes()
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError as error:
        raise TokenStoreUnavailableError("tokens.key is missing, and tokens.sqlite3 needs it") from error
    if mode & 0o077:
        raise TokenStoreUnavailableError(f"tokens.key must be its owner's alone (mode 0600, not {mode:04o})")
    if len(key) != KEY_BYTES:
        raise TokenStoreUnavailableError(f"tokens.key must hold {KEY_BYTES} bytes")
    return key


def _make_key(path: Path) -> None:
    """Make the key whole or not at all: two processes may start at once, and one may die half-way."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, never replaces the key that somebody else has just made.
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
