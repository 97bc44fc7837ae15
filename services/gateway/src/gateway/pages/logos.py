"""Where a host's logo is. Pure."""

from typing import Any
from urllib.parse import quote, urlencode


def address(host: dict[str, Any]) -> str | None:
    """Give the address of a host's logo, new with each version so that browsers may keep it; None without one."""
    version = host.get("logo")
    if not version or not host.get("handle"):
        return None
    return f"/api/v1/hosts/{quote(host['handle'], safe='')}/logo?{urlencode({'v': str(version)})}"
