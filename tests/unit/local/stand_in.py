"""Stands in for every process of a run, so that the runner's tests take seconds.

Answers like an api, waits like a worker, ends like a migration. What it should do otherwise is in its variables:
STAND_IN_DIES, STAND_IN_STUBBORN (process names) and STAND_IN_MIGRATION (seconds).
"""

import http.server
import json
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

PACKAGE = Path(sys.argv[0]).parent.name
ROLE = sys.argv[1] if len(sys.argv) > 1 else ""
NAME = "-".join([PACKAGE.replace("_", "-"), *sys.argv[1:]])
DATA = Path(os.environ["DATA"])
DEMO = DATA / "demo-host.json"


class Api(http.server.BaseHTTPRequestHandler):
    """Is ready, and knows one host once it was made."""

    def do_GET(self) -> None:
        found = self.path == "/readyz" or (self.path == "/api/v1/hosts/demo" and DEMO.exists())
        self.answer(200 if found else 404)

    def do_POST(self) -> None:
        host = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with DEMO.open("a", encoding="utf-8") as file:
            file.write(json.dumps(host) + "\n")
        self.answer(201)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


def ended(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def main() -> None:
    if os.environ.get("STAND_IN_STUBBORN") == NAME:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, ended)
    (DATA / f"{NAME}.json").write_text(json.dumps(dict(os.environ)), encoding="utf-8")
    if os.environ.get("STAND_IN_DIES") == NAME:
        sys.stderr.write(f"[error    ] why {NAME} dies\n")
        sys.exit(3)
    if ROLE == "migrate":
        time.sleep(float(os.environ.get("STAND_IN_MIGRATION", "0")))
    elif ROLE == "worker":
        while True:
            signal.pause()
    else:
        http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Api).serve_forever()


main()
