"""What the connector is told by its environment."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, FilePath, ValidationInfo, field_validator, model_validator

from shared import settings
from shared.settings import Common, WebUrl

SERVICE = "zoom-connector"
ZOOM_OAUTH_URL = "https://zoom.us"
ZOOM_API_URL = "https://api.zoom.us/v2"
NOT_POSTED = "-"


def _web_url_or_nothing(value: str) -> str:
    if value == NOT_POSTED:
        return ""
    if not value.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://, or be empty")
    return value


def _mount(value: str) -> str:
    if not value.strip("/"):
        raise ValueError("must name a mount")
    return value.strip("/")


class Settings(Common):
    """The connector's settings; each field is an environment variable in lower case."""

    data: Path
    zoom_client_id: str = Field(min_length=1)
    zoom_client_secret: str = Field(min_length=1, repr=False)
    zoom_webhook_secret: str = Field(min_length=1, repr=False)
    zoom_oauth_url: WebUrl = ZOOM_OAUTH_URL
    zoom_token_url: WebUrl | None = None
    """Where the connector itself reaches `/oauth/token` and `/oauth/revoke`, if not under the browsers' address."""
    zoom_api_url: WebUrl = ZOOM_API_URL
    zoom_compliance_url: Annotated[str, AfterValidator(_web_url_or_nothing)]
    """Empty: the erasing of a removed connection is not confirmed to Zoom."""
    zoom_calls_per_second: int = Field(default=4, ge=1, le=1000)
    """So many calls of one host's account; Zoom takes four of a free one, thirty of a paid one."""
    vault_addr: WebUrl | None = None
    """Without it, tokens are kept in the embedded store under DATA."""
    vault_mount: Annotated[str, AfterValidator(_mount)] = "secret"
    vault_namespace: str = ""
    vault_cacert: FilePath | None = None
    """Authorities to trust for `https://`, in PEM; without it those of the machine."""
    vault_role_id: str = ""
    vault_secret_id: str = Field(default="", repr=False, validate_default=True)
    vault_token: str = Field(default="", repr=False, validate_default=True)
    """Not used where there is a role, which gives each process a token of its own."""

    @property
    def redirect_uri(self) -> str:
        """The address to which Zoom sends browsers back; it stands in the Zoom app, letter for letter."""
        return f"{self.public_url}/oauth/zoom/callback"

    @field_validator("vault_secret_id")
    @classmethod
    def _confirm_the_role_is_whole(cls, value: str, info: ValidationInfo) -> str:
        role_id = info.data.get("vault_role_id")
        if role_id and not value:
            raise ValueError("is missing beside VAULT_ROLE_ID")
        if value and not role_id:
            raise ValueError("is set without VAULT_ROLE_ID")
        return value

    @field_validator("vault_token")
    @classmethod
    def _confirm_vault_will_know_us(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("vault_addr") and not value and info.data.get("vault_secret_id") == "":
            raise ValueError("is missing beside VAULT_ADDR, or VAULT_ROLE_ID and VAULT_SECRET_ID")
        return value

    @model_validator(mode="before")
    @classmethod
    def _confirm_where_the_api_is(cls, values: dict[str, Any]) -> dict[str, Any]:
        api = urlsplit(str(values.get("zoom_api_url", ZOOM_API_URL)))
        return {"zoom_compliance_url": f"{api.scheme}://{api.netloc}/oauth/data/compliance"} | values


def load(environ: Mapping[str, str]) -> Settings:
    """Read the settings, or end the process with one line that names every bad one."""
    given = dict(environ)
    # Elsewhere empty means not set; here it says that nothing is to be posted.
    if given.get("ZOOM_COMPLIANCE_URL") == "":
        given["ZOOM_COMPLIANCE_URL"] = NOT_POSTED
    return settings.load(Settings, given, service=SERVICE)
