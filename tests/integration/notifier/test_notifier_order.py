"""Events in any order and any number, mail servers in any mood: the same mails come in the end, each once."""

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.notifier.office import Office, booked, canceled, moved, settings_for
from integration.notifier.postbox import Got, Postbox, postbox
from shared.events import Event, MeetingFailed, MeetingReady, MeetingRemoved, MeetingUnavailable
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


STEPS = st.one_of(
    st.integers(0, 4).map(_hear),
    st.sampled_from([0.5, 5.0, 16.0]).map(_turn),
    st.just(Step("send", lambda office, *_: office.send())),
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
    calendar = next((p for p in got.mail.walk() if p.get_content_type() == "text/calendar"), None)
    if calendar is None:
        return 0
    found = re.search(r"SEQUENCE:(\d+)", calendar.get_content())
    assert found
    return int(found[1]) // 10 + 1


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(STORIES)), st.lists(STEPS, max_size=14), st.permutations(range(5)))
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
    office = Office(settings_for(folder, box.url), migrate=False)
    for step in [*steps, *(_hear(number) for number in rest)]:
        step.do(office, box, story)
    box.mend()
    for _ in range(4):
        office.wait_and_send(41)
    check_what_was_told(story, office, box)
    office.close()


def check_what_was_told(story: list[Event], office: Office, box: Postbox) -> None:
    """Each change once to each side, in order unless it says otherwise, and in the end all know what holds."""
    assert {row.state for row in office.rows()} == {"sent"}
    assert all(row.next_attempt_at is None and row.lease is None for row in office.rows())
    assert office.parked() == 0
    assert set(Counter(got.mail["Message-ID"] for got in box.got).values()) == {1}
    changes = sum(event.type.startswith("booking.") for event in story)
    canceled_at_last = any(event.type == "booking.canceled" for event in story)
    ready_at_last = story[-1].type == "meeting.ready"
    for recipient, address in ADDRESSES.items():
        told = box.to(address)
        firsts = [row for row in office.rows() if row.recipient == recipient and "link" not in row.kind]
        assert len([row for row in firsts if row.kind != "host_meeting_failed"]) == changes
        late = [got for got in told if "sent to you already" in got.text]
        in_order = [version_of(got) for got in told if got not in late and version_of(got)]
        assert in_order == sorted(in_order)
        holding = [got for got in told if version_of(got) == changes]
        assert any(LINK in got.text for got in holding) == ready_at_last
        if canceled_at_last:
            assert "canceled" in str(holding[-1].mail["Subject"]).lower()
            assert LINK not in holding[-1].text
