"""The words of each kind of mail. American spelling, plain sentences, nothing promised that isn't certain."""

from collections.abc import Callable
from dataclasses import dataclass

from notifier.deliveries import Occasion
from notifier.letters import Action, Addresses, Fact, Letter, moments, places
from notifier.letters.lines import block, one_line


@dataclass(frozen=True)
class _Opening:
    subject: str
    headline: str
    lead: str


def write(occasion: Occasion, public_url: str) -> Letter:
    """Write the mail for `occasion`; its links lead to `public_url`."""
    addresses = Addresses(public_url)
    opening = _OPENINGS[occasion.kind](occasion)
    subject = f"{opening.subject}: {_title(occasion)} with {_other(occasion)}, {_short_start(occasion)}"
    notices = [_newer(occasion)] if occasion.newer else [places.link_notice(occasion, addresses)]
    return Letter(
        subject=one_line(subject),
        headline=opening.headline,
        lead=opening.lead,
        notices=tuple(notice for notice in notices if notice),
        facts=tuple(_facts(occasion)),
        join_link=places.join_link(occasion),
        actions=tuple(_actions(occasion, addresses)),
        closing=f"Punctual sent this mail about a booking. Reply to it to reach {_other(occasion)}.",
    )


def _facts(occasion: Occasion) -> list[Fact]:
    booking = occasion.change.booking
    length = moments.minutes(booking.start, booking.end)
    facts = [Fact("Session", (f"{_title(occasion)} ({length})",))]
    if occasion.recipient == "client":
        facts.append(Fact("Host", (one_line(booking.host.name),)))
    else:
        facts.append(Fact("Client", (one_line(booking.client.name), one_line(booking.client.email))))
    facts += _times(occasion)
    if occasion.change.what == "canceled":
        facts += [Fact("Canceled by", (_canceler(occasion),)), Fact("Reason", _reason(occasion))]
    else:
        facts += places.where(occasion)
    if occasion.recipient == "host":
        facts += _what_the_client_wrote(occasion)
    return facts


def _times(occasion: Occasion) -> list[Fact]:
    booking, change = occasion.change.booking, occasion.change
    mine, theirs, whose = booking.client.timezone, booking.host.timezone, one_line(booking.host.name)
    if occasion.recipient == "host":
        mine, theirs, whose = theirs, mine, one_line(booking.client.name)
    now = "New time" if change.what == "rescheduled" else "When"
    facts = [Fact(now, moments.span(booking.start, booking.end, mine))]
    if mine != theirs:
        facts.append(Fact(f"For {whose}", moments.span(booking.start, booking.end, theirs)))
    if change.previous_start and change.previous_end:
        facts.append(Fact("Old time", moments.span(change.previous_start, change.previous_end, mine)))
    return facts


def _what_the_client_wrote(occasion: Occasion) -> list[Fact]:
    booking = occasion.change.booking
    labels = {question.key: one_line(question.label) for question in booking.questions}
    facts = [
        Fact(labels.get(key) or one_line(key) or "Answer", block(answer))
        for key, answer in booking.answers.items()
        if answer.strip()
    ]
    return facts + ([Fact("Notes", block(booking.notes))] if booking.notes.strip() else [])


def _actions(occasion: Occasion, addresses: Addresses) -> list[Action]:
    page = addresses.of(occasion)
    if occasion.recipient == "host":
        return [Action("Open the booking in the dashboard", page)]
    if occasion.change.what == "canceled":
        return [Action("See the canceled booking", page), Action("Book another time", addresses.offer(occasion))]
    if occasion.newer:
        return [Action("See the booking as it is now", page)]
    return [Action("View, move or cancel the booking", page)]


def _newer(occasion: Occasion) -> str:
    if occasion.newer is None:
        return ""
    happened = "canceled" if occasion.newer.what == "canceled" else "moved to another time"
    follows = (
        "A newer mail, sent to you already, says what holds."
        if occasion.newer_sent
        else "A newer mail follows and says what holds."
    )
    return f"Since then this booking was {happened}. {follows}"


def _client_confirmation(occasion: Occasion) -> _Opening:
    if occasion.newer:
        return _Opening(f"Booked, then {_then(occasion)}", "You made a booking", "This is what you booked.")
    return _Opening(
        "Booked", "Your session is booked", f"You have an appointment with {_other(occasion)}. Here are the details."
    )


def _host_notification(occasion: Occasion) -> _Opening:
    if occasion.newer:
        return _Opening(
            f"New booking, then {_then(occasion)}", "A session was booked", f"This is what {_other(occasion)} booked."
        )
    return _Opening("New booking", "A session was booked", f"{_other(occasion)} booked a session with you.")


def _rescheduled(occasion: Occasion) -> _Opening:
    lead = (
        "This was the move; the session had the old time before."
        if occasion.newer
        else f"The session with {_other(occasion)} has a new time. The old time no longer holds."
    )
    whose = "Your" if occasion.recipient == "client" else "A"
    subject = f"Moved, then {_then(occasion)}" if occasion.newer else "Moved"
    return _Opening(subject, f"{whose} session was moved", lead)


def _canceled(occasion: Occasion) -> _Opening:
    whose = "Your" if occasion.recipient == "client" else "A"
    return _Opening(
        "Canceled", f"{whose} session was canceled", f"{_cancel_sentence(occasion)} It no longer takes place."
    )


def _link(occasion: Occasion) -> _Opening:
    if occasion.relinked:
        return _Opening(
            "New video link",
            "The video link has changed",
            f"Please use this link for the session with {_other(occasion)}. The earlier link no longer holds.",
        )
    return _Opening(
        "Video link", "Here is the video link", f"This is the link for the session with {_other(occasion)}."
    )


def _refusal(occasion: Occasion) -> _Opening:
    return _Opening(
        "No video link",
        "The meeting could not be made in Zoom",
        f"The booking of {_other(occasion)} stands, but it has no video link.",
    )


_OPENINGS: dict[str, Callable[[Occasion], _Opening]] = {
    "client_confirmation": _client_confirmation,
    "host_notification": _host_notification,
    "client_rescheduled": _rescheduled,
    "host_rescheduled": _rescheduled,
    "client_canceled": _canceled,
    "host_canceled": _canceled,
    "client_link": _link,
    "host_link": _link,
    "host_meeting_failed": _refusal,
}


def _then(occasion: Occasion) -> str:
    return "canceled" if occasion.newer and occasion.newer.what == "canceled" else "moved"


def _canceler(occasion: Occasion) -> str:
    booking = occasion.change.booking
    if booking.canceled_by is None:
        return "Not recorded"
    if booking.canceled_by == occasion.recipient:
        return "You"
    return one_line(booking.client.name if booking.canceled_by == "client" else booking.host.name)


def _cancel_sentence(occasion: Occasion) -> str:
    who = occasion.change.booking.canceled_by
    if who is None:
        return f"The session with {_other(occasion)} was canceled."
    if who == occasion.recipient:
        return f"You canceled the session with {_other(occasion)}."
    return f"{_canceler(occasion)} canceled the session with you."


def _reason(occasion: Occasion) -> tuple[str, ...]:
    reason = occasion.change.booking.cancel_reason or ""
    return block(reason) if reason.strip() else ("None was given",)


def _title(occasion: Occasion) -> str:
    return one_line(occasion.change.booking.session_type.title)


def _other(occasion: Occasion) -> str:
    booking = occasion.change.booking
    return one_line(booking.host.name if occasion.recipient == "client" else booking.client.name)


def _short_start(occasion: Occasion) -> str:
    booking = occasion.change.booking
    zone = booking.client.timezone if occasion.recipient == "client" else booking.host.timezone
    return moments.short(booking.start, zone)
