"""Which mails a booking owes to whom, in which order, and when each is due.

Everything here is a function of what is known; no database, no clock. Handlers and the dispatch ask for the plan
again after each thing they learn, so neither the order in which events arrive nor a repeat changes what is owed.
"""

import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifier.deliveries.known import (
    FIRST,
    LINK,
    RECIPIENTS,
    REFUSAL,
    UNSENT,
    Correspondence,
    Delivery,
    Key,
    Occasion,
)
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

    A first mail waits up to `wait` for its link, or for an earlier version of the booking to be heard of.
    """
    owed = set(_owed(case))
    withdrawn = tuple(d.id for d in case.deliveries if d.state in UNSENT and not d.leased and d.key not in owed)
    kept = tuple(d for d in case.deliveries if d.id not in withdrawn)
    added = tuple(_new(case, key, now, wait) for key in sorted(owed - {d.key for d in kept}))
    after = Correspondence(case.booking_id, case.host_id, case.changes, case.meeting, kept + added)
    times = {
        delivery.id: _due(after, delivery, now)
        for delivery in after.deliveries
        if delivery.state in UNSENT and not delivery.leased
    }
    changed = {d.id: times[d.id] for d in after.deliveries if d.id in times and times[d.id] != d.next_attempt_at}
    return Plan(added, withdrawn, changed)


def is_owed(case: Correspondence, delivery: Delivery) -> bool:
    """Say whether this mail is still to be sent, given what is known now."""
    return delivery.key in set(_owed(case))


def occasion(case: Correspondence, delivery: Delivery) -> Occasion:
    """Say what this mail is about and what it may say, given what is known now."""
    change = case.changes[delivery.version]
    newer = None if change is case.newest else case.newest
    told = [d.told_link for d in case.line(delivery.recipient) if d.version == change.version and d.told_link]
    return Occasion(
        booking_id=case.booking_id,
        kind=delivery.kind,
        recipient=delivery.recipient,
        change=change,
        outlook=case.outlook(change),
        meeting=case.meeting,
        newer=newer,
        newer_sent=any(d.state == "sent" and d.version > change.version for d in case.line(delivery.recipient)),
        relinked=bool(told) and case.meeting is not None and case.meeting.join_url not in told,
    )


def delivery_id(booking_id: str, key: Key) -> str:
    """Give the mail's id, and with it its Message-ID: the same mail has the same, however often it is planned."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"punctual:{booking_id}:{key[0]}:{key[1]}:{key[2]}"))


def retry_after(attempts: int, age: timedelta, chance: random.Random) -> timedelta | None:
    """Give the wait before the next attempt, or None when it is time to give up. Quick at first."""
    if age >= GIVE_UP:
        return None
    cap = LONGEST_WAIT if age < YOUNG else LONGEST_WAIT_LATER
    return due.backoff(attempts, chance, base=FIRST_WAIT, cap=cap)


def revived(case: Correspondence) -> Sequence[Delivery]:
    """Give what a person's "try again" is for: mails in back-off, and what failed about the version that holds."""
    newest = case.newest.version if case.newest else 0
    return [
        d
        for d in case.deliveries
        if not d.leased
        and (d.state == "retrying" or (d.state == "failed" and d.version == newest and is_owed(case, d)))
    ]


def _owed(case: Correspondence) -> Iterator[Key]:
    for change in case.changes.values():
        for recipient in RECIPIENTS:
            yield (change.version, FIRST[change.what][recipient], recipient)
    newest = case.newest
    if newest is None or case.meeting is None:
        return
    for recipient in RECIPIENTS:
        first = case.first_mail(newest, recipient)
        if first is None or first.state != "sent":
            continue
        if case.outlook(newest) == "ready" and first.told_link != case.meeting.join_url:
            yield (newest.version, LINK[recipient], recipient)
        if case.outlook(newest) == "failed" and first.told != "failed" and recipient == "host":
            yield (newest.version, REFUSAL, recipient)


def _new(case: Correspondence, key: Key, now: datetime, wait: timedelta) -> Delivery:
    version, kind, recipient = key
    booking = case.changes[version].booking
    return Delivery(
        id=delivery_id(case.booking_id, key),
        version=version,
        kind=kind,
        recipient=recipient,
        address=booking.client.email if recipient == "client" else booking.host.email,
        state="queued",
        wait_until=now + wait,
        created_at=now,
    )


def _due(case: Correspondence, delivery: Delivery, now: datetime) -> datetime | None:
    line = case.line(delivery.recipient)
    head = next(d for d in line if d.state in UNSENT)
    # Only the head of a line has a time, and not while another of its mails is on its way: so they keep their order.
    if head.id != delivery.id or any(d.leased for d in line):
        return None
    if delivery.next_attempt_at is not None and (delivery.state == "retrying" or delivery.next_attempt_at <= now):
        return delivery.next_attempt_at
    return delivery.wait_until if delivery.state == "queued" and _worth_waiting(case, delivery) else now


def _worth_waiting(case: Correspondence, delivery: Delivery) -> bool:
    if delivery.is_follow_up:
        return False
    change = case.changes[delivery.version]
    # A version that was overtaken on the bus is on its way: told in order, it confuses nobody.
    overtook = any(version not in case.changes for version in range(1, change.version))
    return overtook or case.outlook(change) in ("pending", "delayed")
