"""The rules of deliveries.

`kinds` names the mails about a booking, `known` is what the rules look at, `planned` is what follows from it,
`reminders` says when to remind, and `notices` has the mails that are about no booking.
"""

from notifier.deliveries.kinds import (
    DELETED_IN_ZOOM,
    FIRST,
    FIRSTS,
    LINK,
    LINK_CHANGED,
    LINK_MAILS,
    LINK_REMOVED,
    MOVED_IN_ZOOM,
    OF_ALL_SEATS,
    REFUSAL,
    REMINDER,
    Key,
    Recipient,
    What,
)
from notifier.deliveries.known import Change, Correspondence, Delivery, Meeting, Occasion, Outlook
from notifier.deliveries.planned import (
    GIVE_UP,
    Plan,
    delivery_id,
    is_owed,
    occasion,
    plan,
    reminding,
    retry_after,
    revived,
)

__all__ = [
    "DELETED_IN_ZOOM",
    "FIRST",
    "FIRSTS",
    "GIVE_UP",
    "LINK",
    "LINK_CHANGED",
    "LINK_MAILS",
    "LINK_REMOVED",
    "MOVED_IN_ZOOM",
    "OF_ALL_SEATS",
    "REFUSAL",
    "REMINDER",
    "Change",
    "Correspondence",
    "Delivery",
    "Key",
    "Meeting",
    "Occasion",
    "Outlook",
    "Plan",
    "Recipient",
    "What",
    "delivery_id",
    "is_owed",
    "occasion",
    "plan",
    "reminding",
    "retry_after",
    "revived",
]
