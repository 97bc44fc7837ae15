"""A window of messages on their way: which answer of the broker confirms which message, and nothing else."""

import threading
from itertools import takewhile


class Window:
    """The messages of one publish. Filled and answered by the connection's thread, waited for by another."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._unanswered: dict[int, str] = {}
        self._returned: set[str] = set()
        self._confirmed: set[str] = set()
        self._all_sent = False
        self._over = False

    def sent(self, tag: int, message_id: str) -> None:
        """Remember which message the channel's delivery tag `tag` stands for."""
        self._unanswered[tag] = message_id

    def all_sent(self) -> None:
        """Say that no more messages follow."""
        with self._changed:
            self._all_sent = True
            self._changed.notify_all()

    def returned(self, message_id: str) -> None:
        """Note that no queue wanted the message. The broker sends an ack for it all the same, after this."""
        with self._changed:
            self._returned.add(message_id)

    def answered(self, tag: int, *, multiple: bool, positive: bool) -> None:
        """Take an ack or a nack: for `tag` alone or, with `multiple`, for all up to `tag`."""
        with self._changed:
            tags = list(takewhile(lambda sent: sent <= tag, self._unanswered)) if multiple else [tag]
            for one in tags:
                message_id = self._unanswered.pop(one, None)
                if positive and not self._over and message_id is not None and message_id not in self._returned:
                    self._confirmed.add(message_id)
            self._changed.notify_all()

    def lost(self) -> None:
        """Say that the connection is gone: what has no answer yet gets none."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def wait(self, timeout: float) -> bool:
        """Wait until every message has its answer; say whether that came true in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._complete(), max(timeout, 0))
            return self._complete()

    def close(self) -> tuple[set[str], set[str]]:
        """Give the ids that are confirmed and those that came back; whatever arrives later counts for nothing."""
        with self._changed:
            self._over = True
            return set(self._confirmed), set(self._returned)

    def _complete(self) -> bool:
        return self._all_sent and not self._unanswered
