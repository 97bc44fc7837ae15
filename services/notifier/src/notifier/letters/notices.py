"""The words of the mails that are about no booking: the connection to Zoom, and the host's account."""

from collections.abc import Callable
from datetime import datetime

from notifier.deliveries.notices import Addressee, Notice
from notifier.letters import Action, Addresses, Fact, Letter, Tone, moments
from notifier.letters.lines import one_line, web_link

IGNORE = "If you did not ask for this, ignore this mail: nothing changes."
NOT_YOU = "If that was not you, choose a new password at once"


def write(notice: Notice, reader: Addressee, public_url: str) -> Letter:
    """Write the mail to `reader`; its links lead to `public_url` or where the gateway said."""
    return _LETTERS[notice.kind](notice, reader, Addresses(public_url))


def _letter(
    subject: str,
    tone: Tone,
    headline: str,
    lead: str,
    *,
    about: str,
    notices: tuple[str, ...] = (),
    facts: tuple[Fact, ...] = (),
    button: Action | None = None,
) -> Letter:
    closing = f"Punctual sent this mail about your {about}. Nobody reads answers to it."
    return Letter(one_line(subject), lead, tone, headline, lead, notices, None, None, facts, button, (), closing)


def _needs_reconnect(notice: Notice, reader: Addressee, to: Addresses) -> Letter:  # noqa: ARG001 - as all of them
    return _letter(
        "Please connect Zoom again: no new video links until then",
        "care",
        "Please connect Zoom again",
        "Zoom no longer accepts the permission that you gave Punctual. Bookings go on as usual; their video links are"
        " made and sent as soon as you have connected again.",
        about="connection to Zoom",
        facts=(Fact("Reason", (one_line(notice.data.get("reason") or "") or "Zoom gave none",)),),
        button=Action("Connect Zoom again", to.connections()),
    )


def _disconnected(notice: Notice, reader: Addressee, to: Addresses) -> Letter:
    in_zoom = notice.data.get("cause") == "deauthorized"
    lead = (
        "Somebody with access to your Zoom account has removed Punctual there."
        if in_zoom
        else "Your Zoom account was disconnected on the dashboard of Punctual."
    )
    return _letter(
        "Punctual was removed in Zoom" if in_zoom else "Zoom is disconnected from Punctual",
        "off",
        "Punctual was removed in Zoom" if in_zoom else "Zoom is disconnected",
        f"{lead} Punctual has erased the permission and what it kept about the account.",
        about="connection to Zoom",
        notices=() if in_zoom else ("If that was not you, change your password and look at your sign-ins.",),
        facts=(
            Fact("When", (moments.moment(notice.created_at, reader.timezone),)),
            Fact("What stays", ("Your bookings, and the meetings in your Zoom account with their links",)),
            Fact("New bookings", ("They are accepted without a video link until you connect Zoom",)),
        ),
        button=Action("See the connection", to.connections()),
    )


def _links_waiting(notice: Notice, reader: Addressee, to: Addresses) -> Letter:
    waiting = int(notice.data.get("waiting") or 0)
    links = "1 booking waits for its video link" if waiting == 1 else f"{waiting} bookings wait for their video links"
    if notice.data.get("cause") != "quota":
        return _letter(
            f"{links}: Zoom is not connected",
            "care",
            links,
            "Zoom is not connected. The bookings stand; their links are made and sent as soon as you connect it.",
            about="connection to Zoom",
            button=Action("Connect Zoom", to.connections()),
        )
    until = notice.data.get("until")
    facts = (Fact("It goes on", (moments.moment(datetime.fromisoformat(until), reader.timezone),)),) if until else ()
    return _letter(
        f"{links}: Zoom's limit for today is reached",
        "news",
        links,
        "Zoom allows a hundred new or changed meetings a day, and today's are used up. The bookings stand; the links"
        " are made by themselves once Zoom allows it, nearest appointments first. There is nothing for you to do.",
        about="connection to Zoom",
        facts=facts,
        button=Action("See the bookings", to.bookings()),
    )


def _password_reset(notice: Notice, reader: Addressee, to: Addresses) -> Letter:  # noqa: ARG001 - as all of them
    return _letter(
        "Choose a new password for Punctual",
        "news",
        "Choose a new password",
        "Somebody, most likely you, asked for a new password. Until you choose one, the old one holds.",
        about="account",
        notices=(IGNORE,),
        facts=_valid_until(notice, reader),
        button=_link(notice, "Choose a new password"),
    )


def _password_changed(notice: Notice, reader: Addressee, to: Addresses) -> Letter:
    return _letter(
        "Your password for Punctual was changed",
        "news",
        "Your password was changed",
        "The password of your account is a new one.",
        about="account",
        notices=(f"{NOT_YOU}.",),
        facts=(Fact("When", (moments.moment(notice.created_at, reader.timezone),)),),
        button=_link(notice, "That was not me") or Action("Go to the sign-in", to.sign_in()),
    )


def _email_change(notice: Notice, reader: Addressee, to: Addresses) -> Letter:  # noqa: ARG001 - as all of them
    return _letter(
        "Confirm your new e-mail address for Punctual",
        "news",
        "Confirm your new e-mail address",
        "This address is to become the one of your account. It does so when you confirm it.",
        about="account",
        notices=(IGNORE,),
        facts=_valid_until(notice, reader),
        button=_link(notice, "Confirm this address"),
    )


def _email_changed(notice: Notice, reader: Addressee, to: Addresses) -> Letter:
    return _letter(
        "Your e-mail address for Punctual was changed",
        "news",
        "Your e-mail address was changed",
        "Your account has another e-mail address now. Mails about it no longer go to this one.",
        about="account",
        notices=(f"{NOT_YOU}, or ask whoever runs this Punctual for help.",),
        facts=(Fact("When", (moments.moment(notice.created_at, reader.timezone),)),),
        button=_link(notice, "That was not me") or Action("Go to the sign-in", to.sign_in()),
    )


def _link(notice: Notice, label: str) -> Action | None:
    link = web_link(notice.data.get("link"))
    return Action(label, link) if link else None


def _valid_until(notice: Notice, reader: Addressee) -> tuple[Fact, ...]:
    if notice.expires_at is None:
        return ()
    return (Fact("Valid until", (moments.moment(notice.expires_at, reader.timezone),)),)


_LETTERS: dict[str, Callable[[Notice, Addressee, Addresses], Letter]] = {
    "host_needs_reconnect": _needs_reconnect,
    "host_zoom_disconnected": _disconnected,
    "host_links_waiting": _links_waiting,
    "password_reset": _password_reset,
    "password_changed": _password_changed,
    "email_change": _email_change,
    "email_changed": _email_changed,
}
KINDS: tuple[str, ...] = tuple(_LETTERS)
