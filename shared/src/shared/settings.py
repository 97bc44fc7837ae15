"""Settings come from the environment, are checked once at start, and every bad one is named in one line."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FilePath, ValidationError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from shared.logs import LogFormat

EXIT_BAD_SETTINGS = 2


def _database_url(value: str) -> str:
    try:
        url = make_url(value)
    except ArgumentError as error:
        raise ValueError("is no SQLAlchemy URL") from error
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise ValueError("must begin with sqlite: or postgresql:")
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    return url.render_as_string(hide_password=False)


def _web_url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return value.rstrip("/")


def _broker_url(value: str) -> str:
    if value and not value.startswith(("amqp://", "amqps://")):
        raise ValueError("must begin with amqp:// or amqps://")
    return value


DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
WebUrl = Annotated[str, AfterValidator(_web_url)]
"""An http or https address without a slash at its end."""
BrokerUrl = Annotated[str, AfterValidator(_broker_url)]
"""An AMQP address, or empty for the embedded bus."""
Key = Annotated[str, Field(min_length=32)]


class Common(BaseModel):
    """What every service is told. Fields are the environment's names in lower case."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    database_url: DatabaseUrl
    public_url: WebUrl
    service_key: Key
    broker_url: BrokerUrl = ""
    broker_ca_file: FilePath | None = None
    """Authorities to trust for `amqps://`, in PEM; without it those of the machine."""
    data: Path | None = None
    log_format: LogFormat = "console"
    bind: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)
    threads: int = Field(default=8, ge=1, le=200)
    pulse: Path | None = None
    """A file that a worker touches each second in which none of its loops is stuck."""


Settings = TypeVar("Settings", bound=Common)


def load(model: type[Settings], environ: Mapping[str, str], *, service: str) -> Settings:
    """Read the settings of `service` or end the process with one line that names every bad one.

    Where `NAME` is not set, `NAME_FILE` names a file that holds the value: how containers are told secrets.
    `BOOKING_DATABASE_URL` wins over `DATABASE_URL`; without either, the database is a file under `DATA`.
    """
    try:
        values: dict[str, Any] = {name: value for name in model.model_fields if (value := _given(environ, name))}
        own = _given(environ, f"{service.replace('-', '_')}_database_url")
    except OSError as error:
        sys.stderr.write(f"{service}: bad settings: {error.filename} can't be read: {error.strerror}\n")
        raise SystemExit(EXIT_BAD_SETTINGS) from None
    if own:
        values["database_url"] = own
    elif "database_url" not in values and "data" in values:
        values["database_url"] = f"sqlite:///{Path(values['data']).absolute() / service}.sqlite3"
    try:
        settings = model.model_validate(values)
    except ValidationError as error:
        bad = "; ".join(_sentence(e) for e in error.errors(include_input=False, include_url=False))
        sys.stderr.write(f"{service}: bad settings: {bad}\n")
        raise SystemExit(EXIT_BAD_SETTINGS) from None
    if not settings.broker_url and settings.data is None:
        sys.stderr.write(f"{service}: bad settings: BROKER_URL is missing (or DATA, for the embedded bus)\n")
        raise SystemExit(EXIT_BAD_SETTINGS)
    return settings


def _given(environ: Mapping[str, str], name: str) -> str:
    variable = name.upper()
    path = environ.get(f"{variable}_FILE")
    if environ.get(variable) or not path:
        return environ.get(variable, "")
    return Path(path).read_text(encoding="utf-8", errors="replace").strip()


def _sentence(error: Any) -> str:
    name = str(error["loc"][0]).upper() if error["loc"] else "the settings"
    if error["type"] == "missing":
        return f"{name} is missing"
    return f"{name} {error['msg'].removeprefix('Value error, ')}"
