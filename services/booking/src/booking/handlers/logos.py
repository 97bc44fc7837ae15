"""The picture on a host's public page."""

import hashlib
from dataclasses import replace

from booking import storage
from booking.bookings import Host, Refused, missing
from booking.handlers.desk import Desk, require_host
from booking.storage import Logo

PNG, JPEG, WEBP = "image/png", "image/jpeg", "image/webp"
MEDIA_TYPES = (PNG, JPEG, WEBP)
MOST_BYTES = 48 * 1024


def set_logo(desk: Desk, host_id: str, media_type: str, content: bytes) -> Host:
    """Show another picture. What it is, its first bytes say; an SVG is none, because it can hold scripts."""
    if media_type not in MEDIA_TYPES or _media_type(content) != media_type:
        raise Refused("not_an_image", "invalid", "The logo must be a PNG, JPEG or WebP image, sent as what it is.")
    return _replace(desk, host_id, Logo(hashlib.sha256(content).hexdigest()[:16], media_type, content))


def drop_logo(desk: Desk, host_id: str) -> None:
    """Show no picture any more."""
    _replace(desk, host_id, None)


def logo(desk: Desk, handle: str) -> Logo:
    """Read the picture of the host with a handle."""
    with desk.database.read() as tx:
        found = storage.logo(tx, handle)
    if found is None:
        raise missing("logo")
    return found


def _replace(desk: Desk, host_id: str, logo: Logo | None) -> Host:
    with desk.database.write() as tx:
        changed = replace(require_host(tx, host_id, lock=True), logo=logo.version if logo else None)
        storage.replace_logo(tx, host_id, logo)
        storage.save_host(tx, changed)
        return changed


def _media_type(content: bytes) -> str | None:
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if content.startswith(b"\xff\xd8\xff"):
        return JPEG
    return WEBP if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None
