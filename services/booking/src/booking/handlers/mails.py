"""What the timeline says about mails. The state of each delivery is kept by the notifier."""

from datetime import datetime

from sqlalchemy import Connection

from booking import storage
from booking.storage import Line
from shared import logs
from shared.events import MailFailed, MailSent

log = logs.get(__name__)

MAILS = {
    "confirmation": "confirmation",
    "notification": "notification of the booking",
    "rescheduled": "mail about the new time",
    "canceled": "mail about the cancellation",
    "link": "mail with the video link",
    "link_changed": "mail with the new video link",
    "link_removed": "mail that the video link is gone",
    "link_failed": "mail about the refused meeting",
    "meeting_failed": "mail about the refused meeting",
    "moved_in_zoom": "mail about the meeting that was moved in Zoom",
    "deleted_in_zoom": "mail about the meeting that was deleted in Zoom",
    "reminder": "reminder",
}


def mail_is_out(event: MailSent, tx: Connection, now: datetime) -> None:  # noqa: ARG001
    """Let the host see that this side has been told."""
    detail = {"kind": event.kind, "version": event.version, "attempts": event.attempts}
    line = Line(event.sent_at, event.type, f"The {_mail(event)} was sent to the {event.recipient}.", detail)
    _note(tx, event, f"mail:{event.delivery_id}:sent", line)


def mail_is_late_or_lost(event: MailFailed, tx: Connection, now: datetime) -> None:
    """Let the host see that this side does not know yet, or will not be told by us."""
    reason = event.reason.strip().rstrip(".")
    outcome = "could not be delivered to" if event.final else "was not sent yet to"
    detail = {
        "kind": event.kind,
        "version": event.version,
        "attempts": event.attempts,
        "final": event.final,
        "next_attempt_at": event.next_attempt_at.isoformat() if event.next_attempt_at else None,
    }
    line = Line(now, event.type, f"The {_mail(event)} {outcome} the {event.recipient}: {reason}.", detail)
    _note(tx, event, f"mail:{event.delivery_id}:{event.attempts}:failed", line)


def _note(tx: Connection, event: MailSent | MailFailed, news: str, line: Line) -> None:
    if storage.booking(tx, event.booking_id) is None:
        log.warning("news_of_unknown_booking", type=event.type, booking_id=event.booking_id)
        return
    storage.note(tx, event.booking_id, news, line)


def _mail(event: MailSent | MailFailed) -> str:
    return MAILS.get(event.kind.removeprefix(f"{event.recipient}_"), "mail")
