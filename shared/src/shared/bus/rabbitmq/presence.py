"""Whether the broker is there, for one part of ours: a log line when that changes, none for each try."""

from shared import logs
from shared.bus import BusUnavailableError

log = logs.get(__name__)


class Presence:
    """Remembers what was said last. `part` is a queue, or "publish"."""

    def __init__(self, part: str) -> None:
        self._part = part
        self._said: str | None = None

    def lost(self, error: BusUnavailableError) -> None:
        """Note that the broker can't be used, and why."""
        if self._said != str(error):
            self._said = str(error)
            log.warning("broker_unavailable", part=self._part, reason=str(error))

    def found(self) -> None:
        """Note that it can be used."""
        if self._said != "":
            self._said = ""
            log.info("broker_connected", part=self._part)
