"""A logo to upload, drawn here: a circle on nothing, as a PNG."""

import struct
import zlib

SIDE = 128
COLOR = (91, 63, 160, 255)
EMPTY = (0, 0, 0, 0)


def png() -> bytes:
    """Draw it."""
    rows = b"".join(b"\0" + b"".join(bytes(_pixel(x, y)) for x in range(SIDE)) for y in range(SIDE))
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 6, 0, 0, 0)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows, 9)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _pixel(x: int, y: int) -> tuple[int, int, int, int]:
    far = ((x - SIDE / 2 + 0.5) ** 2 + (y - SIDE / 2 + 0.5) ** 2) ** 0.5 / (SIDE / 2)
    return COLOR if 0.55 < far < 0.95 or far < 0.25 else EMPTY


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
