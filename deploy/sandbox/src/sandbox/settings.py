"""What the sandbox is told from outside: ports, addresses and the credentials of its one Zoom app."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


class SettingsError(Exception):
    """The environment does not make sense; the text names every bad setting."""


@dataclass(frozen=True)
class Settings:
    """One sandbox. Port 0 means any free port."""

    data: Path
    public_url: str
    zoom_client_id: str
    zoom_client_secret: str = field(repr=False)
    zoom_webhook_secret: str = field(repr=False)
    port: int = 0
    smtp_port: int = 0
    bind: str = "127.0.0.1"
    sandbox_url: str | None = None
    webhook_url: str | None = None

    @property
    def url(self) -> str:
        """The sandbox's own address, without a slash at the end."""
        host = "127.0.0.1" if self.bind in {"0.0.0.0", "::"} else self.bind  # noqa: S104 - compared, not bound
        return (self.sandbox_url or f"http://{host}:{self.port}").rstrip("/")

    @property
    def redirect_uri(self) -> str:
        """The only address that a browser is sent back to."""
        return f"{self.public_url.rstrip('/')}/oauth/zoom/callback"

    @property
    def webhook_address(self) -> str:
        """Where events go."""
        return self.webhook_url or f"{self.public_url.rstrip('/')}/webhooks/zoom"


def load(environ: Mapping[str, str]) -> Settings:
    """Read the environment, or for `NAME_FILE` the file that it names.

    Raises `SettingsError` that names every setting that is missing or malformed.
    """
    bad: list[str] = []

    def text(name: str) -> str:
        value = environ.get(name, "").strip()
        if not value and (path := environ.get(f"{name}_FILE")):
            value = Path(path).read_text(encoding="utf-8").strip()
        if not value:
            bad.append(f"{name} is missing")
        return value

    def port(name: str) -> int:
        value = text(name)
        if not value:
            return 0
        if value.isascii() and value.isdigit() and len(value) <= 5 and int(value) <= 65535:  # noqa: PLR2004 - the highest port
            return int(value)
        bad.append(f"{name} is not a port")
        return 0

    def address(name: str, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            bad.append(f"{name} is not an http address")
        return value

    settings = Settings(
        data=Path(text("DATA")),
        public_url=address("PUBLIC_URL", text("PUBLIC_URL")),
        zoom_client_id=text("ZOOM_CLIENT_ID"),
        zoom_client_secret=text("ZOOM_CLIENT_SECRET"),
        zoom_webhook_secret=text("ZOOM_WEBHOOK_SECRET"),
        port=port("PORT"),
        smtp_port=port("SMTP_PORT"),
        bind=environ.get("BIND", "").strip() or "127.0.0.1",
        sandbox_url=address("SANDBOX_URL", environ.get("SANDBOX_URL", "").strip()) or None,
        webhook_url=address("WEBHOOK_URL", environ.get("WEBHOOK_URL", "").strip()) or None,
    )
    if bad:
        raise SettingsError(", ".join(bad))
    return settings
