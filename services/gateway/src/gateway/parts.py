"""What every view may reach: one object per app, built by `bootstrap`."""

from dataclasses import dataclass
from typing import cast

from flask import current_app

from gateway.accounts import ApiKeys, Departures, EmailChanges, FirstSteps, NewPasswords, Passwords, SignIns, SignUps
from gateway.settings import Settings
from gateway.upstream import Upstream
from shared.clock import Clock

_NAME = "gateway"


@dataclass(frozen=True)
class Parts:
    """The gateway's working parts."""

    settings: Settings
    clock: Clock
    booking: Upstream
    zoom_connector: Upstream
    notifier: Upstream
    passwords: Passwords
    new_passwords: NewPasswords
    email_changes: EmailChanges
    departures: Departures
    sign_ups: SignUps
    first_steps: FirstSteps
    sign_ins: SignIns
    api_keys: ApiKeys

    def service(self, name: str) -> Upstream:
        """Give an inner service by its name."""
        return {one.name: one for one in (self.booking, self.zoom_connector, self.notifier)}[name]


def parts() -> Parts:
    """Give the parts of the app that answers the request at hand."""
    return cast("Parts", current_app.extensions[_NAME])
