"""Mails on their way: what is told when, through outages, refusals, kills and repeats."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from integration.notifier.office import Office, booked, canceled, moved, settings_for
from integration.notifier.postbox import Got, Postbox, postbox
from notifier import dispatch, storage
from notifier.deliveries import Occasion
from notifier.dispatch import leases as renewing
from notifier.letters import Letter, words
from shared.events import (
    ClientFacts,
    LocationFacts,
    MailFailed,
    MailSent,
    MeetingDelayed,
    MeetingFailed,
    MeetingReady,
    MeetingRemoved,
    MeetingUnavailable,
)
from shared.testing import eventually, free_port
from unit.notifier import ics_reader
from unit.notifier.notifier_facts import BOOKING, LINK

CLIENT, HOST = "joerg@example.net", "ada@example.com"
ABOUT = {"booking_id": BOOKING, "host_id": "h1"}
PHONE = LocationFacts(kind="phone", detail="+49 30 1234")


def ready(version: int = 1, revision: int = 1) -> MeetingReady:
    return MeetingReady(**ABOUT, booking_version=version, revision=revision, join_url=LINK, passcode="424242")


def subjects(box: Postbox, address: str) -> list[str]:
    return [str(got.mail["Subject"]).partition(":")[0] for got in box.to(address)]


def sequence(got: Got) -> tuple[str, int]:
    calendar = next(part for part in got.mail.walk() if part.get_content_type() == "text/calendar")
    read = ics_reader.read(calendar.get_content().replace("\r\n", "\n").replace("\n", "\r\n"))
    assert read["METHOD"] == calendar["Content-Type"].params["method"]
    return read["METHOD"], int(read.parts[0]["SEQUENCE"])


def test_a_booking_is_told_to_both_as_soon_as_its_link_is_there(office: Office, box: Postbox) -> None:
    office.hear(booked())
    office.send()
    assert box.got == []
    office.hear(ready())
    office.send()
    assert [got.recipient for got in box.got] == [CLIENT, HOST] or [got.recipient for got in box.got] == [HOST, CLIENT]
    assert all(LINK in got.text for got in box.got)
    assert box.connections == 1


def test_a_link_that_was_there_first_is_in_the_first_mail(office: Office, box: Postbox) -> None:
    office.hear(ready(), booked())
    office.send()
    assert all(LINK in got.text for got in box.got)
    assert len(box.got) == 2


def test_after_the_wait_the_mail_says_that_the_link_follows_and_it_does_once(office: Office, box: Postbox) -> None:
    office.hear(booked())
    office.wait_and_send(14.9)
    assert box.got == []
    office.wait_and_send(0.2)
    assert all("still being prepared" in got.text and LINK not in got.text for got in box.got)
    office.hear(ready(), ready(revision=2))
    office.send()
    assert subjects(box, CLIENT) == ["Booked", "Video link"]
    assert subjects(box, HOST) == ["New booking", "Video link"]
    assert all(LINK in got.text for got in box.got[2:])
    assert [sequence(got) for got in box.to(CLIENT)] == [("REQUEST", 0), ("REQUEST", 1)]


def test_a_link_that_comes_while_a_mail_without_it_is_on_its_way_is_sent_after_it(office: Office, box: Postbox) -> None:
    def link_comes(_: Got) -> str:
        office.hear(ready())
        return "250 taken"

    box.after_data = link_comes
    office.hear(booked())
    office.wait_and_send(16)
    first, *others = box.got
    assert LINK not in first.text
    assert [LINK in got.text for got in others] == [True, True]
    assert sorted(got.recipient for got in others) == [HOST, CLIENT]


def test_each_way_of_having_no_link_has_its_words(office: Office, box: Postbox) -> None:
    known = {"booking_version": 1, "revision": 1, **ABOUT}
    said = {
        MeetingDelayed(**known, reason="x"): "Zoom can't be reached",
        MeetingUnavailable(**known, reason="x"): "isn't connected",
        MeetingFailed(**known, code="3161", reason="Not licensed."): "The meeting could not be made in Zoom",
    }
    for event, sentence in said.items():
        name = f"{type(event).__name__}@example.net"
        booking = booked(id=name, client=ClientFacts(name="C", email=name, timezone="UTC"))
        office.hear(booking, event.model_copy(update={"booking_id": name}))
        office.wait_and_send(16)
        assert sentence in box.to(name)[0].text


def test_a_late_refusal_is_told_to_the_host_alone(office: Office, box: Postbox) -> None:
    office.hear(booked())
    office.wait_and_send(16)
    office.hear(MeetingFailed(**ABOUT, booking_version=1, revision=1, code="3161", reason="Not licensed."))
    office.send()
    assert subjects(box, CLIENT) == ["Booked"]
    assert subjects(box, HOST) == ["New booking", "No video link"]
    assert "Not licensed." in box.to(HOST)[1].text


def test_the_whole_life_of_a_booking_is_told_in_order_with_rising_sequences(office: Office, box: Postbox) -> None:
    office.hear(booked(), ready())
    office.send()
    office.hear(moved(), ready(2, 2))
    office.send()
    office.hear(canceled(3), MeetingRemoved(**ABOUT, booking_version=3, revision=3, cause="canceled"))
    office.send()
    for address in (CLIENT, HOST):
        assert [sequence(got) for got in box.to(address)] == [("REQUEST", 0), ("REQUEST", 10), ("CANCEL", 20)]
    assert "You canceled the session" in box.to(CLIENT)[2].text
    assert LINK not in box.to(CLIENT)[2].text


def test_a_booking_that_is_canceled_while_it_waits_is_told_in_one_mail(office: Office, box: Postbox) -> None:
    office.hear(booked())
    office.hear(canceled(), ready())
    office.send()
    assert subjects(box, CLIENT) == ["Canceled"]
    assert all(LINK not in got.text for got in box.got)
    assert set(office.states()) == {"client_canceled", "host_canceled"}


def test_a_booking_that_is_moved_while_the_server_is_down_is_confirmed_at_its_new_time(
    office: Office, box: Postbox
) -> None:
    box.answers["RCPT"] = lambda line: "451 later" if CLIENT in line else "250 ok"
    office.hear(booked(), ready())
    office.send()
    office.hear(moved(), ready(2, 2))
    box.mend()
    office.send()
    assert subjects(box, CLIENT) == ["Booked"]
    assert "3 December 2026" in box.to(CLIENT)[0].text
    assert "Old time" not in box.to(CLIENT)[0].text
    assert subjects(box, HOST) == ["New booking", "Moved"]
    assert {row.kind for row in office.rows() if row.recipient == "client"} == {"client_confirmation"}


def test_a_cancel_that_comes_before_its_booking_says_it_all(office: Office, box: Postbox) -> None:
    office.hear(canceled())
    office.send()
    office.hear(booked())
    office.wait_and_send(16)
    assert subjects(box, CLIENT) == ["Canceled"]
    assert [sequence(got) for got in box.to(HOST)] == [("CANCEL", 10)]


def test_while_the_server_is_down_mails_wait_and_then_each_goes_out_once(tmp_path: Path) -> None:
    port = free_port()
    office = Office(settings_for(tmp_path, f"smtp://127.0.0.1:{port}"))
    office.hear(booked(location=PHONE))
    for _ in range(60):
        office.wait_and_send(20)
    assert set(office.states().values()) == {"retrying"}
    assert {row.last_error for row in office.rows()} == {"the mail server can't be reached"}
    with postbox(port) as box:
        office.wait_and_send(41)
        assert sorted(got.recipient for got in box.got) == [HOST, CLIENT]
        assert set(office.states().values()) == {"sent"}
    office.close()
    told = office_events(office)
    assert [type(event) for event in told] == [MailFailed, MailFailed, MailSent, MailSent]
    assert not any(event.final for event in told if isinstance(event, MailFailed))


def office_events(office: Office) -> list[MailSent | MailFailed]:
    return [event for event in office.announced() if isinstance(event, (MailSent, MailFailed))]


def test_a_refusal_for_now_is_tried_again_and_a_refusal_for_good_is_not(office: Office, box: Postbox) -> None:
    box.answers["RCPT"] = lambda line: "451 4.7.1 greylisted" if CLIENT in line else f"550 5.1.1 <{HOST}> unknown"
    office.hear(booked(location=PHONE))
    office.send()
    assert office.states() == {"client_confirmation": "retrying", "host_notification": "failed"}
    reasons = {row.kind: row.last_error for row in office.rows()}
    assert reasons["client_confirmation"] == "the mail server asks to try again later (451, 4.7.1)"
    assert reasons["host_notification"] == "there is no mailbox with this address (550, 5.1.1)"
    final = [event for event in office_events(office) if isinstance(event, MailFailed) and event.final]
    assert [(event.recipient, event.attempts, event.next_attempt_at) for event in final] == [("host", 1, None)]
    box.mend()
    office.wait_and_send(2)
    assert office.states() == {"client_confirmation": "sent", "host_notification": "failed"}
    assert [got.recipient for got in box.got] == [CLIENT]


def test_one_refused_recipient_delays_nobody_else(office: Office, box: Postbox) -> None:
    box.answers["RCPT"] = lambda line: "452 full" if CLIENT in line else "250 ok"
    office.hear(booked(location=PHONE))
    others = [ClientFacts(name="C", email=f"c{n}@example.net", timezone="UTC") for n in range(12)]
    office.hear(*(booked(id=f"b{n}", client=client, location=PHONE) for n, client in enumerate(others)))
    office.send()
    assert {got.recipient for got in box.got} == {HOST, *(client.email for client in others)}


def test_after_days_a_mail_is_given_up(office: Office, box: Postbox) -> None:
    box.answers["RCPT"] = lambda _: "451 later"
    office.hear(booked(location=PHONE))
    office.send()
    office.wait_and_send(timedelta(days=5).total_seconds())
    assert set(office.states().values()) == {"failed"}
    assert [event.final for event in office_events(office) if isinstance(event, MailFailed)][2:] == [True, True]


def test_a_connection_that_breaks_costs_only_the_mail_that_it_carried(office: Office, box: Postbox) -> None:
    box.answers["RCPT"] = lambda line: None if CLIENT in line else "250 ok"
    office.hear(booked(location=PHONE))
    office.send()
    assert office.states() == {"client_confirmation": "retrying", "host_notification": "sent"}
    assert {row.last_error for row in office.rows()} == {None, "the connection to the mail server broke"}


def test_a_server_that_takes_the_mail_and_dies_gets_it_once_more_with_the_same_id(office: Office, box: Postbox) -> None:
    dying = iter([None, None])
    box.after_data = lambda _: next(dying, "250 taken")
    office.hear(booked(location=PHONE))
    for _ in range(4):
        office.wait_and_send(2)
    for address in (CLIENT, HOST):
        ids = [got.mail["Message-ID"] for got in box.to(address)]
        assert len(ids) == 2
        assert len(set(ids)) == 1
    assert set(office.states().values()) == {"sent"}


def test_a_server_that_ends_the_connection_at_every_mail_still_gets_all(office: Office, box: Postbox) -> None:
    box.answers["QUIT"] = lambda _: None
    box.answers["RSET"] = lambda _: None
    box.answers["RCPT"] = lambda line: "421 bye" if CLIENT in line else "250 ok"
    office.hear(booked(location=PHONE))
    office.send()
    box.mend()
    office.wait_and_send(2)
    assert set(office.states().values()) == {"sent"}
    assert len(box.got) == 2


class Killed(BaseException):
    """What stops a worker in the middle."""


def test_a_worker_killed_after_the_servers_answer_repeats_that_mail_alone_with_the_same_id(
    office: Office, box: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise Killed

    office.hear(booked(location=PHONE))
    with monkeypatch.context() as patched:
        patched.setattr(storage, "settle", die)
        with pytest.raises(Killed):
            office.send()
    assert len(box.got) == 1
    office.send()
    assert len(box.got) == 1
    office.wait_and_send(31)
    assert len(box.got) == 3
    repeated = box.to(box.got[0].recipient)
    assert [got.mail["Message-ID"] for got in repeated] == [box.got[0].mail["Message-ID"]] * 2
    assert len(office_events(office)) == 2
    office.wait_and_send(3600)
    assert len(box.got) == 3


def test_a_link_mail_that_a_killed_worker_held_does_not_block_the_next_version(office: Office, box: Postbox) -> None:
    office.hear(booked())
    office.wait_and_send(16)
    office.hear(ready())
    office.claim_and_die()
    office.hear(moved(), ready(2, 2))
    office.wait_and_send(31)
    assert subjects(box, CLIENT) == ["Booked", "Moved"]
    assert set(office.states().values()) == {"sent"}


def test_a_worker_that_lost_its_lease_neither_sends_nor_settles(office: Office, box: Postbox) -> None:
    def overtaken(_: str) -> str:
        with office.worker.database.write() as tx:
            tx.execute(storage.DELIVERIES.update().values(lease="another"))
        return "250 ok"

    box.answers["RCPT"] = overtaken
    office.hear(booked(location=PHONE))
    office.worker.dispatch.step()
    assert len(box.got) == 1
    assert {row.state for row in office.rows()} == {"queued"}
    assert office.announced() == []


def test_a_slow_server_keeps_its_mail_and_nobody_else_sends_it(
    office: Office, box: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leases() -> set[datetime]:
        return {row.leased_until for row in office.rows() if row.leased_until}

    def slow(_: str) -> str:
        for _round in range(2):
            office.clock.turn(25)
            eventually(lambda: leases() == {office.clock.now + dispatch.LEASE})
            assert office.worker.dispatch.step() == 0
        return "250 ok"

    monkeypatch.setattr(renewing, "RENEW_SECONDS", 0.02)
    box.answers["RCPT"] = slow
    office.hear(booked(location=PHONE))
    office.send()
    assert sorted(got.recipient for got in box.got) == [HOST, CLIENT]


def test_a_mail_that_can_not_be_written_waits_and_delays_nobody(
    office: Office, box: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = words.write

    def fail_for_the_client(occasion: Occasion, public_url: str) -> Letter:
        if occasion.recipient == "client":
            raise KeyError(CLIENT)
        return usual(occasion, public_url)

    office.hear(booked(location=PHONE))
    with monkeypatch.context() as patched:
        patched.setattr(words, "write", fail_for_the_client)
        office.send()
    assert {row.kind: row.last_error for row in office.rows()} == {
        "client_confirmation": "the mail could not be written",
        "host_notification": None,
    }
    office.wait_and_send(2)
    assert len(box.to(CLIENT)) == 1


def test_repeats_of_events_send_nothing_twice(office: Office, box: Postbox) -> None:
    for _ in range(3):
        office.hear(booked(), ready(), booked(), ready())
        office.send()
    assert len(box.got) == 2


def test_an_older_word_about_the_meeting_changes_nothing(office: Office, box: Postbox) -> None:
    office.hear(booked(), ready(revision=5))
    office.hear(MeetingUnavailable(**ABOUT, booking_version=1, revision=4, reason="x"))
    office.send()
    assert all(LINK in got.text for got in box.got)


def test_an_address_that_can_not_be_mailed_fails_with_a_reason_and_no_loop(office: Office, box: Postbox) -> None:
    bad = {"a": "no address", "b": "jörg@example.net", "c": "x\r\nRCPT TO:<y@z>@example.net"}
    for name, address in bad.items():
        office.hear(booked(id=name, location=PHONE, client=ClientFacts(name="C", email=address, timezone="UTC")))
    office.send()
    failed: dict[str, Any] = {row.booking_id: row for row in office.rows() if row.state == "failed"}
    assert {name: row.attempts for name, row in failed.items()} == {"a": 1, "b": 1, "c": 1}
    assert failed["b"].last_error == "the mail server does not take addresses with letters other than ASCII"
    assert failed["a"].last_error == failed["c"].last_error
    assert {got.recipient for got in box.got} == {HOST}
    assert not any("y@z" in command for command in box.commands if command.startswith("RCPT"))


def test_a_server_that_can_takes_an_address_in_any_letters(office: Office, box: Postbox) -> None:
    box.extensions = ("8BITMIME", "SMTPUTF8")
    office.hear(booked(location=PHONE, client=ClientFacts(name="C", email="jörg@example.net", timezone="UTC")))
    office.send()
    assert [b"To: C <j\xc3\xb6rg@example.net>" in got.raw for got in box.to("jörg@example.net")] == [True]


def test_a_sender_or_sign_in_that_the_server_refuses_loses_no_mail(tmp_path: Path, box: Postbox) -> None:
    office = Office(settings_for(tmp_path, box.url.replace("//", "//me:secret@")))
    office.hear(booked(location=PHONE))
    box.extensions = ("AUTH PLAIN",)
    box.answers["AUTH"] = lambda _: "535 no"
    office.wait_and_send(1)
    assert {row.last_error for row in office.rows()} == {"the mail server refused our sign-in (535)"}
    box.answers["AUTH"] = lambda _: "235 yes"
    box.answers["MAIL"] = lambda _: "553 not you"
    office.wait_and_send(5)
    assert {row.last_error for row in office.rows()} == {"the mail server refused our sender's address (553)"}
    box.mend()
    box.answers["AUTH"] = lambda _: "235 yes"
    office.wait_and_send(10)
    assert set(office.states().values()) == {"sent"}
    office.close()


def test_events_tell_the_timeline_what_became_of_each_mail(office: Office, box: Postbox) -> None:
    office.hear(booked(location=PHONE))
    office.send()
    told = {event.kind: event for event in office_events(office)}
    assert set(told) == {"client_confirmation", "host_notification"}
    confirmation = told["client_confirmation"]
    assert isinstance(confirmation, MailSent)
    assert (confirmation.booking_id, confirmation.host_id, confirmation.version) == (BOOKING, "h1", 1)
    assert (confirmation.attempts, confirmation.sent_at) == (1, office.clock.now)
    assert isinstance(confirmation.sent_at, datetime)
    assert len(box.got) == 2


def test_no_address_and_no_link_reaches_the_log(
    office: Office, box: Postbox, capsys: pytest.CaptureFixture[str]
) -> None:
    box.answers["RCPT"] = lambda line: f"550 {line}" if CLIENT in line else "250 ok"
    office.hear(booked(), ready())
    office.send()
    out = capsys.readouterr()
    said = out.out + out.err
    assert "mail_sent" in said
    assert "mail_not_sent" in said
    for secret in (CLIENT, HOST, LINK, "424242", "Jörg", "Ada"):
        assert secret not in said
