"""Which mails a booking owes, when, and in which order."""

import random
from dataclasses import replace
from datetime import timedelta

from notifier.deliveries import GIVE_UP, Meeting, delivery_id, occasion, retry_after, revived
from shared.events import LocationFacts
from unit.notifier.notifier_facts import (
    BOOKING,
    LINK,
    NOW,
    WAIT,
    case,
    change,
    followed,
    ready,
    sent,
    times,
)

LATER = NOW + timedelta(seconds=5)


def test_a_zoom_booking_waits_for_its_link() -> None:
    assert times(followed(case(change()))) == {
        "client_confirmation": NOW + WAIT,
        "host_notification": NOW + WAIT,
    }


def test_a_booking_without_zoom_is_told_at_once() -> None:
    for location in (
        LocationFacts(kind="phone", detail="+49 30 1234"),
        LocationFacts(kind="in_person", detail="St James's Square"),
        LocationFacts(kind="video", provider="custom", detail="https://meet.example/ada"),
        LocationFacts(kind="video"),
    ):
        assert set(times(followed(case(change(location=location)))).values()) == {NOW}


def test_the_link_makes_the_waiting_mails_due() -> None:
    waiting = followed(case(change()))
    assert set(times(followed(replace(waiting, meeting=ready()), LATER)).values()) == {LATER}


def test_a_refusal_or_a_missing_connection_ends_the_wait_and_a_delay_does_not() -> None:
    waiting = followed(case(change()))
    for state, due in (("failed", LATER), ("unavailable", LATER), ("delayed", NOW + WAIT)):
        meeting = Meeting(1, 1, state)  # type: ignore[arg-type]
        assert set(times(followed(replace(waiting, meeting=meeting), LATER)).values()) == {due}


def test_what_zoom_said_about_an_older_version_ends_no_wait() -> None:
    moved = followed(case(change(), change(2, "rescheduled"), meeting=ready(version=1)))
    moved = followed(sent(sent(moved, "client_confirmation"), "host_notification"))
    assert set(times(moved).values()) == {NOW + WAIT}


def test_a_late_link_owes_one_more_mail_to_each_side() -> None:
    told = sent(sent(followed(case(change())), "client_confirmation", told="pending"), "host_notification")
    late = followed(replace(told, meeting=ready()), LATER)
    assert times(late) == {"client_link": LATER, "host_link": LATER}
    assert followed(replace(late, meeting=ready(revision=2)), LATER).deliveries == late.deliveries


def test_a_link_that_the_first_mail_gave_owes_nothing_more() -> None:
    told = followed(case(change(), meeting=ready()))
    for kind in ("client_confirmation", "host_notification"):
        told = sent(told, kind, told="ready", link=LINK)
    assert followed(told, LATER).deliveries == told.deliveries


def test_another_link_than_the_one_told_owes_one_more_mail() -> None:
    told = sent(followed(case(change(), meeting=ready())), "client_confirmation", told="ready", link=LINK)
    changed = followed(replace(told, meeting=ready(revision=2, join_url="https://zoom.example/j/2")), LATER)
    link_mail = next(d for d in changed.deliveries if d.kind == "client_link")
    assert occasion(changed, link_mail).relinked


def test_only_the_side_that_was_told_without_a_link_is_owed_one() -> None:
    told = sent(followed(case(change())), "client_confirmation", told="pending")
    late = followed(replace(told, meeting=ready()), LATER)
    assert times(late) == {"host_notification": LATER, "client_link": LATER}


def test_a_link_mail_is_taken_back_when_its_link_no_longer_holds() -> None:
    told = sent(sent(followed(case(change())), "client_confirmation"), "host_notification")
    late = followed(replace(told, meeting=ready()))
    gone = followed(replace(late, meeting=Meeting(1, 2, "removed")))
    assert times(gone) == {}
    moved = followed(replace(late, changes={**late.changes, 2: change(2, "rescheduled")}))
    assert set(times(moved)) == {"client_rescheduled", "host_rescheduled"}


def test_a_host_who_was_told_to_wait_hears_that_zoom_refused() -> None:
    told = sent(followed(case(change())), "client_confirmation", told="pending")
    told = sent(told, "host_notification", told="pending")
    assert set(times(followed(replace(told, meeting=Meeting(1, 1, "failed"))))) == {"host_meeting_failed"}
    knowing = sent(told, "host_notification", told="failed")
    assert times(followed(replace(knowing, meeting=Meeting(1, 1, "failed")))) == {}


def test_a_newer_version_makes_the_older_mail_due_and_waits_behind_it() -> None:
    waiting = followed(case(change()))
    moved = followed(replace(waiting, changes={**waiting.changes, 2: change(2, "rescheduled")}), LATER)
    assert times(moved) == {
        "client_confirmation": LATER,
        "host_notification": LATER,
        "client_rescheduled": None,
        "host_rescheduled": None,
    }
    assert times(followed(sent(moved, "client_confirmation"), LATER))["client_rescheduled"] == LATER + WAIT


def test_an_older_mail_promises_nothing_once_a_newer_version_is_known() -> None:
    known = followed(case(change(), change(2, "canceled"), meeting=ready()))
    first = next(d for d in known.deliveries if d.kind == "client_confirmation")
    about = occasion(known, first)
    assert (about.outlook, about.join_url, about.newer, about.newer_sent) == (
        "superseded",
        None,
        known.changes[2],
        False,
    )


def test_a_cancel_waits_only_for_the_mails_before_it() -> None:
    known = followed(case(change(), change(2, "canceled")))
    known = followed(sent(known, "client_confirmation", told="superseded"))
    assert times(known)["client_canceled"] == NOW


def test_a_version_that_overtook_another_waits_for_it_a_while() -> None:
    overtook = followed(case(change(2, "canceled")))
    assert times(overtook) == {"client_canceled": NOW + WAIT, "host_canceled": NOW + WAIT}
    whole = followed(replace(overtook, changes={**overtook.changes, 1: change()}), LATER)
    assert times(whole) == {
        "client_confirmation": LATER,
        "host_notification": LATER,
        "client_canceled": None,
        "host_canceled": None,
    }


def test_a_mail_that_comes_after_a_newer_one_knows_it() -> None:
    known = sent(followed(case(change(2, "canceled"))), "client_canceled")
    late = followed(replace(known, changes={**known.changes, 1: change()}))
    first = next(d for d in late.deliveries if d.kind == "client_confirmation")
    assert first.next_attempt_at == NOW
    assert occasion(late, first).newer_sent


def test_while_one_mail_of_a_line_is_on_its_way_the_others_wait() -> None:
    known = followed(case(change(2, "rescheduled"), meeting=ready(2)))
    held = replace(known, deliveries=tuple(replace(d, leased=d.recipient == "client") for d in known.deliveries))
    late = followed(replace(held, changes={**held.changes, 1: change()}), LATER)
    assert times(late)["client_confirmation"] is None
    assert times(late)["host_notification"] == LATER


def test_a_mail_in_back_off_keeps_its_time_and_blocks_only_its_own_line() -> None:
    known = followed(case(change(), meeting=ready()))
    soon = NOW + timedelta(seconds=8)
    known = replace(
        known,
        deliveries=tuple(
            replace(d, state="retrying", next_attempt_at=soon) if d.recipient == "client" else d
            for d in known.deliveries
        ),
    )
    moved = followed(replace(sent(known, "host_notification"), changes={**known.changes, 2: change(2, "canceled")}))
    assert times(moved) == {"client_confirmation": soon, "client_canceled": None, "host_canceled": NOW}


def test_a_refused_mail_no_longer_holds_up_the_next_version() -> None:
    known = followed(case(change(), meeting=ready()))
    known = replace(known, deliveries=tuple(replace(d, state="failed", next_attempt_at=None) for d in known.deliveries))
    moved = followed(replace(known, changes={**known.changes, 2: change(2, "canceled")}), LATER)
    assert times(moved) == {"client_canceled": LATER, "host_canceled": LATER}


def test_a_repeat_of_what_is_known_plans_nothing() -> None:
    known = followed(case(change(), change(2, "rescheduled"), meeting=ready(2)))
    assert followed(known, LATER).deliveries == known.deliveries


def test_sequence_rises_with_each_version_and_with_a_late_link() -> None:
    known = case(change(), change(2, "rescheduled"))
    told = sent(sent(followed(known), "client_rescheduled", told="pending"), "host_rescheduled", told="pending")
    late = followed(replace(told, meeting=ready(2)))
    numbers = {d.kind: occasion(late, d).sequence for d in late.deliveries if d.recipient == "client"}
    assert numbers == {"client_confirmation": 0, "client_rescheduled": 10, "client_link": 11}


def test_a_mail_has_the_same_id_however_often_it_is_planned() -> None:
    first, second = followed(case(change())), followed(case(change(), meeting=ready()), LATER)
    assert [d.id for d in first.deliveries] == [d.id for d in second.deliveries]
    assert delivery_id(BOOKING, (1, "client_link", "client")) != delivery_id(BOOKING, (2, "client_link", "client"))


def test_trying_again_is_quick_at_first_and_ends_after_days() -> None:
    chance = random.Random(1)
    young = [retry_after(n, timedelta(minutes=1), chance) for n in range(1, 30)]
    assert young[0] is not None
    assert young[0] <= timedelta(seconds=1)
    assert all(wait is not None and wait <= timedelta(seconds=40) for wait in young)
    old = retry_after(500, timedelta(days=2), chance)
    assert old is not None
    assert timedelta(minutes=5) < old <= timedelta(minutes=10)
    assert retry_after(501, GIVE_UP, chance) is None


def test_try_again_is_for_back_off_and_for_what_failed_about_the_version_that_holds() -> None:
    known = followed(case(change(), change(2, "canceled")))
    states = {"client_confirmation": "failed", "host_notification": "retrying", "client_canceled": "failed"}
    known = replace(
        known,
        deliveries=tuple(replace(d, state=states.get(d.kind, "queued")) for d in known.deliveries),  # type: ignore[arg-type]
    )
    assert {d.kind for d in revived(known)} == {"host_notification", "client_canceled"}
