"""Closes the difference between what each meeting should be and what Zoom has, one call at a time."""

from zoom_connector.reconcile.late import Late
from zoom_connector.reconcile.looking import Looking
from zoom_connector.reconcile.port import Account, Accounts, BusyError, NotConnectedError
from zoom_connector.reconcile.step import Crash, Reconcile, no_crash

__all__ = ["Account", "Accounts", "BusyError", "Crash", "Late", "Looking", "NotConnectedError", "Reconcile", "no_crash"]
