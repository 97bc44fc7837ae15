"""The rules of deliveries: `known` is what they look at, `planned` is what follows from it."""

from notifier.deliveries.known import (
    FIRST,
    LINK,
    REFUSAL,
    Change,
    Correspondence,
    Delivery,
    Meeting,
    Occasion,
    Outlook,
    Recipient,
    What,
)
from notifier.deliveries.planned import (
    GIVE_UP,
    Plan,
    delivery_id,
    is_owed,
    occasion,
    plan,
    retry_after,
    revived,
)

__all__ = [
    "FIRST",
    "GIVE_UP",
    "LINK",
    "REFUSAL",
    "Change",
    "Correspondence",
    "Delivery",
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
    "retry_after",
    "revived",
]
