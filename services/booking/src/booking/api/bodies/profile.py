"""What hosts may say about themselves."""

from typing import Literal

from booking.api import fields
from booking.api.bodies.changes import Changes, unsent
from booking.handlers.hosts import Profile
from shared.web import Body


class SignUpBody(Body):
    """Who somebody is."""

    name: fields.Name
    email: fields.HostEmail
    handle: fields.Handle
    timezone: fields.Zone

    def profile(self) -> Profile:
        """Give it to the handlers."""
        return Profile(self.name, self.email, self.handle, self.timezone)


class HostChanges(Changes):
    """What a host can change of the profile."""

    name: fields.Name = unsent()
    handle: fields.Handle = unsent()
    timezone: fields.Zone = unsent()
    default_video_provider: Literal["zoom", "none"] = unsent()
    welcome_text: fields.LongText = unsent()
    color: fields.Color = unsent()
    change_cutoff: fields.Cutoff = unsent()


class EmailBody(Body):
    """Where mail reaches a host from now on."""

    email: fields.HostEmail
