"""Runs the connector: `python -m zoom_connector api|worker|migrate`."""

import os
import sys

from shared import logs, migrations
from shared.settings import EXIT_BAD_SETTINGS
from zoom_connector import settings
from zoom_connector.tokens import TokenStoreUnavailableError

COMMANDS = ("api", "worker", "migrate")


def main(arguments: list[str]) -> int:
    """Do what the one argument says; give the exit code."""
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        sys.stderr.write(f"usage: python -m zoom_connector {'|'.join(COMMANDS)}\n")
        return EXIT_BAD_SETTINGS
    given = settings.load(os.environ)
    logs.configure(settings.SERVICE, given.log_format)
    if arguments[0] == "migrate":
        migrations.migrate(given.database_url, "zoom_connector")
        return 0
    from zoom_connector import bootstrap  # noqa: PLC0415 - a migration needs none of it, and importing it takes a second

    try:
        # Before gunicorn forks: a store that can't be opened has to end the start with a sentence.
        bootstrap.check_token_store(given)
    except TokenStoreUnavailableError as error:
        sys.stderr.write(f"{settings.SERVICE}: bad settings: {error}\n")
        return EXIT_BAD_SETTINGS
    if arguments[0] == "worker":
        bootstrap.worker(given).run(given.pulse)
    else:
        from shared.web import serve  # noqa: PLC0415 - as above

        serve(lambda: bootstrap.app(given), bind=given.bind, port=given.port, threads=given.threads)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
