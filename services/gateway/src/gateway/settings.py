"""What the gateway is told by its environment."""

from urllib.parse import urlsplit

from pydantic import Field

from shared.settings import Common, Key, WebUrl


class Settings(Common):
    """The gateway's settings; each field is an environment variable in lower case."""

    secret_key: Key
    booking_url: WebUrl
    zoom_connector_url: WebUrl
    notifier_url: WebUrl
    zoom_oauth_url: WebUrl | None = None
    """Where the connector sends browsers; forms may end there. Unknown, they may end at any site that speaks https."""
    proxies: int = Field(default=0, ge=0, le=10)
    """How many reverse proxies stand in front and set X-Forwarded-For; 0 means that the header is not believed."""

    @property
    def secure(self) -> bool:
        """Whether browsers reach us over https."""
        return self.public_url.startswith("https://")

    def cookie(self, what: str) -> str:
        """Name a cookie; browsers send a cookie to every port of a host, and two copies may run on one."""
        port = urlsplit(self.public_url).port
        return f"punctual_{what}_{port}" if port else f"punctual_{what}"
