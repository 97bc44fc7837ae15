"""What the notifier says about its deliveries. No address is in here: the booking knows its people."""

from typing import ClassVar, Literal

from shared.events.base import Event, Moment


class _MailEvent(Event):
    booking_id: str
    host_id: str
    delivery_id: str
    kind: str
    recipient: Literal["client", "host"]
    version: int
    attempts: int

    @property
    def subject(self) -> str:
        return self.booking_id


class MailSent(_MailEvent):
    """The mail server took the mail."""

    type: ClassVar[str] = "mail.sent"
    sent_at: Moment


class MailFailed(_MailEvent):
    """The mail server did not take the mail. When `final`, nothing more is tried."""

    type: ClassVar[str] = "mail.failed"
    reason: str
    final: bool
    next_attempt_at: Moment | None = None
