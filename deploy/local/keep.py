"""The folder where a run keeps all it stores: who may use it, and the secrets that are made once."""

import contextlib
import fcntl
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from deploy.local.settings import Refused


class Keep:
    """One DATA folder, held by one run at a time."""

    def __init__(self, path: Path) -> None:
        """Make and take the folder. Raises `Refused` when that can't be done."""
        self.path = path
        try:
            for folder in (path, self.logs, path / "secrets"):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(path / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise Refused(f"DATA: {error.filename or path} can't be written: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            by = os.pread(self._lock, 20, 0).decode() or "unknown"
            raise Refused(f"DATA: {path} is in use by another run of Punctual (process {by})") from None
        try:
            os.ftruncate(self._lock, 0)
            os.pwrite(self._lock, str(os.getpid()).encode(), 0)
        except OSError as error:
            raise Refused(f"DATA: {path} can't be written: {error.strerror}") from error

    @property
    def logs(self) -> Path:
        """Where each process has its log."""
        return self.path / "logs"

    def secret(self, name: str, make: Callable[[], str] = lambda: secrets.token_urlsafe(48)) -> str:
        """Return a secret, made and stored for its owner alone the first time that it is asked for."""
        path = self.path / "secrets" / name
        try:
            with contextlib.suppress(FileNotFoundError):
                return path.read_text(encoding="utf-8").strip()
            value = make()
            half = path.with_suffix(".half")
            with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(value)
                file.flush()
                os.fsync(file.fileno())
            half.replace(path)
        except OSError as error:
            raise Refused(f"DATA: {path} can't be kept: {error.strerror}") from error
        return value
