"""Which mails a booking owes to whom, in which order, and when each is due.

Everything here is a function of what is known; no database, no clock. Handlers and the dispatch ask for the plan
again after each thing they learn, so neither the order in which events arrive nor a repeat changes what is owed.
"""

import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from notifier.deliveries.kinds import (
    DELETED_IN_ZOOM,
    FIRST,
    LINK,
    LINK_CHANGED,
    LINK_MAILS,
    LINK_REMOVED,
    MOVED_IN_ZOOM,
    REFUSAL,
    REMINDER,
    Key,
    Recipient,
)
from notifier.deliveries.known import UNSENT, Change, Correspondence, Delivery, Meeting, Occasion, Outlook
from notifier.deliveries.reminders import earliest, still_reminds
from shared import due

FIRST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(seconds=40)
"""For a young mail: within a minute after an outage everything that it held up is sent."""
LONGEST_WAIT_LATER = timedelta(minutes=10)
YOUNG = timedelta(hours=6)
GIVE_UP = timedelta(days=5)


@dataclass(frozen=True)
class Plan:
    """What to change in the rows: new mails, mails no longer owed, and the times of those that wait."""

    added: tuple[Delivery, ...]
    withdrawn: tuple[str, ...]
    times: dict[str, datetime | None]


def plan(case: Correspondence, *, now: datetime, wait: timedelta) -> Plan:
    """Compare what is owed with the rows that are there. Rows under a lease are left to their holder.

    Only the newest version is owed a mail of its own: it replaces an older one, unless nothing holds that one back any
    more. It waits up to `wait` for its link.
    """
    owed = set(_owed(case, now))
    withdrawn = tuple(d.id for d in case.deliveries if d.state in UNSENT and not d.leased and d.key not in owed)
    kept = tuple(d for d in case.deliveries if d.id not in withdrawn)
    added = tuple(_new(case, key, now, wait) for key in sorted(owed - {d.key for d in kept}))
    after = replace(case, deliveries=kept + added)
    times = {
        delivery.id: _due(after, delivery, now)
        for delivery in after.deliveries
        if delivery.state in UNSENT and not delivery.leased
    }
    changed = {d.id: times[d.id] for d in after.deliveries if d.id in times and times[d.id] != d.next_attempt_at}
    return Plan(added, withdrawn, changed)


def is_owed(case: Correspondence, delivery: Delivery, now: datetime) -> bool:
    """Say whether this mail is still to be sent, given what is known now."""
    return delivery.key in set(_owed(case, now))


def reminding(case: Correspondence, minutes: int, now: datetime) -> tuple[Delivery, ...]:
    """Give the reminders whose moment has come. Who has not even got the mail about the booking needs no second one."""
    newest = case.newest
    if newest is None:
        return ()
    made = [
        _new(case, Key(newest.version, REMINDER[recipient], recipient, minutes), now, timedelta())
        for recipient in case.recipients
        if (first := case.first_mail(newest.version, recipient)) is not None and first.state == "sent"
    ]
    return tuple(d for d in made if d.key not in {e.key for e in case.deliveries} and still_reminds(case, d, now))


def occasion(case: Correspondence, delivery: Delivery) -> Occasion:
    """Say what this mail is about and what it may say, given what is known now."""
    change, recipient = case.changes[delivery.version], delivery.recipient
    told = case.link_told(recipient)
    link_mails = [d for d in case.line(recipient) if d.version == change.version and d.kind in LINK_MAILS]
    before = sum(d.state == "sent" for d in link_mails)
    return Occasion(
        booking_id=case.booking_id,
        kind=delivery.kind,
        recipient=recipient,
        change=change,
        outlook=case.outlook(change),
        meeting=case.meeting,
        known=case.known_before(recipient, change.version),
        relinked=told is not None and case.meeting is not None and case.meeting.join_url not in (told, None),
        link_mails=before + (delivery.kind in LINK_MAILS),
        minutes=delivery.turn if delivery.is_reminder else 0,
        host_removed=case.host_removed,
    )


def delivery_id(booking_id: str, key: Key) -> str:
    """Give the mail's id, and with it its Message-ID: the same mail has the same, however often it is planned."""
    name = f"punctual:{booking_id}:{key.version}:{key.kind}:{key.recipient}"
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}:{key.turn}" if key.turn else name))


def retry_after(attempts: int, age: timedelta, chance: random.Random) -> timedelta | None:
    """Give the wait before the next attempt, or None when it is time to give up. Quick at first."""
    if age >= GIVE_UP:
        return None
    cap = LONGEST_WAIT if age < YOUNG else LONGEST_WAIT_LATER
    return due.backoff(attempts, chance, base=FIRST_WAIT, cap=cap)


def revived(case: Correspondence, now: datetime) -> Sequence[Delivery]:
    """Give what a person's "try again" is for: mails in back-off, and what failed about the version that holds."""
    return [
        d
        for d in case.deliveries
        if not d.leased and (d.state == "retrying" or (d.state == "failed" and is_owed(case, d, now)))
    ]


def _owed(case: Correspondence, now: datetime) -> Iterator[Key]:
    newest = case.newest
    if newest is None:
        return
    for recipient in case.recipients:
        older = [d for d in case.line(recipient) if d.is_first and d.version < newest.version]
        yield from (d.key for d in older if case.is_ready(d))
        yield _first(case, newest, recipient)
        first = case.first_mail(newest.version, recipient)
        if first is not None and first.state == "sent":
            yield from _follow_ups(case, newest, recipient)
            yield from (d.key for d in case.line(recipient) if d.is_reminder and still_reminds(case, d, now))


def _first(case: Correspondence, newest: Change, recipient: Recipient) -> Key:
    """Name the one mail about the newest version. Who never heard of the booking gets it as a new one, not as moved."""
    there = case.first_mail(newest.version, recipient)
    if there is not None and there.state == "sent":
        return there.key
    what = newest.what
    if what == "rescheduled" and case.known_before(recipient, newest.version) is None:
        what = "booked"
    return Key(newest.version, FIRST[what][recipient], recipient)


def _follow_ups(case: Correspondence, newest: Change, recipient: Recipient) -> Iterator[Key]:
    """Name what a reader of the version's own mail is still to hear about its link, compared with the last word."""
    meeting, outlook = case.meeting, case.outlook(newest)
    last = case.told(recipient, newest.version)
    if meeting is None or last is None:
        return
    if outlook == "ready" and last.told_link != meeting.join_url:
        told = case.link_told(recipient)
        kind = LINK_CHANGED if told not in (None, meeting.join_url) else LINK
        yield Key(newest.version, kind[recipient], recipient, meeting.since)
    if meeting.version == newest.version:
        news = _news_from_zoom(meeting, last, outlook)
        yield from (key for key in news if key.kind not in case.session_told)


def _news_from_zoom(meeting: Meeting, last: Delivery, outlook: Outlook) -> Iterator[Key]:
    version, recipient = last.version, last.recipient
    if recipient == "client":
        # What the host does in Zoom is told to the client only when the host has decided that it is to stay so.
        if outlook == "removed" and meeting.cause == "accepted" and last.told != "removed":
            yield Key(version, LINK_REMOVED, recipient, meeting.since)
        return
    if outlook == "failed" and last.told != "failed":
        yield Key(version, REFUSAL, recipient, meeting.since)
    if outlook == "removed" and meeting.cause == "deleted_in_zoom" and last.told != "removed":
        yield Key(version, DELETED_IN_ZOOM, recipient, meeting.since)
    if outlook == "ready" and meeting.moved is not None:
        yield Key(version, MOVED_IN_ZOOM, recipient, meeting.since)


def _new(case: Correspondence, key: Key, now: datetime, wait: timedelta) -> Delivery:
    booking = case.changes[key.version].booking
    return Delivery(
        id=delivery_id(case.booking_id, key),
        version=key.version,
        kind=key.kind,
        recipient=key.recipient,
        address=booking.client.email if key.recipient == "client" else booking.host.email,
        state="queued",
        wait_until=now + wait,
        created_at=now,
        turn=key.turn,
    )


def _due(case: Correspondence, delivery: Delivery, now: datetime) -> datetime | None:
    line = case.line(delivery.recipient)
    head = next(d for d in line if d.state in UNSENT)
    # Only the head of a line has a time, and not while another of its mails is on its way: so they keep their order.
    if head.id != delivery.id or any(d.leased for d in line):
        return None
    not_before = earliest(case, delivery)
    if not_before is not None and not_before > now:
        return not_before
    if delivery.next_attempt_at is not None and (delivery.state == "retrying" or delivery.next_attempt_at <= now):
        return delivery.next_attempt_at
    return delivery.wait_until if case.waits_for_link(delivery) else now
