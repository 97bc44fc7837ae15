"""What the gateway announces about accounts: mails that only it can ask for."""

from typing import ClassVar, Literal

from shared.events.base import Event, Moment


class AccountMailRequested(Event):
    """A person is to get a mail about the own account, with a link that only its reader may use until it expires.

    `to` may be an address that is not the host's yet, and then nobody else learns it.
    """

    type: ClassVar[str] = "account.mail_requested"
    host_id: str
    kind: Literal["password_reset", "password_changed", "email_change", "email_changed"]
    to: str
    name: str
    link: str | None = None
    expires_at: Moment | None = None

    @property
    def subject(self) -> str:
        """The id of the host."""
        return self.host_id
