"""What each mail says, the same in HTML and in text."""

import html
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import lxml.html
import pytest

from notifier.deliveries import FIRST, LINK, REFUSAL, Change, Meeting, Occasion, Outlook, Recipient
from notifier.letters import Letter, lines, moments, render, words
from shared.events import ClientFacts, HostFacts, LocationFacts, SessionTypeFacts
from unit.notifier.notifier_facts import BOOKING, PUBLIC_URL, REFERENCE, change, ready
from unit.notifier.notifier_facts import LINK as JOIN
from unit.notifier.notifier_samples import SAMPLES
from unit.notifier.notifier_samples import letter as example_letter

EVERY = [kind for kinds in FIRST.values() for kind in kinds.values()] + [*LINK.values(), REFUSAL]


def about(kind: str, version: Change | None = None, outlook: Outlook = "ready", **known: Any) -> Occasion:
    """Give the occasion of one mail; with a link unless said otherwise."""
    recipient: Recipient = "client" if kind.startswith("client") else "host"
    what: Any = {"rescheduled": "rescheduled", "canceled": "canceled"}.get(kind.partition("_")[2], "booked")
    version = version or change(1 if what == "booked" else 2, what)
    meeting = ready(version.version) if outlook == "ready" else known.pop("meeting", None)
    return Occasion(BOOKING, kind, recipient, version, outlook, meeting, **known)


def letter(kind: str, *args: Any, **known: Any) -> Letter:
    return words.write(about(kind, *args, **known), PUBLIC_URL)


def both(given: Letter) -> tuple[str, str]:
    """Give the words of the HTML and of the text, white space evened out."""
    page = re.sub(r"<(style|title)>.*?</\1>", "", render.html(given), flags=re.DOTALL)
    seen = html.unescape(re.sub(r"<[^>]+>", " ", page))
    return " ".join(seen.split()), " ".join(render.text(given).split())


def outlook_of(kind: str) -> Outlook:
    return "none" if "canceled" in kind else "failed" if kind == REFUSAL else "ready"


def spoken(page: str) -> set[str]:
    """Give the words that a screen reader says."""
    tree: Any = lxml.html.document_fromstring(page)
    for hidden in tree.xpath("//*[@aria-hidden='true'] | //style | //title"):
        hidden.drop_tree()
    return bare(" ".join(tree.itertext()))


def bare(text: str) -> set[str]:
    return {word.rstrip(":") for word in text.split()}


@pytest.mark.parametrize("name", SAMPLES)
def test_html_and_text_say_the_same(name: str) -> None:
    given = example_letter(name)
    steps = [step for step in (given.button, *given.actions) if step]
    assert spoken(render.html(given)) == bare(render.text(given)) - {
        step.href for step in steps if step is not given.button or not given.button_is_said
    }
    seen, read = both(given)
    parts = [given.headline, given.lead, *given.notices, given.closing, *(step.label for step in given.actions)]
    parts += [line for fact in (given.when, *given.facts) if fact for line in (fact.label, *fact.lines)]
    for part in parts:
        assert " ".join(part.split()) in seen
        assert " ".join(part.split()) in read
    for step in steps:
        assert f'href="{html.escape(step.href)}"' in render.html(given)
        assert step.href in read


@pytest.mark.parametrize("name", SAMPLES)
def test_a_page_names_its_language_has_one_heading_and_tells_layout_from_tables(name: str) -> None:
    tree: Any = lxml.html.document_fromstring(render.html(example_letter(name)))
    assert tree.get("lang") == "en"
    assert len(tree.xpath("//h1")) == 1
    for table in tree.xpath("//table"):
        rows = table.xpath("./tr[th[@scope='row']]")
        assert (table.get("role") == "presentation") is (rows == [])
    assert tree.xpath("//img | //script | //link | //iframe | //*[@src]") == []


@pytest.mark.parametrize(
    ("by", "client_reads", "host_reads"),
    [
        ("client", "You moved the session with Ada Lovelace.", "Jörg Müller moved the session with you."),
        ("host", "Ada Lovelace moved the session with you.", "You moved the session with Jörg Müller."),
        (None, "The session with Ada Lovelace was moved.", "The session with Jörg Müller was moved."),
    ],
)
def test_a_move_names_who_made_it(by: Recipient | None, client_reads: str, host_reads: str) -> None:
    version = change(2, "rescheduled", by=by)
    for kind, sentence in (("client_rescheduled", client_reads), ("host_rescheduled", host_reads)):
        for said in both(letter(kind, version)):
            assert sentence in said


def test_a_link_that_changes_with_a_move_is_said_to_be_another() -> None:
    for relinked in (True, False):
        for said in both(letter("client_rescheduled", relinked=relinked)):
            assert ("The earlier link no longer holds." in said) is relinked


@pytest.mark.parametrize("kind", EVERY)
def test_every_mail_gives_session_people_date_time_and_zone(kind: str) -> None:
    for said in both(letter(kind, outlook=outlook_of(kind))):
        assert "Introduction (45 minutes)" in said
        assert "Ada Lovelace" in said or "Jörg Müller" in said
        assert "Europe/Berlin, UTC+01:00" in said
        assert "Europe/London, UTC" in said


def test_a_clients_mail_is_in_the_clients_zone_and_names_the_hosts_day_too() -> None:
    seen, read = both(letter("client_confirmation"))
    assert "When: Wednesday, 2 December 2026 00:30 – 01:15 (Europe/Berlin, UTC+01:00)" in read  # noqa: RUF001 - a dash
    assert "Tuesday, 1 December 2026 23:30 – Wednesday, 2 December 2026, 00:15 (Europe/London, UTC)" in seen  # noqa: RUF001


def test_a_zone_is_named_once_when_both_share_it() -> None:
    client = ClientFacts(name="Jörg Müller", email="joerg@example.net", timezone="Europe/London")
    for said in both(letter("client_confirmation", change(client=client))):
        assert said.count("Europe/London") == 1


def test_link_and_passcode_are_in_both_sides_first_mails() -> None:
    for kind in ("client_confirmation", "host_notification", "client_rescheduled", "host_rescheduled", *LINK.values()):
        for said in both(letter(kind)):
            assert JOIN in said
            assert "Passcode" in said
            assert "424242" in said


def test_a_client_is_led_to_the_reference_and_a_host_to_the_dashboard() -> None:
    for kind in EVERY:
        given = letter(kind, outlook=outlook_of(kind))
        page = render.html(given) + render.text(given)
        assert (f"{PUBLIC_URL}/bookings/{REFERENCE}" in page) == kind.startswith("client")
        assert (f"{PUBLIC_URL}/dashboard/bookings/{BOOKING}" in page) == kind.startswith("host")
        assert (REFERENCE in page) == kind.startswith("client")


def test_a_host_reads_the_notes_and_answers_under_their_questions() -> None:
    for said in both(letter("host_notification")):
        assert re.search(r"What about\? Engines", said)
        assert re.search(r"Notes:? We met in Turin\.", said)
        assert "joerg@example.net" in said
    assert all("We met in Turin" not in said for said in both(letter("client_confirmation")))


def test_a_reschedule_gives_the_new_and_the_old_time() -> None:
    for said in both(letter("client_rescheduled")):
        assert re.search(r"New time:? Thursday, 3 December 2026 00:30", said)
        assert re.search(r"Old time:? Wednesday, 2 December 2026 00:30", said)


def test_a_cancel_names_who_and_why_and_promises_no_link() -> None:
    by_host = change(2, "canceled", canceled_by="host", cancel_reason="I am ill.")
    for said in both(letter("client_canceled", by_host, "none")):
        assert "Ada Lovelace canceled the session with you." in said
        assert "I am ill." in said
        assert "link" not in said.lower()
    for said in both(letter("host_canceled", by_host, "none")):
        assert "You canceled the session with Jörg Müller." in said
    for said in both(letter("host_canceled", change(2, "canceled", canceled_by="client"), "none")):
        assert "Jörg Müller canceled the session with you." in said
        assert "None was given" in said


def test_nobody_is_led_to_the_page_of_a_host_who_has_left() -> None:
    gone = change(2, "canceled", canceled_by="host")
    for removed in (False, True):
        page = render.text(letter("client_canceled", gone, "none", host_removed=removed))
        assert (f"{PUBLIC_URL}/ada/intro" in page) is not removed


@pytest.mark.parametrize(
    ("outlook", "client_reads", "host_reads"),
    [
        ("pending", "still being prepared", "still being prepared"),
        ("delayed", "Zoom can't be reached or can't do it just now", "The daily limit is used up."),
        ("unavailable", "Ada Lovelace's Zoom account isn't connected", "The daily limit is used up."),
        ("failed", "The meeting could not be made in Zoom", "by itself. The daily limit is used up."),
        ("removed", "was deleted in Zoom", "was deleted in Zoom"),
    ],
)
def test_without_a_link_a_mail_says_why_in_words(outlook: Outlook, client_reads: str, host_reads: str) -> None:
    meeting = Meeting(1, 1, "failed", reason="The daily limit is used up.")
    for kind, sentence in (("client_confirmation", client_reads), ("host_notification", host_reads)):
        for said in both(letter(kind, outlook=outlook, meeting=meeting)):
            assert sentence in said
            assert JOIN not in said


def test_what_is_to_be_known_about_a_link_is_told_to_the_host_alone() -> None:
    noted = replace(ready(), reason="A stray may exist.")
    for kind in ("host_notification", "client_confirmation"):
        about_it = replace(about(kind), meeting=noted)
        for said in both(words.write(about_it, PUBLIC_URL)):
            assert ("A stray may exist." in said) == kind.startswith("host")


def test_only_what_can_still_come_is_promised() -> None:
    for outlook, promised in (("pending", True), ("delayed", True), ("unavailable", True), ("failed", False)):
        for said in both(letter("client_confirmation", outlook=outlook)):
            assert ("you get the link" in said.replace("You", "you")) == promised


def test_a_host_without_zoom_is_told_where_to_connect_it() -> None:
    given = letter("host_notification", outlook="unavailable")
    for page in (render.html(given), render.text(given)):
        assert f"{PUBLIC_URL}/dashboard/connections" in page


def test_who_first_hears_of_a_booking_after_its_move_reads_which_time_holds() -> None:
    first = letter("client_confirmation", change(2, "rescheduled"))
    assert first.subject.startswith("Booked: Introduction with Ada Lovelace, Thu 3 Dec 2026, 00:30")
    for said in both(first):
        assert "Should an earlier mail have given another time: this one holds." in said


def test_other_places_than_zoom_are_described() -> None:
    places = {
        "By phone +49 30 1234": LocationFacts(kind="phone", detail="+49 30 1234"),
        "In person St James's Square Second floor": LocationFacts(
            kind="in_person", detail="St James's Square\nSecond floor"
        ),
        "Video call": LocationFacts(kind="video", provider="custom", detail="https://meet.example/ada"),
    }
    for words_of_it, location in places.items():
        for said in both(letter("client_confirmation", change(location=location), "none")):
            assert f"{words_of_it} " in said
    page = render.html(letter("client_confirmation", change(location=places["Video call"]), "none"))
    assert 'href="https://meet.example/ada"' in page


def test_only_web_addresses_become_links() -> None:
    for detail in (
        "javascript:alert(1)",
        "https://x y",
        'https://x"onclick=1',
        "call me",
        "data:text/html,x",
        "https://",
    ):
        page = render.html(
            letter(
                "client_confirmation",
                change(location=LocationFacts(kind="video", provider="custom", detail=detail)),
                "none",
            )
        )
        assert set(re.findall(r'href="([^"]*)"', page)) == {f"{PUBLIC_URL}/bookings/{REFERENCE}"}


def test_markup_in_anything_that_people_typed_is_shown_as_text() -> None:
    evil = "<script>alert(1)</script>"
    given = letter(
        "host_notification",
        change(
            notes=evil,
            answers={"topic": evil},
            client=ClientFacts(name=evil, email="x@example.net", timezone="UTC"),
            session_type=SessionTypeFacts(id="s", slug="s", title=evil, duration=30),
        ),
    )
    assert "<script" not in render.html(given)
    assert render.html(given).count("&lt;script&gt;") >= 4
    assert evil in render.text(given)


def test_a_name_can_forge_neither_a_line_nor_a_header() -> None:
    host = HostFacts(
        id="h", name="Eve\r\nJoin link: https://evil.example", email="e@example.com", handle="eve", timezone="UTC"
    )
    given = letter("client_confirmation", change(host=host))
    assert "\n" not in given.subject
    assert "\r" not in given.subject
    assert not re.search(r"^Join link:\s+https://evil", render.text(given), re.MULTILINE)


def test_html_needs_nothing_from_outside() -> None:
    page = render.html(letter("client_confirmation"))
    assert not re.search(r"<(img|script|link|iframe)\b|url\(|@import|src=", page)


def test_text_is_cleaned_of_what_turns_or_breaks_lines() -> None:
    assert lines.one_line(" a\r\nb\u2028c\x00d\u202ee\t=?utf-8?q?f?= ") == "a b cde = ?utf-8?q?f?="
    assert lines.block("\n one\r\n\x07two \n") == ("one", "two")


def test_a_night_a_jump_of_the_clocks_and_an_unknown_zone_are_spelled_out() -> None:
    night = datetime(2026, 10, 24, 22, 30, tzinfo=UTC)
    assert moments.span(night, night + timedelta(hours=4), "Europe/Berlin") == (
        "Sunday, 25 October 2026",
        "00:30 \N{EN DASH} 03:30 (Europe/Berlin, UTC+02:00, then UTC+01:00)",
    )
    assert moments.span(night, night + timedelta(minutes=5), "No/Where")[1] == "22:30 \N{EN DASH} 22:35 (UTC)"
    assert moments.minutes(night, night + timedelta(minutes=61)) == "1 hour 1 minute"
