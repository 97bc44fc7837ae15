"""What the simulation puts in place of the world: time, death, the bus, Zoom and the mail server."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from threading import Event as Flag
from typing import Literal, Self

from notifier.mail.server import Outcome
from shared.bus import BusUnavailableError, Deliver, topology
from shared.events.envelope import Message
from zoom_connector.meetings import Made, Wanted
from zoom_connector.zoom.errors import LimitedError, MeetingGoneError, NotSentError, UnsureError

BEGINNING = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class Killed(BaseException):
    """The process is gone at this line: nothing after it runs, and nothing may catch it."""


@dataclass
class SimulatedClock:
    """A clock that stands until the simulation turns it."""

    now: datetime = BEGINNING

    def __call__(self) -> datetime:
        return self.now


@dataclass
class MachineClock:
    """One machine's clock: it may be ahead of the simulation's, or behind, and be set by somebody."""

    true: SimulatedClock
    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return self.true() + self.ahead


@dataclass
class Executioner:
    """Kills whoever comes to the place that it waits at."""

    place: str | None = None
    kills: int = 0

    def __call__(self, place: str) -> None:
        if place == self.place:
            self.place = None
            self.kills += 1
            raise Killed(place)


@dataclass
class SimulatedBus:
    """Queues in memory. Who delivers, what, when and how often is up to the simulation."""

    crash: Executioner
    up: bool = True
    queues: dict[str, list[Message]] = field(default_factory=lambda: defaultdict(list))
    carried: list[Message] = field(default_factory=list)

    def publish(self, messages: Sequence[Message]) -> set[str]:
        self.crash("relay before publish")
        if not self.up:
            raise BusUnavailableError("broken by the simulation")
        for message in messages:
            self.carried.append(message)
            for queue in topology.listeners(message.type):
                self.queues[queue].append(message)
        self.crash("relay after publish")
        return {message.id for message in messages}

    def run(self, _queue: str, _deliver: Deliver, _stop: Flag) -> None:
        raise AssertionError("the simulation delivers by itself")

    def ping(self) -> None:
        return None

    def close(self) -> None:
        return None


ZoomMode = Literal["ok", "unreachable", "lost before", "lost after", "failing after", "limited"]


@dataclass
class SimulatedZoom:
    """One host's Zoom account. It checks by itself that it is never asked to make a meeting twice."""

    clock: SimulatedClock
    mode: ZoomMode = "ok"
    meetings: dict[int, tuple[Wanted, Made]] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)
    """Markers of creates whose end the connector can't know and has not looked for since."""
    _last: int = 80_000_000_000

    def __call__(self, _host_id: str) -> Self:
        return self

    def create(self, wanted: Wanted) -> Made:
        assert wanted.marker not in self.doubtful, "a second create without a look between"
        assert self.of(wanted.marker) == [], "a second meeting"
        self._refuse()
        # Until the answer has been stored, the connector may die and never know.
        self.doubtful.add(wanted.marker)
        if self.mode == "lost before":
            raise UnsureError("no answer")
        self._last += 1
        made = Made(
            self._last, f"https://zoom.example/j/{self._last}", "123", wanted.start, wanted.duration, wanted.topic
        )
        self.meetings[made.id] = (wanted, made)
        self._lose()
        return made

    def update(self, meeting_id: int, wanted: Wanted, *, renamed: bool) -> None:
        self._refuse()
        if meeting_id not in self.meetings:
            raise MeetingGoneError
        if self.mode != "lost before":
            made = self.meetings[meeting_id][1]
            topic = wanted.topic if renamed else made.topic
            changed = replace(made, start=wanted.start, duration=wanted.duration, topic=topic)
            self.meetings[meeting_id] = (wanted, changed)
        self._lose()

    def read(self, meeting_id: int) -> Made:
        self._refuse()
        if self.mode != "ok":
            raise UnsureError("no answer")
        if meeting_id not in self.meetings:
            raise MeetingGoneError
        return self.meetings[meeting_id][1]

    def scheduled(self) -> dict[int, datetime | None]:
        self._refuse()
        if self.mode != "ok":
            raise UnsureError("no answer")
        return {made.id: made.start for _, made in self.meetings.values()}

    def move_as_host(self, meeting_id: int, start: datetime) -> None:
        """Let the host move a meeting in Zoom itself."""
        wanted, made = self.meetings[meeting_id]
        self.meetings[meeting_id] = (wanted, replace(made, start=start))

    def delete_as_host(self, meeting_id: int) -> None:
        """Let the host delete a meeting in Zoom itself."""
        del self.meetings[meeting_id]

    def delete(self, meeting_id: int) -> None:
        self._refuse()
        if meeting_id not in self.meetings:
            raise MeetingGoneError
        if self.mode != "lost before":
            del self.meetings[meeting_id]
        self._lose()

    def find(self, marker: str, around: datetime) -> list[Made]:
        self._refuse()
        if self.mode != "ok":
            raise UnsureError("no answer")
        self.doubtful.discard(marker)
        reach = timedelta(days=1)
        return [made for made in self.of(marker) if made.start and abs(made.start - around) <= reach]

    def of(self, marker: str) -> list[Made]:
        """List the meetings that a booking has."""
        return [made for wanted, made in self.meetings.values() if wanted.marker == marker]

    def _refuse(self) -> None:
        if self.mode == "unreachable":
            raise NotSentError("no connection")
        if self.mode == "limited":
            raise LimitedError("second", self.clock() + timedelta(seconds=2))

    def _lose(self) -> None:
        if self.mode in ("lost before", "lost after"):
            raise UnsureError("no answer")
        if self.mode == "failing after":
            raise UnsureError("a 502", answered=True)


PostMode = Literal["ok", "down", "later", "lost after"]


@dataclass
class SimulatedPost:
    """The mail server and everybody's mailbox."""

    crash: Executioner
    mode: PostMode = "ok"
    mails: list[EmailMessage] = field(default_factory=list)
    repeats_allowed: int = 0

    def __call__(self) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def send(self, mail: EmailMessage, *, sender: str, recipient: str) -> Outcome:
        del sender, recipient
        self.crash("before mail")
        if self.mode in ("down", "later"):
            return Outcome("later", f"the server is {self.mode}")
        self.mails.append(mail)
        if self.mode == "lost after":
            self.repeats_allowed += 1
            return Outcome("later", "the connection to the mail server broke")
        try:
            self.crash("after mail")
        except Killed:
            self.repeats_allowed += 1
            raise
        return Outcome("sent")
