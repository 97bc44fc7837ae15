#!/usr/local/bin/python -IS
"""Ends with 0 when the container's process does its work: /readyz for what has a PORT, the pulse for a worker."""

import os
import socket
import sys
import time

PATIENCE_SECONDS = 3
PULSE_SECONDS = 10


def ready(port: int) -> bool:
    """Ask as a client would. A socket is enough, and http.client would take most of the time that this takes."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as link:
        link.sendall(b"GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n")
        answer = b""
        while chunk := link.recv(4096):
            answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    print(body.decode(errors="replace").strip())  # noqa: T201 - `docker inspect` shows it
    return head.split(b" ")[1:2] == [b"200"]


def beats(pulse: str) -> bool:
    """Look whether the worker has touched its file lately."""
    return time.time() - os.stat(pulse).st_mtime < PULSE_SECONDS  # noqa: PTH116 - pathlib takes long to import


try:
    sys.exit(not (ready(int(os.environ["PORT"])) if "PORT" in os.environ else beats(os.environ["PULSE"])))
except OSError as error:
    sys.exit(f"not healthy: {error}")
