"""Mails that are about no booking: the connection to Zoom, the account, and where a host is reached."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from integration.notifier.office import Office, booked, canceled
from integration.notifier.postbox import Postbox
from notifier import storage
from notifier.worker import ERASED_WITHIN, SETTLE
from shared.events import (
    AccountMailRequested,
    BookingCanceled,
    HostChanged,
    HostFacts,
    HostRemoved,
    LocationFacts,
    MeetingReady,
    ZoomConnected,
    ZoomDisconnected,
    ZoomLinksWaiting,
    ZoomNeedsReconnect,
)
from unit.notifier.notifier_facts import LINK, NOW, facts

CLIENT, HOST, NEW = "joerg@example.net", "ada@example.com", "ada@new.example"
PHONE = LocationFacts(kind="phone", detail="+49 30 1234")
KEY_LINK = "https://book.example.org/password/c2VjcmV0"
RECONNECT = ZoomNeedsReconnect(host_id="h1", reason="Zoom no longer takes what was granted.")
WAITING = ZoomLinksWaiting(host_id="h1", cause="disconnected", waiting=3)


def ada(revision: int = 1, email: str = HOST, **changed: Any) -> HostChanged:
    known = {"id": "h1", "name": "Ada Lovelace", "handle": "ada", "timezone": "Europe/London", **changed}
    return HostChanged(host=HostFacts(email=email, **known), revision=revision)


def account(kind: Any = "password_reset", **changed: Any) -> AccountMailRequested:
    known = {"host_id": "h1", "to": HOST, "name": "Ada", "link": KEY_LINK, "expires_at": NOW + timedelta(hours=1)}
    return AccountMailRequested(kind=kind, **{**known, **changed})


def subjects(box: Postbox, address: str = HOST) -> list[str]:
    return [str(got.mail["Subject"]) for got in box.to(address)]


def everything(office: Office) -> str:
    """Give all that the database holds, as one text."""
    tables = storage.METADATA.sorted_tables
    with office.worker.database.read() as tx:
        return "\n".join(str(tuple(row)) for table in tables for row in tx.execute(select(table)))


def test_a_host_is_asked_to_reconnect_once_for_each_time(office: Office, box: Postbox) -> None:
    office.hear(ada(), RECONNECT, RECONNECT)
    office.send()
    office.hear(RECONNECT)
    office.send()
    assert subjects(box) == ["Please connect Zoom again: no new video links until then"]
    assert "Zoom no longer takes what was granted." in box.got[0].text
    assert "/dashboard/connections" in box.got[0].text
    office.hear(ZoomConnected(host_id="h1"), RECONNECT)
    office.send()
    assert len(box.got) == 2


@pytest.mark.parametrize(
    ("cause", "subject"),
    [("disconnected", "Zoom is disconnected from Punctual"), ("deauthorized", "Punctual was removed in Zoom")],
)
def test_a_host_hears_that_the_connection_was_removed(office: Office, box: Postbox, cause: str, subject: str) -> None:
    office.hear(ada(), ZoomDisconnected(host_id="h1", cause=cause))
    office.send()
    assert subjects(box) == [subject]
    assert "Friday, 20 November 2026, 09:00 (Europe/London, UTC)" in " ".join(box.got[0].text.split())


def test_links_that_wait_are_told_with_their_number_and_what_they_wait_for(office: Office, box: Postbox) -> None:
    quota = ZoomLinksWaiting(host_id="h1", cause="quota", waiting=1, until=NOW + timedelta(hours=15))
    office.hear(ada(timezone="Asia/Tokyo"), WAITING)
    office.send()
    office.hear(quota)
    office.send()
    assert subjects(box) == [
        "3 bookings wait for their video links: Zoom is not connected",
        "1 booking waits for its video link: Zoom's limit for today is reached",
    ]
    assert "Saturday, 21 November 2026, 09:00 (Asia/Tokyo, UTC+09:00)" in " ".join(box.got[1].text.split())


def test_such_a_mail_has_no_calendar_entry_and_nobody_is_told_of_it(office: Office, box: Postbox) -> None:
    office.hear(ada(), RECONNECT, account())
    office.send()
    assert len(box.got) == 2
    for got in box.got:
        assert [part.get_content_type() for part in got.mail.walk()][1:] == ["text/plain", "text/html"]
        assert got.mail["Reply-To"] is None
    assert office.announced() == []


def test_a_newer_notice_takes_the_place_of_one_that_waits(office: Office, box: Postbox) -> None:
    box.answers["RCPT"] = lambda _: "451 later"
    office.hear(ada(), RECONNECT, WAITING)
    office.send()
    office.hear(WAITING.model_copy(update={"waiting": 4}), ZoomDisconnected(host_id="h1", cause="disconnected"))
    office.hear(WAITING.model_copy(update={"waiting": 5}))
    box.mend()
    office.wait_and_send(41)
    assert sorted(subjects(box)) == [
        "5 bookings wait for their video links: Zoom is not connected",
        "Zoom is disconnected from Punctual",
    ]


def test_trouble_that_is_over_is_not_told(office: Office, box: Postbox) -> None:
    office.hear(ada(), RECONNECT, WAITING, ZoomConnected(host_id="h1"))
    office.send()
    assert box.got == []


def test_a_mail_to_a_host_of_whom_nothing_is_known_waits_until_it_is(office: Office, box: Postbox) -> None:
    office.hear(RECONNECT)
    office.send()
    assert box.got == []
    office.hear(ada())
    office.send()
    assert len(box.to(HOST)) == 1


def test_a_booking_tells_where_its_host_is_reached_until_the_host_does(office: Office, box: Postbox) -> None:
    office.hear(RECONNECT, booked(location=PHONE))
    office.send()
    assert subjects(box)[0].startswith("Please connect Zoom again") or subjects(box)[1].startswith("Please connect")
    office.hear(ada(2, NEW), ada(1, "ada@older.example"), booked(id="b2", location=PHONE))
    office.hear(ZoomDisconnected(host_id="h1", cause="disconnected"))
    office.send()
    assert len(box.to(NEW)) == 2
    assert box.to("ada@older.example") == []


def test_mails_that_wait_follow_the_host_to_a_new_address_name_and_zone(office: Office, box: Postbox) -> None:
    box.answers["RCPT"] = lambda line: "451 later" if HOST in line else "250 ok"
    office.hear(booked(location=PHONE))
    office.send()
    office.hear(ada(3, NEW, name="Ada King", timezone="Asia/Tokyo"))
    office.wait_and_send(41)
    (mail,) = box.to(NEW)
    assert mail.mail["To"].addresses[0].display_name == "Ada King"
    assert "Asia/Tokyo" in mail.text
    office.hear(canceled(location=PHONE))
    office.send()
    assert "Ada King" in box.to(CLIENT)[-1].text


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("password_reset", "Choose a new password for Punctual"),
        ("password_changed", "Your password for Punctual was changed"),
        ("email_change", "Confirm your new e-mail address for Punctual"),
        ("email_changed", "Your e-mail address for Punctual was changed"),
    ],
)
def test_an_account_mail_goes_where_the_gateway_said(office: Office, box: Postbox, kind: str, subject: str) -> None:
    office.hear(ada(), account(kind, to=NEW))
    office.send()
    assert subjects(box, NEW) == [subject]
    assert KEY_LINK in box.got[0].text
    assert box.to(HOST) == []


def test_a_link_to_an_account_is_kept_no_longer_than_its_mail_waits(office: Office, box: Postbox) -> None:
    office.hear(account())
    assert KEY_LINK in everything(office)
    office.send()
    assert len(box.got) == 1
    assert KEY_LINK not in everything(office)


def test_after_its_time_an_account_mail_is_not_sent_and_forgotten(office: Office, box: Postbox) -> None:
    box.answers["RCPT"] = lambda _: "451 later"
    office.hear(account())
    office.send()
    box.mend()
    office.clock.turn(3600)
    office.hear(account(to=NEW))
    office.send()
    assert box.got == []
    assert KEY_LINK not in everything(office)


def test_only_the_newest_of_several_keys_is_sent(office: Office, box: Postbox) -> None:
    newest = "https://book.example.org/password/newest"
    office.hear(account(), account(link=newest))
    office.send()
    assert len(box.got) == 1
    assert newest in box.got[0].text


def test_a_refused_notice_is_tried_no_more_and_one_for_later_is(office: Office, box: Postbox) -> None:
    box.answers["RCPT"] = lambda _: "550 unknown"
    office.hear(account(), ada())
    office.send()
    box.answers["RCPT"] = lambda _: "451 later"
    office.hear(RECONNECT)
    office.send()
    box.mend()
    office.wait_and_send(2)
    assert subjects(box) == ["Please connect Zoom again: no new video links until then"]


def test_no_address_and_no_key_reaches_the_log(
    office: Office, box: Postbox, capsys: pytest.CaptureFixture[str]
) -> None:
    box.answers["RCPT"] = lambda line: f"451 {line}" if NEW in line else "250 ok"
    office.hear(ada(), RECONNECT, account(to=NEW))
    office.send()
    said = "".join(capsys.readouterr())
    assert "mail_sent" in said
    assert "mail_not_sent" in said
    for secret in (HOST, NEW, KEY_LINK, "Ada"):
        assert secret not in said


def clean(office: Office, after: timedelta) -> None:
    office.clock.now += after
    office.worker.cleaner.step()


def gone(**changed: Any) -> BookingCanceled:
    return BookingCanceled(booking=facts(2, status="canceled", canceled_by="host", **changed))


def test_a_host_who_leaves_is_erased_once_the_clients_have_been_told(office: Office, box: Postbox) -> None:
    office.hear(ada(), booked(location=PHONE), RECONNECT)
    office.send()
    box.got.clear()
    box.answers["RCPT"] = lambda _: "451 later"
    office.hear(gone(location=PHONE), HostRemoved(host_id="h1", at=NOW))
    office.send()
    clean(office, SETTLE + timedelta(minutes=1))
    assert CLIENT in everything(office)
    box.mend()
    office.wait_and_send(41)
    assert [got.recipient for got in box.got] == [CLIENT]
    assert subjects(box, CLIENT)[0].startswith("Canceled")
    clean(office, timedelta(minutes=2))
    left = everything(office)
    assert not any(secret in left for secret in (CLIENT, HOST, "Lovelace", "Jörg"))
    assert office.rows() == []


def test_a_cancel_that_comes_after_its_host_has_left_is_still_told_and_then_erased(
    office: Office, box: Postbox
) -> None:
    office.hear(ada(), booked(location=PHONE))
    office.send()
    office.hear(HostRemoved(host_id="h1", at=NOW))
    clean(office, timedelta(hours=1))
    assert CLIENT not in everything(office)
    office.hear(
        gone(location=PHONE), MeetingReady(booking_id="b9", host_id="h1", booking_version=1, revision=1, join_url=LINK)
    )
    office.send()
    assert [text.partition(":")[0] for text in subjects(box, CLIENT)] == ["Booked", "Canceled"]
    assert [text.partition(":")[0] for text in subjects(box)] == ["New booking"]
    clean(office, timedelta(hours=1))
    assert CLIENT not in everything(office)
    assert LINK not in everything(office)


def test_a_removed_host_is_erased_in_the_end_whatever_the_mail_server_does(office: Office, box: Postbox) -> None:
    box.answers["RCPT"] = lambda _: "451 later"
    office.hear(booked(location=PHONE), gone(location=PHONE), HostRemoved(host_id="h1", at=NOW))
    office.send()
    clean(office, ERASED_WITHIN)
    assert CLIENT not in everything(office)


def test_nobody_writes_to_a_host_who_has_left(office: Office, box: Postbox) -> None:
    office.hear(ada(), HostRemoved(host_id="h1", at=NOW), RECONNECT, WAITING, account(), ada(9, NEW))
    office.hear(booked(location=PHONE))
    office.send()
    assert {got.recipient for got in box.got} == {CLIENT}


def test_another_hosts_rows_stay(office: Office) -> None:
    other = HostFacts(id="h2", name="Grace", email="grace@example.com", handle="grace", timezone="UTC")
    office.hear(booked(location=PHONE), booked(id="b2", host=other, location=PHONE), HostRemoved(host_id="h1", at=NOW))
    office.send()
    clean(office, timedelta(hours=1))
    assert {row.booking_id for row in office.rows()} == {"b2"}
    assert "grace@example.com" in everything(office)
