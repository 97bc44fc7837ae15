"""Which processes are Punctual on one machine, and what each is told. Nothing is started here."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from deploy.local.keep import Keep
from deploy.local.settings import BOOKING, GATEWAY, MAILBOX, NOTIFIER, SANDBOX, ZOOM_CONNECTOR, Settings

PACKAGES = ("booking", "zoom_connector", "notifier", "gateway")
"""Each has a database of its own, brought up to date by `python -m PACKAGE migrate`."""

PORTS = {
    "gateway": GATEWAY,
    "booking": BOOKING,
    "zoom-connector": ZOOM_CONNECTOR,
    "notifier": NOTIFIER,
    "sandbox": SANDBOX,
    "sandbox's mail server": MAILBOX,
}


@dataclass(frozen=True)
class Process:
    """One process: `python -m PACKAGE [ROLE]`, its variables, and its port above PORT when it answers /readyz."""

    package: str
    role: str | None
    environment: Mapping[str, str] = field(repr=False)
    port: int | None = None

    @property
    def name(self) -> str:
        """What it is called on the terminal and in its log's file name."""
        return "-".join([self.package.replace("_", "-"), *([self.role] if self.role else [])])

    @property
    def arguments(self) -> list[str]:
        """How Python is called for it; -P keeps the folder it is started in out of its imports."""
        return ["-P", "-m", self.package, *([self.role] if self.role else [])]


def processes(settings: Settings, keep: Keep) -> list[Process]:
    """List what runs. The gateway comes last, because its readiness includes the others'."""
    told = {package: service(settings, keep, package) for package in PACKAGES}
    api = (("booking", BOOKING), ("zoom_connector", ZOOM_CONNECTOR), ("notifier", NOTIFIER), ("gateway", GATEWAY))
    return [
        Process("sandbox", None, sandbox(settings, keep), port=SANDBOX),
        *(Process(package, "worker", told[package]) for package in PACKAGES),
        *(Process(package, "api", told[package] | port(settings, offset), port=offset) for package, offset in api),
    ]


def migrations(settings: Settings, keep: Keep) -> list[Process]:
    """List what brings the databases up to date; the four don't touch each other."""
    return [Process(package, "migrate", service(settings, keep, package)) for package in PACKAGES]


def port(settings: Settings, offset: int) -> dict[str, str]:
    """Only the gateway may be bound beyond this machine."""
    return {"PORT": str(settings.port + offset), "BIND": settings.bind if offset == GATEWAY else "127.0.0.1"}


def service(settings: Settings, keep: Keep, package: str) -> dict[str, str]:
    """Tell a service what it needs and no other's secrets."""
    given = settings.given
    told = {
        "DATA": str(settings.data),
        "PUBLIC_URL": settings.public_url,
        "SERVICE_KEY": given.get("SERVICE_KEY") or keep.secret("service-key"),
        "LOG_FORMAT": given.get("LOG_FORMAT", "console"),
    } | only(given, ["BROKER_URL", "BROKER_CA_FILE", "DATABASE_URL", f"{package.upper()}_DATABASE_URL"])
    if package == "gateway":
        return (
            told
            | {
                "SECRET_KEY": given.get("SECRET_KEY") or keep.secret("secret-key"),
                "BOOKING_URL": settings.url(BOOKING),
                "ZOOM_CONNECTOR_URL": settings.url(ZOOM_CONNECTOR),
                "NOTIFIER_URL": settings.url(NOTIFIER),
                # A form that begins a consent ends at Zoom, and the pages' security policy has to name it.
                "ZOOM_OAUTH_URL": zoom(settings, keep)["ZOOM_OAUTH_URL"],
            }
            | only(given, ["PROXIES"])
        )
    if package == "zoom_connector":
        return told | zoom(settings, keep) | {name: given[name] for name in given if name.startswith("VAULT_")}
    if package == "notifier":
        return told | {
            "SMTP_URL": given.get("SMTP_URL", f"smtp://127.0.0.1:{settings.port + MAILBOX}"),
            "MAIL_FROM": given.get("MAIL_FROM", "Punctual <no-reply@localhost>"),
            "CONFIRMATION_WAIT": given.get("CONFIRMATION_WAIT", "15"),
        }
    return told


def zoom(settings: Settings, keep: Keep) -> dict[str, str]:
    """Name the Zoom that the connector talks to: the real one once there are credentials, else the sandbox."""
    given = settings.given
    own = "ZOOM_CLIENT_ID" in given
    return {
        **(only(given, CREDENTIALS) if own else made_credentials(keep) | only(given, CREDENTIALS)),
        "ZOOM_OAUTH_URL": given.get("ZOOM_OAUTH_URL", "https://zoom.us" if own else settings.url(SANDBOX)),
        "ZOOM_API_URL": given.get("ZOOM_API_URL", "https://api.zoom.us/v2" if own else f"{settings.url(SANDBOX)}/v2"),
        **only(given, ["ZOOM_COMPLIANCE_URL", "ZOOM_CALLS_PER_SECOND"]),
    }


CREDENTIALS = ("ZOOM_CLIENT_ID", "ZOOM_CLIENT_SECRET", "ZOOM_WEBHOOK_SECRET")


def made_credentials(keep: Keep) -> dict[str, str]:
    """Make the sandbox's Zoom app once."""
    return {
        "ZOOM_CLIENT_ID": keep.secret("zoom-client-id", lambda: secrets.token_urlsafe(16)),
        "ZOOM_CLIENT_SECRET": keep.secret("zoom-client-secret"),
        "ZOOM_WEBHOOK_SECRET": keep.secret("zoom-webhook-secret"),
    }


def sandbox(settings: Settings, keep: Keep) -> dict[str, str]:
    """Tell the sandbox its app's credentials, which are never those of an app in the real Zoom."""
    credentials = made_credentials(keep) if settings.real_zoom else only(zoom(settings, keep), CREDENTIALS)
    return credentials | {
        "DATA": str(settings.data),
        "PORT": str(settings.port + SANDBOX),
        "SMTP_PORT": str(settings.port + MAILBOX),
        "BIND": "127.0.0.1",
        "PUBLIC_URL": settings.public_url,
        "WEBHOOK_URL": f"{settings.url(GATEWAY)}/webhooks/zoom",
        "LOG_FORMAT": settings.given.get("LOG_FORMAT", "console"),
    }


def only(given: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Pick out the variables with these names."""
    return {name: given[name] for name in names if name in given}
