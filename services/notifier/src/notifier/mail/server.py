"""Speaks SMTP with the mail server and says in words what became of each mail.

Answers are never quoted: servers repeat addresses in them. `answers` puts their codes into words.
"""

import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from types import TracebackType
from typing import Literal, Self

from notifier.mail import answers
from notifier.settings import MailServer

CONNECT_SECONDS = 10
ANSWER_SECONDS = 30
PERMANENT = 500
"""From this code on, SMTP means: don't try again."""


@dataclass(frozen=True)
class Outcome:
    """What became of a mail: taken, to be tried again, or refused for good with the reason in words."""

    state: Literal["sent", "later", "refused"]
    reason: str | None = None


SENT = Outcome("sent")


class Session:
    """One connection for a number of mails, opened with the first and opened again after a mail has broken it.

    Once the server can't be reached at all, the other mails of the session are not tried: they share the outcome.
    """

    def __init__(self, server: MailServer, own_name: str) -> None:
        self._server = server
        self._own_name = own_name
        self._smtp: smtplib.SMTP | None = None
        self._unreachable: Outcome | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hang_up()

    def send(self, mail: EmailMessage, *, sender: str, recipient: str) -> Outcome:
        """Hand over one mail. Never raises for anything that the server or the network does."""
        if self._unreachable is not None:
            return self._unreachable
        if self._smtp is None:
            try:
                self._smtp = _connect(self._server, self._own_name)
            except (smtplib.SMTPException, OSError, ValueError) as error:
                self._unreachable = Outcome("later", _why_unreachable(error))
                return self._unreachable
        try:
            self._smtp.send_message(mail, from_addr=sender, to_addrs=[recipient])
        except (smtplib.SMTPException, OSError, ValueError) as error:
            # Only after a plain refusal does the same connection take the next mail.
            refused = isinstance(error, (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused))
            if not refused or self._smtp.sock is None:
                self._hang_up()
            return _outcome(error)
        return SENT

    def _hang_up(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            # A server that dies at QUIT has taken the mails already.
            with suppress(smtplib.SMTPException, OSError):
                smtp.quit()
            smtp.close()


def _connect(server: MailServer, own_name: str) -> smtplib.SMTP:
    if server.security == "tls":
        context = ssl.create_default_context()
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, local_hostname=own_name, timeout=CONNECT_SECONDS, context=context
        )
    else:
        smtp = smtplib.SMTP(server.host, server.port, local_hostname=own_name, timeout=CONNECT_SECONDS)
    try:
        if smtp.sock is not None:
            smtp.sock.settimeout(ANSWER_SECONDS)
        if server.security == "starttls":
            smtp.starttls(context=ssl.create_default_context())
        smtp.ehlo_or_helo_if_needed()
        if server.user is not None and server.password is not None:
            smtp.login(server.user, server.password)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _why_unreachable(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"the mail server refused our sign-in ({error.smtp_code})"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "the mail server does not offer the encryption or the sign-in that it is set up for"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the mail server does not accept connections ({error.smtp_code})"
    if isinstance(error, ssl.SSLError):
        return "no encrypted connection to the mail server could be made"
    if isinstance(error, socket.gaierror):
        return "the mail server's name can't be found"
    return "the mail server did not answer in time" if _timed_out(error) else "the mail server can't be reached"


def _outcome(error: Exception) -> Outcome:
    if isinstance(error, (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused)):
        return _answered(error)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Outcome("refused", "the mail server does not take addresses with letters other than ASCII")
    if isinstance(error, ValueError):
        return Outcome("refused", "the address can't be written in SMTP")
    if _timed_out(error):
        return Outcome("later", "the mail server did not answer in time")
    return Outcome("later", "the connection to the mail server broke")


def _answered(error: smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused) -> Outcome:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = max(error.recipients.values(), default=(0, b""))
        return _refusal(code, said, answers.RECIPIENT)
    if isinstance(error, smtplib.SMTPSenderRefused) and error.smtp_code >= PERMANENT:
        # What the server has against our own address is not the recipient's fault, and somebody can mend it.
        return Outcome("later", f"the mail server refused our sender's address ({error.smtp_code})")
    return _refusal(error.smtp_code, error.smtp_error, answers.MAIL)


def _refusal(code: int, said: bytes | str, what: str) -> Outcome:
    return Outcome("refused" if code >= PERMANENT else "later", answers.in_words(code, said, what))


def _timed_out(error: BaseException | None) -> bool:
    # smtplib hides a time-out while it reads an answer inside its own "disconnected".
    return isinstance(error, TimeoutError) or (error is not None and isinstance(error.__context__, TimeoutError))
