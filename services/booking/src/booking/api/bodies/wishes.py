"""What may be asked of a booking: to make, to move and to cancel it."""

from dataclasses import replace
from typing import Annotated

from pydantic import model_validator

from booking.api import fields
from booking.bookings import Client
from booking.handlers.booking import Wish
from shared.web import Body


class ClientBody(Body):
    """Who books."""

    name: fields.Name
    email: fields.ClientEmail
    timezone: fields.Zone


class WishBody(Body):
    """What a client asks for."""

    start: fields.Moment
    client: ClientBody
    notes: fields.LongText | None = None
    answers: dict[str, fields.LongText] | None = None

    def wish(self) -> Wish:
        """Give it to the handlers."""
        client = Client(self.client.name, self.client.email, self.client.timezone)
        return Wish(self.start, client, self.notes or "", self.answers or {})


class HostWishBody(WishBody):
    """What a host books for a client. At `any_time` only the past and what is booked already are refused."""

    session_type_id: fields.Found
    any_time: fields.Flag = False

    def wish(self) -> Wish:
        """Give it to the handlers."""
        return replace(super().wish(), by="host", any_time=self.any_time)


class RescheduleBody(Body):
    """Where a booking is to be moved."""

    start: fields.Moment


class HostRescheduleBody(RescheduleBody):
    """Where a host moves a booking. At `any_time` only the past and what is booked already are refused."""

    any_time: fields.Flag = False


class CancelBody(Body):
    """Why a booking is called off; the whole body may be left out."""

    reason: Annotated[fields.CancelReason | None, fields.Blank] = None

    @model_validator(mode="before")
    @classmethod
    def _may_be_left_out(cls, value: object) -> object:
        return {} if value is None else value
