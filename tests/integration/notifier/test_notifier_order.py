"""Events in any order and any number, mail servers in any mood: the same mails come in the end, each once."""

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from integration.notifier.office import Office, booked, canceled, moved, settings_for
from integration.notifier.postbox import Got, Postbox, postbox
from notifier.deliveries import FIRSTS
from notifier.settings import Settings
from shared.events import (
    BookingCanceled,
    BookingCreated,
    BookingRescheduled,
    Event,
    MeetingFailed,
    MeetingReady,
    MeetingRemoved,
    MeetingUnavailable,
)
from unit.notifier.notifier_facts import BOOKING, LINK

ABOUT = {"booking_id": BOOKING, "host_id": "h1"}
ADDRESSES = {"client": "joerg@example.net", "host": "ada@example.com"}


def ready(version: int, revision: int) -> MeetingReady:
    return MeetingReady(**ABOUT, booking_version=version, revision=revision, join_url=LINK)


STORIES: dict[str, list[Event]] = {
    "kept": [
        booked(),
        MeetingUnavailable(**ABOUT, booking_version=1, revision=1, reason="x"),
        ready(1, 2),
        moved(2),
        ready(2, 3),
    ],
    "canceled": [
        booked(),
        ready(1, 1),
        moved(2),
        canceled(3),
        MeetingRemoved(**ABOUT, booking_version=3, revision=2, cause="canceled"),
    ],
    "refused": [booked(), MeetingFailed(**ABOUT, booking_version=1, revision=1, code="3161", reason="Not licensed.")],
}


@dataclass
class Step:
    """Something that happens: an event comes (again), time passes, mail is sent, the server's mood changes."""

    name: str
    do: Callable[[Office, Postbox, list[Event]], None]

    def __repr__(self) -> str:
        return self.name


def _hear(number: int) -> Step:
    return Step(f"hear {number}", lambda office, _, story: office.hear(story[number % len(story)]))


def _turn(seconds: float) -> Step:
    return Step(f"wait {seconds} s", lambda office, *_: office.clock.turn(seconds))


def _refuse(office: Office, box: Postbox, story: list[Event]) -> None:
    del office, story
    box.answers["RCPT"] = lambda _: "451 later"


SEND = Step("send", lambda office, *_: office.send())
STEPS = st.one_of(
    st.integers(0, 4).map(_hear),
    st.sampled_from([0.5, 5.0, 16.0]).map(_turn),
    st.just(SEND),
    st.just(Step("die", lambda office, *_: office.claim_and_die())),
    st.just(Step("refuse", _refuse)),
    st.just(Step("mend", lambda _office, box, _story: box.mend())),
)


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a database that is migrated and empty."""
    folder = Path(tmp_path_factory.mktemp("blank"))
    Office(settings_for(folder, "smtp://127.0.0.1:1")).close()
    return folder / "notifier.sqlite3"


@pytest.fixture(scope="module")
def shared_box() -> Iterator[Postbox]:
    with postbox() as running:
        yield running


def version_of(got: Got) -> int:
    """Tell the version that a mail is about by the day of its appointment."""
    days = re.findall(r"(\d+) December", re.sub(r"(?s)(Old time|Told before).*?\(.*?\)", "", got.text))
    return min(int(day) for day in days)


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(sorted(STORIES)), st.lists(STEPS, max_size=14), st.permutations(range(5)))
@example("kept", [_hear(0), _hear(2), _hear(3), SEND], [4, 1, 0, 2, 3])
@example("canceled", [_hear(3), SEND, _hear(2), SEND, _turn(16), SEND], [0, 1, 2, 3, 4])
def test_any_order_of_events_ends_in_the_same_mails(
    blank: Path, shared_box: Postbox, name: str, steps: list[Step], rest: list[int]
) -> None:
    story, box = STORIES[name], shared_box
    box.mend()
    box.got.clear()
    folder = blank.parent / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copy(blank, folder)
    office = Listener(settings_for(folder, box.url), box)
    for step in [*steps, *(_hear(number) for number in rest)]:
        step.do(office, box, story)
    box.mend()
    for _ in range(4):
        office.wait_and_send(41)
    check_that_all_is_told(story, office, box)
    for address in ADDRESSES.values():
        check_that_all_was_true(office, address, in_order=not any(step.name == "die" for step in steps))
    office.close()


class Listener(Office):
    """Notes how many mails were out when it first heard of each version and of each version's link."""

    def __init__(self, settings: Settings, box: Postbox) -> None:
        super().__init__(settings, migrate=False)
        self.box = box
        self.versions: dict[int, int] = {}
        self.links: dict[int, int] = {}

    def hear(self, *events: Event) -> None:
        for event in events:
            if isinstance(event, (BookingCreated, BookingRescheduled, BookingCanceled)):
                self.versions.setdefault(event.booking.version, len(self.box.got))
            elif isinstance(event, MeetingReady):
                self.links.setdefault(event.booking_version, len(self.box.got))
        super().hear(*events)


def check_that_all_is_told(story: list[Event], office: Office, box: Postbox) -> None:
    """No version went out twice, the last one did, nothing is left over, and in the end all know what holds.

    A version that was overtaken before its mail went out is told by the newer one's mail, and nobody is told of a move
    from a time that nobody gave.
    """
    assert {row.state for row in office.rows()} == {"sent"}
    assert all(row.next_attempt_at is None and row.lease is None for row in office.rows())
    assert office.parked() == 0
    assert set(Counter(got.mail["Message-ID"] for got in box.got).values()) == {1}
    changes = sum(event.type.startswith("booking.") for event in story)
    for recipient, address in ADDRESSES.items():
        firsts = {row.version: row.kind for row in office.rows() if row.recipient == recipient and row.kind in FIRSTS}
        assert len(firsts) == sum(row.recipient == recipient and row.kind in FIRSTS for row in office.rows())
        assert max(firsts) == changes
        assert ("rescheduled" in firsts[min(firsts)]) is False
        assert all("confirmation" not in kind for version, kind in firsts.items() if version > min(firsts))
        holding = [got for got in box.to(address) if version_of(got) == changes]
        assert any(LINK in got.text for got in holding) == (story[-1].type == "meeting.ready")
        if story[-1].type == "meeting.removed":
            assert "canceled" in str(holding[-1].mail["Subject"]).lower()


def check_that_all_was_true(office: Listener, address: str, *, in_order: bool) -> None:
    """No mail gave a link that did not hold without the next one saying so, and none came after a newer one."""
    told = [(number, version_of(got), got) for number, got in enumerate(office.box.got) if got.recipient == address]
    for number, version, got in told:
        newer_known = [v for v, heard in office.versions.items() if v > version and heard <= number]
        if LINK in got.text:
            # A meeting that follows a later version is this version's meeting, too.
            assert min(heard for v, heard in office.links.items() if v >= version) <= number
            # A mail that nothing held back any more leaves before the newer one, and never without it.
            assert not newer_known or any(v > version and later > number for later, v, _ in told)
        # What a killed worker held may have gone out: its repeat is the only mail that may come after a newer one.
        assert not (in_order and any(v > version and earlier < number for earlier, v, _ in told))
