"""Which mails a booking owes, when, and in which order."""

import random
from dataclasses import replace
from datetime import timedelta

from notifier.deliveries import (
    GIVE_UP,
    Correspondence,
    Key,
    Meeting,
    delivery_id,
    is_owed,
    occasion,
    retry_after,
    revived,
)
from shared.events import LocationFacts
from unit.notifier.notifier_facts import (
    BOOKING,
    LINK,
    NOW,
    START,
    WAIT,
    case,
    change,
    followed,
    ready,
    sent,
    times,
)

LATER = NOW + timedelta(seconds=5)


def refused(known: Correspondence) -> Correspondence:
    """Let the mail server have refused, for now, what is not sent yet."""
    waiting = [replace(d, state="retrying") if d.state == "queued" else d for d in known.deliveries]
    return replace(known, deliveries=tuple(waiting))


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


def test_another_link_than_the_one_told_owes_one_more_mail_each_time() -> None:
    known = sent(followed(case(change(), meeting=ready())), "client_confirmation", told="ready", link=LINK)
    told = LINK
    for turn in (2, 3):
        link = f"https://zoom.example/j/{turn}"
        known = followed(replace(known, meeting=ready(revision=turn, join_url=link).after(known.meeting)), LATER)
        news = next(d for d in known.deliveries if d.state == "queued" and d.recipient == "client")
        about = occasion(known, news)
        assert (news.kind, about.relinked, about.sequence) == ("client_link_changed", True, turn - 1)
        assert link != told
        at = NOW + timedelta(seconds=turn)
        known = replace(
            known,
            deliveries=tuple(
                replace(d, state="sent", told="ready", told_link=link, sent_at=at) if d.id == news.id else d
                for d in known.deliveries
            ),
        )
        told = link


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
    assert set(times(followed(replace(told, meeting=Meeting(1, 1, "failed"))))) == {"host_link_failed"}
    knowing = sent(told, "host_notification", told="failed")
    assert times(followed(replace(knowing, meeting=Meeting(1, 1, "failed")))) == {}


def test_a_newer_version_takes_the_place_of_a_mail_that_waits() -> None:
    waiting = followed(case(change()))
    moved = followed(replace(waiting, changes={**waiting.changes, 2: change(2, "rescheduled")}), LATER)
    assert {(d.version, d.kind) for d in moved.deliveries} == {(2, "client_confirmation"), (2, "host_notification")}
    assert set(times(moved).values()) == {LATER + WAIT}
    gone = followed(replace(moved, changes={**moved.changes, 3: change(3, "canceled")}), LATER)
    assert times(gone) == {"client_canceled": LATER, "host_canceled": LATER}


def test_who_knows_of_the_booking_hears_that_it_was_moved_from_the_time_that_was_told() -> None:
    known = refused(sent(followed(case(change(), meeting=ready())), "client_confirmation", told="ready", link=LINK))
    known = followed(replace(known, changes={**known.changes, 2: change(2, "rescheduled")}))
    known = followed(replace(known, changes={**known.changes, 3: change(3, "rescheduled")}))
    assert set(times(known)) == {"client_rescheduled", "host_notification"}
    mails = {d.kind: occasion(known, d) for d in known.deliveries if d.version == 3}
    assert mails["client_rescheduled"].earlier == (START, START + timedelta(minutes=45))
    assert mails["client_rescheduled"].known is known.changes[1]
    assert mails["host_notification"].known is None


def test_a_time_that_came_back_is_no_other_time() -> None:
    there_and_back = change(3, "rescheduled", start=START, end=START + timedelta(minutes=45))
    known = sent(followed(case(change())), "client_confirmation", told="pending")
    known = followed(replace(known, changes={**known.changes, 2: change(2, "rescheduled"), 3: there_and_back}))
    moved = next(d for d in known.deliveries if d.kind == "client_rescheduled")
    assert occasion(known, moved).earlier is None


def test_a_cancel_waits_for_nothing() -> None:
    known = followed(case(change(), change(2, "canceled")))
    assert times(known) == {"client_canceled": NOW, "host_canceled": NOW}


def test_a_version_that_overtook_another_needs_nothing_of_it() -> None:
    early = followed(case(change(2, "rescheduled"), meeting=ready(2)))
    assert times(early) == {"client_confirmation": NOW, "host_notification": NOW}
    late = followed(replace(early, changes={**early.changes, 1: change()}), LATER)
    assert late.deliveries == early.deliveries


def test_while_one_mail_of_a_line_is_on_its_way_the_others_wait() -> None:
    known = refused(followed(case(change(), meeting=ready())))
    held = replace(known, deliveries=tuple(replace(d, leased=d.recipient == "client") for d in known.deliveries))
    late = followed(replace(held, changes={**held.changes, 2: change(2, "canceled")}), LATER)
    assert {(d.kind, d.next_attempt_at) for d in late.deliveries} == {
        ("client_confirmation", NOW),
        ("client_canceled", None),
        ("host_canceled", LATER),
    }


def test_a_mail_that_nothing_holds_back_leaves_before_the_next_ones() -> None:
    known = followed(case(change(), meeting=ready()))
    moved = followed(replace(known, changes={**known.changes, 2: change(2, "rescheduled")}), LATER)
    canceled = followed(replace(moved, changes={**moved.changes, 3: change(3, "canceled")}), LATER)
    assert times(canceled) == {
        "client_confirmation": NOW,
        "client_canceled": None,
        "host_notification": NOW,
        "host_canceled": None,
    }
    leaves = replace(canceled, deliveries=tuple(replace(d, leased=d.version == 1) for d in canceled.deliveries))
    assert all(is_owed(leaves, d, LATER) for d in leaves.deliveries)
    failed = replace(canceled, deliveries=refused(canceled).deliveries)
    assert {d.kind for d in followed(failed, LATER).deliveries} == {"client_canceled", "host_canceled"}


def test_who_may_be_reading_the_first_mail_right_now_hears_of_a_move() -> None:
    known = refused(followed(case(change(), meeting=ready())))
    held = replace(known, deliveries=tuple(replace(d, leased=d.recipient == "client") for d in known.deliveries))
    moved = followed(replace(held, changes={**held.changes, 2: change(2, "rescheduled")}), LATER)
    assert {d.kind for d in moved.deliveries} == {"client_confirmation", "client_rescheduled", "host_notification"}
    back = replace(moved, deliveries=tuple(replace(d, leased=False) for d in moved.deliveries))
    assert {(d.version, d.kind) for d in followed(back, LATER).deliveries} == {
        (2, "client_confirmation"),
        (2, "host_notification"),
    }


def test_a_mail_in_back_off_keeps_its_time_and_blocks_only_its_own_line() -> None:
    known = sent(followed(case(change(), meeting=ready())), "client_confirmation", told="pending")
    known = followed(sent(known, "host_notification", told="pending"))
    soon = NOW + timedelta(seconds=8)
    known = replace(
        known,
        deliveries=tuple(
            replace(d, state="retrying", next_attempt_at=soon) if d.kind == "client_link" else d
            for d in known.deliveries
        ),
    )
    assert times(followed(known, LATER)) == {"client_link": soon, "host_link": NOW}


def test_a_refused_mail_no_longer_holds_up_the_next_version() -> None:
    known = followed(case(change(), meeting=ready()))
    known = replace(known, deliveries=tuple(replace(d, state="failed", next_attempt_at=None) for d in known.deliveries))
    moved = followed(replace(known, changes={**known.changes, 2: change(2, "canceled")}), LATER)
    assert times(moved) == {"client_canceled": LATER, "host_canceled": LATER}


def test_a_repeat_of_what_is_known_plans_nothing() -> None:
    known = followed(case(change(), change(2, "rescheduled"), meeting=ready(2)))
    assert followed(known, LATER).deliveries == known.deliveries


def test_sequence_rises_with_each_version_and_with_a_late_link() -> None:
    known = followed(case(change()))
    numbers = [occasion(known, known.deliveries[0]).sequence]
    known = sent(sent(known, "client_confirmation", told="pending"), "host_notification", told="pending")
    known = followed(replace(known, changes={**known.changes, 2: change(2, "rescheduled")}))
    told = sent(sent(known, "client_rescheduled", told="pending"), "host_rescheduled", told="pending")
    late = followed(replace(told, meeting=ready(2)))
    numbers += [occasion(late, d).sequence for d in late.deliveries if d.kind in ("client_rescheduled", "client_link")]
    assert numbers == [0, 10, 11]


def test_a_mail_has_the_same_id_however_often_it_is_planned() -> None:
    first, second = followed(case(change())), followed(case(change(), meeting=ready()), LATER)
    assert [d.id for d in first.deliveries] == [d.id for d in second.deliveries]
    ids = {delivery_id(BOOKING, Key(version, "client_link", "client", turn)) for version in (1, 2) for turn in (0, 1)}
    assert len(ids) == 4


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
    known = followed(case(change()))
    known = replace(known, deliveries=tuple(replace(d, state="failed") for d in known.deliveries))
    known = followed(replace(known, changes={**known.changes, 2: change(2, "canceled")}))
    states = {"client_canceled": "failed", "host_canceled": "retrying"}
    known = replace(
        known,
        deliveries=tuple(replace(d, state=states.get(d.kind, d.state)) for d in known.deliveries),  # type: ignore[arg-type]
    )
    assert {d.kind for d in revived(known, NOW)} == {"client_canceled", "host_canceled"}


def test_what_the_host_moves_in_zoom_is_told_to_the_host_once_and_to_nobody_else() -> None:
    known = followed(case(change(), meeting=ready()))
    for kind in ("client_confirmation", "host_notification"):
        known = sent(known, kind, told="ready", link=LINK)
    for revision, hour in ((2, 1), (3, 2)):
        there = (START + timedelta(hours=hour), START + timedelta(hours=hour + 1))
        known = followed(replace(known, meeting=replace(ready(revision=revision), moved=there).after(known.meeting)))
        known = sent(known, "host_moved_in_zoom", told="ready", link=LINK)
    assert [d.kind for d in known.deliveries if d.version == 1 and not d.is_first] == ["host_moved_in_zoom"]
    back = followed(replace(known, meeting=ready(revision=4).after(known.meeting)))
    again = replace(ready(revision=5), moved=(START, START)).after(back.meeting)
    assert times(followed(replace(back, meeting=again))) == {"host_moved_in_zoom": NOW}


def test_what_the_host_deletes_in_zoom_is_told_to_the_client_once_it_is_to_stay_so() -> None:
    known = followed(case(change(), meeting=ready()))
    for kind in ("client_confirmation", "host_notification"):
        known = sent(known, kind, told="ready", link=LINK)
    gone = followed(replace(known, meeting=Meeting(1, 2, "removed", cause="deleted_in_zoom").after(known.meeting)))
    assert set(times(gone)) == {"host_deleted_in_zoom"}
    gone = sent(gone, "host_deleted_in_zoom", told="removed")
    kept = followed(replace(gone, meeting=Meeting(1, 3, "removed", cause="accepted").after(gone.meeting)))
    assert set(times(kept)) == {"client_link_removed"}
    anew = ready(revision=4, join_url="https://zoom.example/j/2").after(kept.meeting)
    kept = sent(kept, "client_link_removed", told="removed")
    assert set(times(followed(replace(kept, meeting=anew)))) == {"client_link_changed", "host_link_changed"}


def test_a_meeting_that_goes_with_a_cancel_not_heard_of_yet_was_deleted_by_nobody() -> None:
    known = followed(case(change(), meeting=ready()))
    for kind in ("client_confirmation", "host_notification"):
        known = sent(known, kind, told="ready", link=LINK)
    assert times(followed(replace(known, meeting=Meeting(2, 2, "removed", cause="canceled")))) == {}


def test_a_host_who_has_left_is_owed_nothing() -> None:
    known = replace(refused(followed(case(change(), meeting=ready()))), host_removed=True)
    assert set(times(followed(known))) == {"client_confirmation"}
    gone = followed(replace(known, changes={**known.changes, 2: change(2, "canceled")}))
    assert set(times(gone)) == {"client_canceled"}
