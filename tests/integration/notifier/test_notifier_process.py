"""The notifier as it really runs: a process of its own between the bus and a mail server."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import requests

from integration.notifier.office import KEY, Office, booked, settings_for
from integration.notifier.postbox import Got, Postbox, postbox
from notifier import dispatch
from shared.bus.embedded import EmbeddedBus
from shared.events import Event, LocationFacts, MeetingReady
from shared.events.envelope import wrap
from shared.testing import eventually, free_port
from unit.notifier.notifier_facts import BOOKING, LINK, PUBLIC_URL

PHONE = LocationFacts(kind="phone")


def environment(folder: Path, box: Postbox, **changed: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "DATA": str(folder),
        "PUBLIC_URL": PUBLIC_URL,
        "SERVICE_KEY": KEY,
        "SMTP_URL": box.url,
        **changed,
    }


@contextmanager
def process(role: str, environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    running = subprocess.Popen([sys.executable, "-m", "notifier", role], env=environ)
    try:
        yield running
        running.terminate()
        assert running.wait(timeout=10) in (0, -15, -9)
    finally:
        running.kill()
        running.wait()


def publish(folder: Path, *events: Event) -> None:
    bus = EmbeddedBus(folder / "bus.sqlite3")
    bus.publish([wrap(event, source="test", now=datetime.now(UTC)) for event in events])
    bus.close()


def test_an_event_on_the_bus_becomes_two_mails_and_two_events(tmp_path: Path) -> None:
    with postbox() as box:
        environ = environment(tmp_path, box)
        assert subprocess.run([sys.executable, "-m", "notifier", "migrate"], env=environ, check=False).returncode == 0
        with process("worker", environ):
            about = {"booking_id": BOOKING, "host_id": "h1", "booking_version": 1, "revision": 1}
            publish(tmp_path, booked(), MeetingReady(**about, join_url=LINK))
            eventually(lambda: len(box.got) == 2)
            bus = EmbeddedBus(tmp_path / "bus.sqlite3")
            eventually(lambda: bus.depth("booking.events") == 3)  # the meeting and two mails
            bus.close()
    assert all(LINK in got.text for got in box.got)


def test_a_worker_killed_by_sigkill_when_the_server_has_the_mail_repeats_it_once(tmp_path: Path) -> None:
    with postbox() as box:
        environ = environment(tmp_path, box)
        office = Office(settings_for(tmp_path, box.url))
        killed = threading.Event()

        def kill_before_the_answer_arrives(_: Got) -> str:
            if not killed.is_set():
                running.kill()
                running.wait()
                killed.set()
            return "250 taken"

        box.after_data = kill_before_the_answer_arrives
        with process("worker", environ) as running:
            publish(tmp_path, booked(location=PHONE))
            assert killed.wait(timeout=15)
        # The next worker comes when the lease has run out; its clock says so.
        office.clock.now = datetime.now(UTC) + dispatch.LEASE
        office.send()
        office.close()
    ids = [got.mail["Message-ID"] for got in box.got]
    assert len(ids) == 3
    assert len(set(ids)) == 2


def test_the_api_answers_and_is_ready(tmp_path: Path) -> None:
    with postbox() as box:
        port = free_port()
        Office(settings_for(tmp_path, box.url)).close()
        with process("api", environment(tmp_path, box, PORT=str(port))):

            def ready() -> bool:
                try:
                    return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200
                except requests.ConnectionError:
                    return False

            assert eventually(ready)


def test_a_missing_setting_or_command_ends_the_start_with_one_line(tmp_path: Path) -> None:
    with postbox() as box:
        environ = environment(tmp_path, box)
    del environ["SMTP_URL"]
    for arguments, words in ((["worker"], b"SMTP_URL is missing"), (["dance"], b"usage: python -m notifier")):
        ended = subprocess.run(
            [sys.executable, "-m", "notifier", *arguments], env=environ, capture_output=True, check=False
        )
        assert ended.returncode == 2
        assert words in ended.stderr
        assert ended.stderr.count(b"\n") == 1
