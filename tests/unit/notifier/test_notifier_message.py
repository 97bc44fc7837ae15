"""The mail as it travels: its parts, its headers, and that nobody can write into them."""

import email
from email import policy
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from notifier.deliveries import Delivery, Occasion, occasion
from notifier.letters.lines import one_line
from notifier.mail.addresses import UnusableAddress, envelope, person
from notifier.mail.headers import WIRE
from notifier.mail.message import Writer
from shared.events import ClientFacts, HostFacts, SessionTypeFacts
from unit.notifier.notifier_facts import LINK, NOW, PUBLIC_URL, case, change, followed, ready

WRITER = Writer(Address("Punctual", "no-reply", "book.example.org"), PUBLIC_URL)
HEADERS = {
    "from", "to", "reply-to", "subject", "date", "message-id", "auto-submitted", "mime-version", "content-type",
}  # fmt: skip


def owed(kind: str = "client_confirmation", **changed: Any) -> tuple[Delivery, Occasion]:
    known = followed(case(change(**changed), meeting=ready()))
    delivery = next(d for d in known.deliveries if d.kind == kind)
    return delivery, occasion(known, delivery)


def written(kind: str = "client_confirmation", **changed: Any) -> EmailMessage:
    """Write a mail, put it on the wire, and read it as the recipient's program does."""
    raw = WRITER.write(*owed(kind, **changed), NOW).as_bytes()
    assert raw.isascii()
    found = email.message_from_bytes(raw, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def test_text_html_and_calendar_are_alternatives_and_the_calendar_is_a_file_too() -> None:
    mail = written()
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    calendar = next(part for part in mail.walk() if part.get_content_type() == "text/calendar")
    assert calendar["Content-Type"].params == {"charset": "utf-8", "method": "REQUEST"}
    attached = next(mail.iter_attachments())
    assert attached.get_filename() == "invite.ics"
    assert attached.get_content().decode().replace("\r\n", "\n") == calendar.get_content().replace("\r\n", "\n")
    for part in ("plain", "html"):
        body = mail.get_body((part,))
        assert body is not None
        assert LINK in body.get_content()


def test_headers_name_both_people_and_the_mail() -> None:
    delivery, about = owed()
    mail = WRITER.write(delivery, about, NOW)
    assert str(mail["From"]) == "Punctual <no-reply@book.example.org>"
    assert mail["To"].addresses[0].display_name == "Jörg Müller"
    assert mail["To"].addresses[0].addr_spec == "joerg@example.net"
    assert mail["Reply-To"].addresses[0].addr_spec == "ada@example.com"
    assert mail["Message-ID"] == f"<{delivery.id}@book.example.org>"
    assert mail["Subject"] == "Booked: Introduction with Ada Lovelace, Wed 2 Dec 2026, 00:30"
    assert WRITER.write(delivery, about, NOW)["Message-ID"] == mail["Message-ID"]


def test_later_mails_belong_to_the_conversation_of_the_first() -> None:
    known = followed(case(change()))
    mails = {d.kind: WRITER.write(d, occasion(known, d), NOW) for d in known.deliveries}
    known = followed(case(change(), change(2, "canceled")))
    mails |= {d.kind: WRITER.write(d, occasion(known, d), NOW) for d in known.deliveries}
    assert mails["client_canceled"]["References"] == mails["client_confirmation"]["Message-ID"]
    assert mails["host_canceled"]["References"] == mails["host_notification"]["Message-ID"]
    assert mails["client_confirmation"]["References"] is None


@pytest.mark.parametrize(
    "evil",
    [
        "Eve\r\nBcc: victim@example.org",
        "Eve\nSubject: other",
        "=?utf-8?q?Eve=0D=0ABcc=3A_victim=40example=2Eorg?=",
        'Eve" <victim@example.org>, "x',
        "Eve\u2028Bcc: victim@example.org",
        "Eve <victim@example.org>",
        "(comment) Eve, victim@example.org;",
    ],
)
def test_a_name_or_title_adds_no_header_and_no_recipient(evil: str) -> None:
    mail = written(
        client=ClientFacts(name=evil, email="c@example.net", timezone="UTC"),
        host=HostFacts(id="h", name=evil, email="h@example.com", handle="hhh", timezone="UTC"),
        session_type=SessionTypeFacts(id="s", slug="s", title=evil, duration=30),
    )
    assert {name.lower() for name in mail} == HEADERS
    assert [a.addr_spec for a in mail["To"].addresses] == ["c@example.net"]
    assert [a.addr_spec for a in mail["Reply-To"].addresses] == ["h@example.com"]


def decoded(header: str) -> str:
    """Decode a header's value as RFC 2047 says: spaces between encoded words are none."""
    return str(make_header(decode_header(header.replace("\r\n", ""))))


@settings(deadline=None)
@given(st.text(max_size=120), st.text(max_size=300))
@example("Jörg Ö Müller " * 6, "Ö ö " * 50)
@example("A" * 100, "B" * 200)
@example('"; <', "a  b")
def test_any_name_and_subject_arrive_as_they_were_meant(name: str, subject: str) -> None:
    name, subject = one_line(name), one_line(subject)
    made = EmailMessage(policy=WIRE)
    made["To"] = person(name, "c@example.net")
    made["Subject"] = subject
    raw = made.as_bytes()
    assert all(len(line) <= 78 for line in raw.split(b"\r\n") if b"=?" in line)
    mail = email.message_from_bytes(raw)
    assert mail.keys() == ["To", "Subject"]
    shown, address = parseaddr(mail["To"].replace("\r\n", ""))
    assert (decoded(shown), address) == (name, "c@example.net")
    assert decoded(mail["Subject"]).strip() == subject
    modern = email.message_from_bytes(raw, policy=policy.default)
    assert [found.addr_spec for found in modern["To"].addresses] == ["c@example.net"]


@settings(deadline=None, max_examples=25)
@given(st.text(max_size=120))
def test_no_name_and_no_title_change_a_mails_headers(text: str) -> None:
    mail = written(
        client=ClientFacts(name=text, email="c@example.net", timezone="UTC"),
        session_type=SessionTypeFacts(id="s", slug="s", title=text, duration=30),
    )
    assert {header.lower() for header in mail} == HEADERS
    assert [a.addr_spec for a in mail["To"].addresses] == ["c@example.net"]


def test_a_domain_in_other_letters_becomes_ascii_and_a_local_part_stays() -> None:
    assert envelope(person("Jörg", "jo@bücher.example")) == "jo@xn--bcher-kva.example"
    assert envelope(person("Jörg", "jörg@example.net")) == "jörg@example.net"


@pytest.mark.parametrize(
    "address", ["", "@", "a@", "@b", "a b@c.d", "a@b\r\nc", "a@b,c@d", "<a@b>", "a@" + "ü" * 80 + ".de", "a\x00@b"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UnusableAddress):
        person("Eve", address)


def test_an_unusable_address_of_the_other_side_does_not_stop_the_mail() -> None:
    mail = written(host=HostFacts(id="h", name="Ada", email="no address", handle="ada", timezone="UTC"))
    assert mail["Reply-To"] is None
