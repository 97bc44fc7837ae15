"""Runs the gateway: `python -m gateway api|worker|migrate`."""

import os
import sys

from gateway.settings import Settings
from shared import logs, migrations
from shared.settings import load

COMMANDS = ("api", "worker", "migrate")
EXIT_BAD_COMMAND = 2


def main(arguments: list[str]) -> int:
    """Do what the one argument says; give the exit code."""
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        sys.stderr.write(f"usage: python -m gateway {'|'.join(COMMANDS)}\n")
        return EXIT_BAD_COMMAND
    settings = load(Settings, os.environ, service="gateway")
    logs.configure("gateway", settings.log_format)
    if arguments[0] == "migrate":
        migrations.migrate(settings.database_url, "gateway")
        return 0
    from gateway import bootstrap  # noqa: PLC0415 - a migration needs none of it, and importing it takes a second

    if arguments[0] == "worker":
        bootstrap.worker(settings).run(settings.pulse)
    else:
        from shared.web import serve  # noqa: PLC0415 - as above

        serve(lambda: bootstrap.app(settings), bind=settings.bind, port=settings.port, threads=settings.threads)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
