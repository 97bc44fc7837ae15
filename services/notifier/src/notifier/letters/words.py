"""The words of the mails about a booking. American spelling, plain sentences, nothing promised that isn't certain."""

from notifier.deliveries import DELETED_IN_ZOOM, LINK_REMOVED, MOVED_IN_ZOOM, REFUSAL, Occasion
from notifier.letters import Action, Addresses, Fact, Letter, moments, places
from notifier.letters.lines import block, one_line
from notifier.letters.openings import opening
from notifier.letters.people import canceler, other, short_start, title, zone

ASKS_THE_HOST = (REFUSAL, MOVED_IN_ZOOM, DELETED_IN_ZOOM)
"""Mails whose next step is on the booking's page."""


def write(occasion: Occasion, public_url: str) -> Letter:
    """Write the mail for `occasion`; its links lead to `public_url`."""
    addresses = Addresses(public_url)
    begins = opening(occasion)
    booking, canceled = occasion.change.booking, occasion.change.what == "canceled"
    return Letter(
        subject=one_line(f"{begins.subject}: {_what(occasion)}, {short_start(occasion)}"),
        preview=begins.lead,
        tone=begins.tone,
        headline=begins.headline,
        lead=begins.lead,
        notices=tuple(_notices(occasion)),
        when=Fact(_when(occasion), moments.span(booking.start, booking.end, zone(occasion))),
        sheet=None if canceled else moments.sheet(booking.start, zone(occasion)),
        facts=tuple(_facts(occasion)),
        button=_button(occasion, addresses),
        actions=tuple(_actions(occasion, addresses)),
        closing=_closing(occasion),
    )


def _what(occasion: Occasion) -> str:
    return title(occasion) if occasion.of_all_seats else f"{title(occasion)} with {other(occasion)}"


def _closing(occasion: Occasion) -> str:
    if occasion.of_all_seats:
        return "Punctual sent this mail about a session of yours. Nobody reads answers to it."
    return f"Punctual sent this mail about a booking. Reply to it to reach {other(occasion)}."


def _when(occasion: Occasion) -> str:
    if occasion.change.what == "canceled":
        return "Was to be"
    if occasion.kind == MOVED_IN_ZOOM:
        return "As booked"
    return "New time" if occasion.change.what == "rescheduled" and occasion.earlier else "When"


def _notices(occasion: Occasion) -> list[str]:
    found = [places.link_notice(occasion)]
    if occasion.change.what == "rescheduled" and occasion.kind in ("client_confirmation", "host_notification"):
        found.append("Should an earlier mail have given another time: this one holds.")
    if occasion.relinked and occasion.kind in ("client_rescheduled", "host_rescheduled") and occasion.join_url:
        found.append("The video link has changed, too. The earlier link no longer holds.")
    return [notice for notice in found if notice]


def _facts(occasion: Occasion) -> list[Fact]:
    booking = occasion.change.booking
    facts = _other_times(occasion)
    if occasion.change.what == "canceled":
        facts += [Fact("Canceled by", (canceler(occasion),)), Fact("Message", _message(occasion))]
    facts.append(Fact("Session", (f"{title(occasion)} ({moments.minutes(booking.start, booking.end)})",)))
    if not occasion.of_all_seats:
        facts += _other_side(occasion)
    if occasion.change.what != "canceled":
        facts += places.where(occasion)
    if occasion.recipient == "host" and not occasion.of_all_seats:
        facts += _what_the_client_wrote(occasion)
    return facts


def _other_times(occasion: Occasion) -> list[Fact]:
    facts = []
    if occasion.earlier:
        label = "Old time" if occasion.change.what == "rescheduled" else "Told before"
        facts.append(Fact(label, moments.span(*occasion.earlier, zone(occasion))))
    if occasion.kind == MOVED_IN_ZOOM and occasion.meeting and occasion.meeting.moved:
        facts.append(Fact("In Zoom now", moments.span(*occasion.meeting.moved, zone(occasion))))
    return facts


def _other_side(occasion: Occasion) -> list[Fact]:
    """Say whom the reader meets, and the time by which the other lives if that is another."""
    booking = occasion.change.booking
    if occasion.recipient == "client":
        facts, theirs = [Fact("Host", (one_line(booking.host.name),))], booking.host.timezone
    else:
        facts = [Fact("Client", (one_line(booking.client.name), one_line(booking.client.email)))]
        theirs = booking.client.timezone
    if not moments.same(booking.start, booking.end, zone(occasion), theirs):
        facts.append(Fact(f"{facts[0].label}'s time", moments.span(booking.start, booking.end, theirs)))
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


def _message(occasion: Occasion) -> tuple[str, ...]:
    reason = occasion.change.booking.cancel_reason or ""
    return block(reason) if reason.strip() else ("None was given",)


def _button(occasion: Occasion, addresses: Addresses) -> Action | None:
    if occasion.kind in ASKS_THE_HOST:
        label = "Open the booking" if occasion.kind == REFUSAL else "Decide on the booking's page"
        return Action(label, addresses.of(occasion))
    if occasion.change.what == "canceled" and occasion.recipient == "client":
        # The page of a host who has left is gone.
        return None if occasion.host_removed else Action("Book another time", addresses.offer(occasion))
    if occasion.recipient == "host" and occasion.outlook == "unavailable":
        return Action("Connect Zoom", addresses.connections())
    link = places.join_link(occasion)
    return Action("Join the video call", link) if link else None


def _actions(occasion: Occasion, addresses: Addresses) -> list[Action]:
    page = addresses.of(occasion)
    if occasion.kind in ASKS_THE_HOST:
        return []
    if occasion.of_all_seats:
        return [Action("See the bookings in the dashboard", addresses.bookings())]
    if occasion.recipient == "host":
        return [Action("Open the booking in the dashboard", page)]
    if occasion.change.what == "canceled":
        return [Action("See the canceled booking", page)]
    if occasion.kind == LINK_REMOVED:
        return [Action("See the booking", page)]
    return [Action("View, move or cancel the booking", page)]
