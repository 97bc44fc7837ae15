"""The mailbox: takes mail by SMTP, shows it, and behaves badly on demand."""

import smtplib
import socket
from email.message import EmailMessage

import pytest
import requests

from integration.sandbox.world import World
from sandbox import bootstrap

INVITATION = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"


def letter(subject: str = "Your session", to: str = "joerg@example.net") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Punctual <no-reply@localhost>"
    mail["To"] = to
    mail["Subject"] = subject
    mail["Message-ID"] = "<1@punctual>"
    mail["Date"] = "Fri, 20 Nov 2026 10:00:00 +0000"
    mail.set_content("Hello Jörg,\nsee you.")
    mail.add_alternative("<p>Hello <b>Jörg</b></p><script>alert(1)</script>", subtype="html")
    mail.add_alternative(INVITATION, subtype="calendar", params={"method": "REQUEST"})
    mail.add_attachment(INVITATION.encode(), maintype="application", subtype="ics", filename="invite.ics")
    return mail


def send(world: World, mail: EmailMessage | None = None, *, patience: float = 5) -> None:
    with smtplib.SMTP("127.0.0.1", world.running.smtp_port, timeout=patience) as client:
        client.send_message(mail or letter())


def test_a_mail_is_taken_apart(world: World) -> None:
    send(world, letter("Grüße"))
    [mail] = world.items("mail")
    assert (mail["from"], mail["to"]) == ("Punctual <no-reply@localhost>", ["joerg@example.net"])
    assert (mail["subject"], mail["message_id"]) == ("Grüße", "<1@punctual>")
    assert (mail["text"], "<b>Jörg</b>" in mail["html"]) == ("Hello Jörg,\nsee you.\n", True)
    assert mail["attachments"] == ["invite.ics"]
    assert mail["headers"]["Subject"] == "Grüße"


def test_the_invitation_is_shown_with_its_method(world: World) -> None:
    send(world)
    calendar = world.items("mail")[0]["calendar"]
    assert calendar["method"] == "REQUEST"
    assert calendar["body"].splitlines() == INVITATION.splitlines()


def test_a_mail_without_an_invitation_says_so(world: World) -> None:
    plain = EmailMessage()
    plain["To"] = "joerg@example.net"
    plain["From"] = "a@example.net"
    plain.set_content("hi")
    send(world, plain)
    [mail] = world.items("mail")
    assert (mail["calendar"], mail["html"], mail["attachments"]) == (None, None, [])


def test_the_newest_mail_is_last_and_recipients_are_told_apart(world: World) -> None:
    for number in range(3):
        send(world, letter(str(number), "ada@example.com" if number == 1 else "joerg@example.net"))
    assert [mail["subject"] for mail in world.items("mail")] == ["0", "1", "2"]
    assert [mail["subject"] for mail in world.items("mail", to="Ada@example.com")] == ["1"]


def test_the_raw_mail_is_kept_byte_for_byte(world: World) -> None:
    raw = b"From: a@b.example\r\nTo: c@d.example\r\nSubject: x\r\n\r\n.dot\r\nend\r\n"
    with smtplib.SMTP("127.0.0.1", world.running.smtp_port) as client:
        client.sendmail("a@b.example", ["c@d.example"], raw)
    mail_id = world.items("mail")[0]["id"]
    assert requests.get(f"{world.url}/mail/{mail_id}/raw", timeout=10).content == raw


def test_any_name_and_password_is_let_in(world: World) -> None:
    with smtplib.SMTP("127.0.0.1", world.running.smtp_port) as client:
        client.login("anybody", "anything")
        client.send_message(letter())
    assert len(world.items("mail")) == 1


def test_bytes_in_no_charset_do_not_break_the_pages(world: World) -> None:
    raw = b"From: a@b.example\r\nSubject: \xff\xfe\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n\xff\r\n"
    with smtplib.SMTP("127.0.0.1", world.running.smtp_port) as client:
        client.sendmail("a@b.example", ["c@d.example"], raw)
    mail_id = world.items("mail")[0]["id"]
    assert requests.get(f"{world.url}/mail/{mail_id}", timeout=10).status_code == 200


def test_a_refusal_at_the_door_is_421(world: World) -> None:
    world.fault(fault="smtp", mode="refuse", times=1)
    with pytest.raises(smtplib.SMTPConnectError) as refusal:
        send(world)
    assert refusal.value.smtp_code == 421
    send(world)
    assert len(world.items("mail")) == 1


@pytest.mark.parametrize("at", ["mail", "rcpt", "data"])
def test_a_refusal_at_each_step_is_451(world: World, at: str) -> None:
    world.fault(fault="smtp", mode="refuse", at=at)
    with pytest.raises((smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused)) as refusal:
        send(world)
    assert "451" in str(refusal.value)
    assert world.items("mail") == []


def test_a_rejection_is_550_and_can_be_for_one_recipient(world: World) -> None:
    world.fault(fault="smtp", mode="reject", to="Ada@example.com")
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        send(world, letter(to="ada@example.com"))
    assert refusal.value.recipients["ada@example.com"][0] == 550
    send(world)
    assert len(world.items("mail")) == 1


def test_a_drop_keeps_the_mail_and_says_nothing(world: World) -> None:
    world.fault(fault="smtp", mode="drop", times=1)
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        send(world)
    assert len(world.items("mail")) == 1


@pytest.mark.parametrize("at", ["connect", "rcpt", "data"])
def test_a_hang_outlasts_the_clients_patience(world: World, at: str) -> None:
    world.fault(fault="smtp", mode="hang", at=at)
    with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
        send(world, patience=0.3)


def test_a_hanging_client_holds_up_nobody(world: World) -> None:
    world.fault(fault="smtp", mode="hang", at="data", times=1)
    with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
        send(world, patience=0.3)
    send(world, letter("second"))
    assert world.items("mail")[-1]["subject"] == "second"


def test_down_closes_the_port_and_up_opens_the_same_one(world: World) -> None:
    port = world.running.smtp_port
    world.fault(fault="smtp", mode="down")
    with pytest.raises(ConnectionRefusedError):
        send(world)
    world.fault(fault="smtp", mode="up")
    send(world)
    assert (len(world.items("mail")), world.running.smtp_port) == (1, port)


def test_clearing_opens_the_port_too(world: World) -> None:
    world.fault(fault="smtp", mode="down")
    requests.delete(f"{world.url}/sandbox/faults", timeout=10)
    send(world)


def ended(client: socket.socket) -> bool:
    try:
        return client.recv(100) == b""
    except ConnectionResetError:
        return True


def test_down_cuts_who_is_inside(world: World) -> None:
    with socket.create_connection(("127.0.0.1", world.running.smtp_port), timeout=5) as client:
        client.recv(100)
        world.fault(fault="smtp", mode="down")
        assert ended(client)


def test_the_mailbox_is_down_still_after_a_restart(world: World) -> None:
    world.fault(fault="smtp", mode="down")
    world.running.stop()
    world.running = bootstrap.start(world.running.settings)
    with pytest.raises(ConnectionRefusedError):
        send(world)
    assert requests.get(f"{world.url}/readyz", timeout=10).status_code == 200


def test_the_html_part_is_shown_in_a_frame_without_scripts(world: World) -> None:
    send(world)
    page = requests.get(f"{world.url}/mail/{world.items('mail')[0]['id']}", timeout=10)
    assert "<script>" not in page.text
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="' in page.text
    assert "allow-scripts" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
