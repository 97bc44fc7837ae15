"""Where a session takes place, and what can honestly be said about its video link."""

from notifier.deliveries import Occasion
from notifier.letters import Fact
from notifier.letters.lines import block, one_line, web_link

WHERE = {"video": "Video call", "phone": "By phone", "in_person": "In person"}


def join_link(occasion: Occasion) -> str | None:
    """Give the link to join, if there is one that holds: Zoom's, or the host's own."""
    if occasion.change.what == "canceled":
        return None
    location = occasion.change.booking.location
    if location.kind == "video" and location.provider == "custom":
        return web_link(location.detail)
    return web_link(occasion.join_url)


def where(occasion: Occasion) -> list[Fact]:
    """Describe the place, with the link and the passcode once they are known."""
    location = occasion.change.booking.location
    if location.kind == "video" and location.provider == "zoom":
        gone = occasion.outlook == "removed"
        facts = [Fact("Where", ("Video call, at present without a Zoom link" if gone else "Zoom video call",))]
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


def link_notice(occasion: Occasion) -> str | None:
    """Say why there is no link and what happens next. Nothing in doubt is promised."""
    booking = occasion.change.booking
    about = _ABOUT | _ABOUT_ALL_SEATS if occasion.of_all_seats else _ABOUT
    outlooks = _TO_CLIENT if occasion.recipient == "client" else _TO_HOST
    sentences = about.get(occasion.kind) or outlooks.get(occasion.outlook)
    if sentences is None:
        return None
    return " ".join(sentences).format(
        host=one_line(booking.host.name),
        client=one_line(booking.client.name),
        reason=_reason(occasion),
        step=STEPS.get((occasion.meeting and occasion.meeting.cause) or "", NEXT_STEP),
    )


def _reason(occasion: Occasion) -> str:
    given = one_line(occasion.meeting.reason or "") if occasion.meeting else ""
    return given or "Zoom gave no reason that we could read."


NEXT_STEP = "When the cause is mended, use 'Try again' on the booking's page, or tell your client another way to meet."
STEPS = {
    "zoom_200": "Upgrade the Zoom account, then use 'Try again' on the booking's page.",
    "zoom_3161": "Ask the administrator of your Zoom account to let you schedule meetings, then use 'Try again' on the"
    " booking's page.",
    "zoom_1001": "Connect Zoom again on the dashboard, then use 'Try again' on the booking's page.",
    "over": "There is nothing to do for this one.",
}
"""What mends a refusal, by the connector's word for it."""
_ABOUT = {
    "client_link_removed": (
        "{host} has deleted the Zoom meeting and keeps it so.",
        "Please reply to this mail to ask how to meet.",
    ),
    "host_moved_in_zoom": (
        "On the booking's page you either take over Zoom's time, and {client} gets a mail with it,",
        "or put the meeting back to the time that was booked. The link stays the same.",
    ),
    "host_deleted_in_zoom": (
        "On the booking's page you either have the meeting made anew, and {client} gets the new link,",
        "or leave it deleted, and {client} hears that the link no longer holds.",
    ),
}
"""What some kinds of mail say whatever else is known."""
_ABOUT_ALL_SEATS = {
    "host_moved_in_zoom": (
        "On the page of each booking you take over Zoom's time for its client, who gets a mail with it and the link.",
        "Or, on any of them, you put the meeting back to the time that was booked, for all.",
    ),
    "host_deleted_in_zoom": (
        "On the page of any of the bookings you either have the meeting made anew, and each client gets the new link,",
        "or leave it deleted, and each client hears that the link no longer holds.",
    ),
}
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
        "Once you connect Zoom, you and {client} get the link in a mail of its own.",
    ),
    "failed": (
        "The meeting could not be made in Zoom, so there is no link, and it isn't tried again by itself. {reason}",
        "{step}",
    ),
    "removed": (
        "There is no link at the moment, because the meeting was deleted in Zoom.",
        "Use 'Try again' on the booking's page to make it anew, or tell {client} another way to meet.",
    ),
}
