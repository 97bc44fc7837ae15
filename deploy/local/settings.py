"""What `make run` is told from outside: the variables of one machine, checked before anything is started."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

GATEWAY, BOOKING, ZOOM_CONNECTOR, NOTIFIER, SANDBOX, MAILBOX = 0, 1, 2, 3, 10, 11
"""How far above PORT each of the ports lies."""
EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound
KEY_BYTES = 32
HIGHEST_PORT = 65535
HIGHEST_RATE = 1000
HIGHEST_WAIT = 3600


class Refused(Exception):
    """The run can't begin; the text is one line for the person at the terminal."""


@dataclass(frozen=True)
class Settings:
    """One run. `given` holds the variables that were set, by name; what is not in it gets its default."""

    port: int
    data: Path
    bind: str
    public_url: str
    given: Mapping[str, str] = field(repr=False)

    def url(self, offset: int) -> str:
        """Give the address at which this machine reaches one of the processes."""
        host = self.bind if offset == GATEWAY and self.bind not in EVERYWHERE else "127.0.0.1"
        return f"http://{host}:{self.port + offset}"

    @property
    def real_zoom(self) -> bool:
        """Tell whether meetings are made in Zoom itself, with credentials that the sandbox must not see."""
        if "ZOOM_CLIENT_ID" not in self.given:
            return False
        host = urlsplit(self.given.get("ZOOM_API_URL", "https://api.zoom.us")).hostname or ""
        return host == "zoom.us" or host.endswith(".zoom.us")


def an_address(*schemes: str) -> Callable[[str], str | None]:
    """Make a check for an address with one of these schemes and a host."""

    def check(value: str) -> str | None:
        try:
            parts = urlsplit(value)
            good = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
        except ValueError:
            good = False
        return None if good else "must be an address that begins with " + " or ".join(f"{s}://" for s in schemes)

    return check


def a_database(value: str) -> str | None:
    """Check a SQLAlchemy URL; the service itself looks closer."""
    backend = value.partition("://")[0].partition("+")[0]
    return None if "://" in value and backend in {"sqlite", "postgresql"} else "must begin with sqlite: or postgresql:"


def a_key(value: str) -> str | None:
    """Check that a key is long enough to sign with."""
    return None if len(value.encode()) >= KEY_BYTES else f"must have at least {KEY_BYTES} bytes"


def seconds(value: str) -> str | None:
    """Check a number of seconds."""
    try:
        good = 0 <= float(value) <= HIGHEST_WAIT
    except ValueError:
        good = False
    return None if good else f"must be seconds from 0 to {HIGHEST_WAIT}"


def a_few(value: str) -> str | None:
    """Check a number of reverse proxies."""
    return None if value in {str(number) for number in range(11)} else "must be a number from 0 to 10"


def a_rate(value: str) -> str | None:
    """Check a number of calls a second."""
    good = value.isascii() and value.isdigit() and 1 <= int(value) <= HIGHEST_RATE
    return None if good else f"must be a number from 1 to {HIGHEST_RATE}"


def a_format(value: str) -> str | None:
    """Check a log format."""
    return None if value in {"json", "console"} else "must be json or console"


def a_sender(value: str) -> str | None:
    """Check that a sender could be one: an address, on one line."""
    return None if "@" in value and value.isprintable() else "must be a mail address"


def anything(_value: str) -> str | None:
    """Accept whatever it is."""
    return None


VARIABLES: dict[str, Callable[[str], str | None]] = {
    "BROKER_URL": an_address("amqp", "amqps"),
    "BROKER_CA_FILE": anything,
    "DATABASE_URL": a_database,
    "GATEWAY_DATABASE_URL": a_database,
    "BOOKING_DATABASE_URL": a_database,
    "ZOOM_CONNECTOR_DATABASE_URL": a_database,
    "NOTIFIER_DATABASE_URL": a_database,
    "VAULT_ADDR": an_address("http", "https"),
    "VAULT_TOKEN": anything,
    "VAULT_ROLE_ID": anything,
    "VAULT_SECRET_ID": anything,
    "VAULT_MOUNT": anything,
    "VAULT_NAMESPACE": anything,
    "VAULT_CACERT": anything,
    "SMTP_URL": an_address("smtp", "smtps", "smtp+starttls"),
    "MAIL_FROM": a_sender,
    "ZOOM_CLIENT_ID": anything,
    "ZOOM_CLIENT_SECRET": anything,
    "ZOOM_WEBHOOK_SECRET": anything,
    "ZOOM_OAUTH_URL": an_address("http", "https"),
    "ZOOM_API_URL": an_address("http", "https"),
    "ZOOM_COMPLIANCE_URL": an_address("http", "https"),
    "ZOOM_CALLS_PER_SECOND": a_rate,
    "SERVICE_KEY": a_key,
    "SECRET_KEY": a_key,
    "CONFIRMATION_WAIT": seconds,
    "LOG_FORMAT": a_format,
    "PROXIES": a_few,
}
"""Every variable that a service may be told, with its check."""
MAY_BE_EMPTY = {"ZOOM_COMPLIANCE_URL"}


def load(environ: Mapping[str, str]) -> Settings:
    """Read the environment. Raises `Refused` with one line that names every bad variable."""
    given = {
        name: environ[name] for name in VARIABLES if environ.get(name) or (name in environ and name in MAY_BE_EMPTY)
    }
    bad = [f"{name} {wrong}" for name, value in given.items() if value and (wrong := VARIABLES[name](value))]
    bad += incomplete(given)
    port = environ.get("PORT") or "8080"
    highest = HIGHEST_PORT - MAILBOX
    if not (port.isascii() and port.isdigit() and 0 < int(port) <= highest):
        bad.append(f"PORT must be a number from 1 to {highest}")
        port = "8080"
    public_url = environ.get("PUBLIC_URL") or f"http://127.0.0.1:{port}"
    if wrong := an_address("http", "https")(public_url):
        bad.append(f"PUBLIC_URL {wrong}")
    if bad:
        raise Refused("bad settings: " + "; ".join(bad))
    return Settings(
        port=int(port),
        data=Path(environ.get("DATA") or "var").expanduser().absolute(),
        bind=environ.get("BIND") or "127.0.0.1",
        public_url=public_url.rstrip("/"),
        given=given,
    )


def incomplete(given: Mapping[str, str]) -> list[str]:
    """Name what is missing beside what was given."""
    bad = []
    if "ZOOM_CLIENT_ID" in given:
        others = ("ZOOM_CLIENT_SECRET", "ZOOM_WEBHOOK_SECRET")
        bad += [f"{name} is missing beside ZOOM_CLIENT_ID" for name in others if name not in given]
    if (
        "VAULT_ADDR" in given
        and "VAULT_TOKEN" not in given
        and not {"VAULT_ROLE_ID", "VAULT_SECRET_ID"} <= given.keys()
    ):
        bad.append("VAULT_TOKEN, or VAULT_ROLE_ID and VAULT_SECRET_ID, is missing beside VAULT_ADDR")
    own = [f"{name}_DATABASE_URL" for name in ("GATEWAY", "BOOKING", "ZOOM_CONNECTOR", "NOTIFIER")]
    if "DATABASE_URL" in given and len(sharing := [name for name in own if name not in given]) > 1:
        bad.append(f"DATABASE_URL would be one database for several services, set {', '.join(sharing)} instead")
    return bad
