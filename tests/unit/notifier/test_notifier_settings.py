"""What the notifier takes from its environment, and what it refuses."""

import pytest

from notifier.bootstrap import own_name
from notifier.settings import MailServer, Settings
from shared.settings import load

GOOD = {
    "DATA": "/var/lib/punctual",
    "PUBLIC_URL": "https://book.example.org/",
    "SERVICE_KEY": "k" * 32,
    "SMTP_URL": "smtp://127.0.0.1:2525",
}


def settings(**changed: str) -> Settings:
    return load(Settings, {**GOOD, **changed}, service="notifier")


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.org", MailServer("mail.example.org", 25, "none")),
        ("smtps://mail.example.org", MailServer("mail.example.org", 465, "tls")),
        ("smtp+starttls://mail.example.org", MailServer("mail.example.org", 587, "starttls")),
        ("smtps://me%40x:p%2Fw%3A@h:2465", MailServer("h", 2465, "tls", "me@x", "p/w:")),
        ("smtp://[::1]:2525", MailServer("::1", 2525, "none")),
    ],
)
def test_a_mail_server_is_read_from_its_address(url: str, server: MailServer) -> None:
    assert settings(SMTP_URL=url).smtp_url == server


def test_the_password_of_the_mail_server_is_not_shown() -> None:
    assert "geheim" not in repr(settings(SMTP_URL="smtp://me:geheim@h"))


def test_the_sender_is_read_and_has_a_default() -> None:
    assert str(settings().mail_from) == "Punctual <no-reply@localhost>"
    assert settings(MAIL_FROM='"Ada, Ltd" <ada@example.org>').mail_from.display_name == "Ada, Ltd"
    assert settings(MAIL_FROM="ada@example.org").mail_from.addr_spec == "ada@example.org"


def test_the_wait_is_in_seconds() -> None:
    assert settings(CONFIRMATION_WAIT="0.5").wait.total_seconds() == 0.5
    assert settings().wait.total_seconds() == 15


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_URL", ""),
        ("SMTP_URL", "http://h"),
        ("SMTP_URL", "smtp://"),
        ("SMTP_URL", "smtp://h:99999"),
        ("SMTP_URL", "smtp://me@h"),
        ("SMTP_URL", "smtp://h/x?y"),
        ("SMTP_URL", "smtp://me:gehei%C3%9F@h"),
        ("MAIL_FROM", "nobody"),
        ("MAIL_FROM", "jörg@example.org"),
        ("MAIL_FROM", "Eve <a@b>\nBcc: c@d"),
        ("CONFIRMATION_WAIT", "soon"),
        ("CONFIRMATION_WAIT", "-1"),
        ("CONFIRMATION_WAIT", "nan"),
        ("PUBLIC_URL", "book.example.org"),
    ],
)
def test_a_bad_setting_ends_the_start_with_one_line_that_names_it(
    name: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        settings(**{name: value})
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert name in said
    assert said.count("\n") == 1


def test_the_notifier_names_itself_to_mail_servers_without_asking_anybody() -> None:
    assert own_name("https://book.example.org:8443") == "book.example.org"
    assert own_name("http://127.0.0.1:8080") == "[127.0.0.1]"
    assert own_name("http://[::1]:8080") == "[IPv6:::1]"
