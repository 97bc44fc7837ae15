"""How each kind of mail begins: its subject, its headline and its first sentence, and what strikes the eye."""

from collections.abc import Callable
from dataclasses import dataclass

from notifier.deliveries import Occasion
from notifier.letters import Tone
from notifier.letters.people import canceler, other


@dataclass(frozen=True)
class Opening:
    """`subject` is what happened, in a few words; what it is about and when follow it."""

    subject: str
    tone: Tone
    headline: str
    lead: str


def opening(occasion: Occasion) -> Opening:
    """Give the beginning of this mail."""
    return _OPENINGS[occasion.kind](occasion)


def _confirmation(occasion: Occasion) -> Opening:
    lead = f"You have an appointment with {other(occasion)}. Here is all that you need."
    return Opening("Booked", "good", "Your session is booked", lead)


def _notification(occasion: Occasion) -> Opening:
    lead = f"{other(occasion)} has an appointment with you."
    return Opening("New booking", "good", "You have a new booking", lead)


def _rescheduled(occasion: Occasion) -> Opening:
    by = occasion.change.by
    whose = "Your" if occasion.recipient == "client" else "A"
    if by is None:
        happened = f"The session with {other(occasion)} was moved."
    elif by == occasion.recipient:
        happened = f"You moved the session with {other(occasion)}."
    else:
        happened = f"{other(occasion)} moved the session with you."
    holds = "Only the new time holds." if occasion.earlier else "It takes place at the time that you know already."
    return Opening("Moved", "news", f"{whose} session was moved", f"{happened} {holds}")


def _canceled(occasion: Occasion) -> Opening:
    whose = "Your" if occasion.recipient == "client" else "A"
    by = occasion.change.booking.canceled_by
    if by is None:
        happened = f"The session with {other(occasion)} was canceled."
    elif by == occasion.recipient:
        happened = f"You canceled the session with {other(occasion)}."
    else:
        happened = f"{canceler(occasion)} canceled the session with you."
    return Opening("Canceled", "off", f"{whose} session was canceled", f"{happened} It no longer takes place.")


def _link(occasion: Occasion) -> Opening:
    lead = f"The video link for the session with {other(occasion)} is ready."
    return Opening("Video link", "good", "Here is the video link", lead)


def _link_changed(occasion: Occasion) -> Opening:
    lead = f"Please use this link for the session with {other(occasion)}. The earlier link no longer holds."
    return Opening("New video link", "news", "The video link has changed", lead)


def _link_removed(occasion: Occasion) -> Opening:
    lead = f"The session with {other(occasion)} takes place as booked, but not at the Zoom link that you may have."
    return Opening("No video link any more", "care", "The Zoom link no longer holds", lead)


def _refusal(occasion: Occasion) -> Opening:
    stands = f"The booking of {other(occasion)} stands, but it has"
    lead = f"{'Its bookings stand, but they have' if occasion.of_all_seats else stands} no video link."
    return Opening("No video link", "care", "Zoom refuses to make the meeting", lead)


def _moved_in_zoom(occasion: Occasion) -> Opening:
    lead = f"In Zoom the meeting is at another time than was booked. {_untold(occasion)}"
    return Opening("Moved in Zoom", "care", "Which time is to hold?", lead)


def _deleted_in_zoom(occasion: Occasion) -> Opening:
    stand = "Its bookings stand, but their" if occasion.of_all_seats else "The booking stands, but its"
    lead = f"{stand} Zoom meeting is gone. {_untold(occasion)}"
    return Opening("Deleted in Zoom", "care", "The meeting was deleted in Zoom", lead)


def _untold(occasion: Occasion) -> str:
    return "No client has been told." if occasion.of_all_seats else f"{other(occasion)} has not been told."


def _reminder(occasion: Occasion) -> Opening:
    if occasion.of_all_seats:
        lead = "This reminds you of your group session. The dashboard shows who has booked a seat."
        return Opening("Reminder", "news", "A group session is coming up", lead)
    whose = "Your" if occasion.recipient == "client" else "A"
    lead = f"This reminds you of the session with {other(occasion)}."
    return Opening("Reminder", "news", f"{whose} session is coming up", lead)


_OPENINGS: dict[str, Callable[[Occasion], Opening]] = {
    "client_confirmation": _confirmation,
    "host_notification": _notification,
    "client_rescheduled": _rescheduled,
    "host_rescheduled": _rescheduled,
    "client_canceled": _canceled,
    "host_canceled": _canceled,
    "client_link": _link,
    "host_link": _link,
    "client_link_changed": _link_changed,
    "host_link_changed": _link_changed,
    "client_link_removed": _link_removed,
    "host_link_failed": _refusal,
    "host_moved_in_zoom": _moved_in_zoom,
    "host_deleted_in_zoom": _deleted_in_zoom,
    "client_reminder": _reminder,
    "host_reminder": _reminder,
}
