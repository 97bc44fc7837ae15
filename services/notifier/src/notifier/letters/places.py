"""Where a session takes place, and what can honestly be said about its video link."""

from notifier.deliveries import Occasion
from notifier.letters import Addresses, Fact
from notifier.letters.lines import block, one_line, web_link

WHERE = {"video": "Video call", "phone": "By phone", "in_person": "In person"}


def join_link(occasion: Occasion) -> str | None:
    """Give the link to join, if there is one that holds: Zoom's, or the host's own."""
    if occasion.newer is not None or occasion.change.what == "canceled":
        return None
    location = occasion.change.booking.location
    if location.kind == "video" and location.provider == "custom":
        return web_link(location.detail)
    return web_link(occasion.join_url)


def where(occasion: Occasion) -> list[Fact]:
    """Describe the place, with the link and the passcode once they are known."""
    location = occasion.change.booking.location
    if location.kind == "video" and location.provider == "zoom":
        facts = [Fact("Where", ("Zoom video call",))]
    else:
        detail = () if join_link(occasion) or not location.detail else block(location.detail)
        facts = [Fact("Where", (WHERE[location.kind], *detail))]
    if link := join_link(occasion):
        facts.append(Fact("Join link", (link,), href=link))
        if location.provider == "zoom" and occasion.meeting and occasion.meeting.passcode:
            facts.append(Fact("Passcode", (one_line(occasion.meeting.passcode),)))
        if (
            occasion.recipient == "host"
            and occasion.outlook == "ready"
            and occasion.meeting
            and occasion.meeting.reason
        ):
            facts.append(Fact("About the link", (one_line(occasion.meeting.reason),)))
    return facts


def link_notice(occasion: Occasion, addresses: Addresses) -> str | None:
    """Say why there is no link yet and what happens next. Nothing in doubt is promised."""
    booking = occasion.change.booking
    words = _TO_CLIENT if occasion.recipient == "client" else _TO_HOST
    sentences = words.get(occasion.outlook)
    if sentences is None:
        return None
    return " ".join(sentences).format(
        host=one_line(booking.host.name),
        client=one_line(booking.client.name),
        connections=addresses.connections(),
        reason=_reason(occasion),
    )


def _reason(occasion: Occasion) -> str:
    given = one_line(occasion.meeting.reason or "") if occasion.meeting else ""
    return given or "Zoom gave no reason that we could read."


_TO_CLIENT = {
    "pending": (
        "The Zoom link is still being prepared. Your booking stands.",
        "You get the link in a mail of its own as soon as it exists, and it then shows on your booking's page too.",
    ),
    "delayed": (
        "Zoom can't be reached or can't do it just now, so there is no link yet. Your booking stands.",
        "We keep trying, and you get the link in a mail of its own as soon as it exists.",
    ),
    "unavailable": (
        "There is no link yet, because {host}'s Zoom account isn't connected at the moment. Your booking stands.",
        "Once the account is connected, you get the link in a mail of its own.",
    ),
    "failed": (
        "The meeting could not be made in Zoom, so there is no link. Your booking stands and {host} has been told.",
        "If you hear nothing more before the session, please reply to this mail to reach {host}.",
    ),
    "removed": (
        "There is no link at the moment, because the meeting was deleted in Zoom. Your booking stands.",
        "Please reply to this mail to ask {host} how to meet.",
    ),
}
_TO_HOST = {
    "pending": (
        "The Zoom link is still being prepared.",
        "You and {client} get it in a mail of its own as soon as it exists.",
    ),
    "delayed": (
        "There is no link yet. {reason}",
        "You and {client} get the link in a mail of its own as soon as it exists.",
    ),
    "unavailable": (
        "There is no link yet. {reason}",
        "You connect Zoom at {connections}; you and {client} then get the link in a mail of its own.",
    ),
    "failed": (
        "The meeting could not be made in Zoom, so there is no link, and it isn't tried again by itself. {reason}",
        "When the cause is mended, use 'Try again' on the booking's page, or tell {client} another way to meet.",
    ),
    "removed": (
        "There is no link at the moment, because the meeting was deleted in Zoom.",
        "Use 'Try again' on the booking's page to make it anew, or tell {client} another way to meet.",
    ),
}
