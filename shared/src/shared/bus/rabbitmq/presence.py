"""Whether the broker is there, for one part of ours: a log line when that changes, none for each try."""

from shared import logs
from shared.bus import BusMisconfiguredError, BusUnavailableError

log = logs.get(__name__)


class Presence:
    """Remembers what was said last. `part` is a queue, or "publish"."""

    def __init__(self, part: str) -> None:
        self._part = part
        self._said: str | None = None

    def lost(self, error: BusUnavailableError) -> None:
        """Note that the broker can't be used, and why."""
        # An outage has many words: refused, reset, unreachable. What somebody has to mend is told each time it differs.
        state = str(error) if isinstance(error, BusMisconfiguredError) else "away"
        if self._said != state:
            self._said = state
            log.warning("broker_unavailable", part=self._part, reason=str(error))

    def found(self) -> None:
        """Note that it can be used."""
        if self._said != "here":
            self._said = "here"
            log.info("broker_connected", part=self._part)
