"""Work that is due: the mails about bookings, the mails about no booking, and reminders whose moment has come."""

from notifier.dispatch.leases import BATCH, LEASE
from notifier.dispatch.mails import Dispatch
from notifier.dispatch.notices import Notices
from notifier.dispatch.reminders import Reminders

__all__ = ["BATCH", "LEASE", "Dispatch", "Notices", "Reminders"]
