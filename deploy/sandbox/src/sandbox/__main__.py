"""`python -m sandbox`: one process, until SIGTERM or Ctrl-C."""

import os
import signal
import sys
import threading
from types import FrameType

from sandbox import bootstrap, settings


def main() -> int:
    """Run until told to stop."""
    try:
        running = bootstrap.start(settings.load(os.environ))
    except (settings.SettingsError, bootstrap.PortTaken, OSError) as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 2
    stop = threading.Event()

    def told(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, told)
    signal.signal(signal.SIGINT, told)
    sys.stderr.write(f"sandbox listens at {running.url} (mail on port {running.smtp_port})\n")
    stop.wait()
    running.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
