"""One host's meetings at Zoom, as the REST API has them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

import requests
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from shared.clock import Clock
from zoom_connector.meetings import Made, Wanted
from zoom_connector.zoom import verdicts
from zoom_connector.zoom.errors import TokenRejectedError, UnsureError, ZoomError
from zoom_connector.zoom.transport import Answer, Budget, Transport

PAGE_SIZE = 300
MOST_PAGES = 40
AROUND = timedelta(days=1)
"""`from` and `to` are dates in a zone that Zoom chooses; a day on each side covers every zone."""


def _join_link(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("https", "http") or not parts.hostname or any(c.isspace() for c in value):
        raise ValueError("is no web address")
    return value


def _aware(value: object) -> object:
    """Take a start only in the form that is an instant; Zoom leaves it out for some kinds of meeting."""
    if not isinstance(value, str) or not value.endswith("Z"):
        return None
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        return None


def _no_flag(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("is no number")  # noqa: TRY004 - pydantic takes ValueError for a wrong value
    return value


def _text_or_nothing(value: object) -> object:
    return value if isinstance(value, str) and value else None


def _whole_or_nothing(value: object) -> object:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


class _Meeting(BaseModel):
    """The fields that we read. Ids come as numbers and as text, above 2^32; `start_url` is not among them."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    id: Annotated[int, Field(gt=0, lt=2**63), BeforeValidator(_no_flag)]
    join_url: Annotated[str, Field(max_length=2000), AfterValidator(_join_link)]
    password: Annotated[str | None, BeforeValidator(_text_or_nothing)] = None
    start_time: Annotated[datetime | None, BeforeValidator(_aware)] = None
    duration: Annotated[int | None, BeforeValidator(_whole_or_nothing)] = None
    topic: Annotated[str | None, BeforeValidator(_text_or_nothing)] = None

    def made(self) -> Made:
        return Made(self.id, self.join_url, self.password, self.start_time, self.duration, self.topic)


class _Person(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    id: str = Field(min_length=1, max_length=200)
    account_id: str = Field(min_length=1, max_length=200)
    email: str = Field(min_length=1, max_length=320)


@dataclass(frozen=True)
class Person:
    """Whose Zoom account it is."""

    user_id: str
    account_id: str
    email: str


Token = Callable[[str | None], str]
"""Gives an access token; told which one was just rejected, it gives another."""


@dataclass(frozen=True)
class ZoomAccount:
    """Calls Zoom on behalf of one host, within one budget of time."""

    transport: Transport
    url: str
    token: Token
    clock: Clock
    budget: Budget

    def me(self) -> Person:
        """Read who it is."""
        answer = self._call("GET", "/users/me")
        try:
            person = _Person.model_validate(answer.document)
        except ValidationError as error:
            raise UnsureError("the user is unreadable", answered=True) from error
        return Person(person.id, person.account_id, person.email)

    def create(self, wanted: Wanted) -> Made:
        """Make the meeting. After an `UnsureError` it may exist: look before another create."""
        answer = self._call("POST", "/users/me/meetings", document=_document(wanted))
        return _made(answer.document)

    def update(self, meeting_id: int, wanted: Wanted, *, renamed: bool) -> None:
        """Bring the meeting to the wanted time and length, and to the wanted words only if those are others now."""
        self._call("PATCH", f"/meetings/{meeting_id}", document=_time(wanted) | (_words(wanted) if renamed else {}))

    def read(self, meeting_id: int) -> Made:
        """Read what Zoom has. Raises `MeetingGoneError` when it is deleted."""
        return _made(self._call("GET", f"/meetings/{meeting_id}").document)

    def scheduled(self) -> dict[int, datetime | None]:
        """List all of the host's scheduled meetings: when each begins, by Zoom's number."""
        listed = self._listed({"type": "scheduled", "page_size": str(PAGE_SIZE)})
        return {meeting.id: meeting.start_time for meeting in map(_listed_meeting, listed) if meeting is not None}

    def delete(self, meeting_id: int) -> None:
        """Delete the meeting, without a mail from Zoom: ours goes out."""
        quiet = {"schedule_for_reminder": "false", "cancel_meeting_reminder": "false"}
        self._call("DELETE", f"/meetings/{meeting_id}", params=quiet)

    def find(self, marker: str, around: datetime) -> list[Made]:
        """Look for the meetings that are ours by their marker, near a time; the oldest first."""
        params = {
            # `upcoming` would end six months ahead and leave out what has begun.
            "type": "scheduled",
            "page_size": str(PAGE_SIZE),
            "from": (around - AROUND).date().isoformat(),
            "to": (around + AROUND).date().isoformat(),
        }
        listed = [item for item in self._listed(params) if _begins_with(item, marker)]
        found = [_made(item) for item in listed]
        return [self._with_passcode(made) for made in sorted(found, key=lambda made: made.id)]

    def _with_passcode(self, made: Made) -> Made:
        # Lists have no passcode, and reading one meeting is a scope that a host may not have granted.
        if made.passcode is not None:
            return made
        try:
            return _made(self._call("GET", f"/meetings/{made.id}").document)
        except ZoomError:
            return made

    def _listed(self, params: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        for _ in range(MOST_PAGES):
            answer = self._call("GET", "/users/me/meetings", params=params)
            items = (answer.document or {}).get("meetings")
            if not isinstance(items, list):
                raise UnsureError("the list is unreadable", answered=True)
            yield from (item for item in items if isinstance(item, dict))
            following = answer.word("next_page_token")
            if not following:
                return
            params = {**params, "next_page_token": following}
        raise UnsureError("the list does not end", answered=True)

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        document: Mapping[str, Any] | None = None,
    ) -> Answer:
        token = self.token(None)
        try:
            return self._once(method, path, token, params, document)
        except TokenRejectedError:
            # A 401 is said before anything is done, so even a create may be repeated with the new token.
            return self._once(method, path, self.token(token), params, document)

    def _once(
        self,
        method: str,
        path: str,
        token: str,
        params: Mapping[str, str] | None,
        document: Mapping[str, Any] | None,
    ) -> Answer:
        answer = self.transport.send(
            method, self.url + path, budget=self.budget, sign=_bearer(token), params=params, document=document
        )
        if not answer.good:
            raise verdicts.of_call(answer, self.clock())
        if not answer.clear:
            raise UnsureError("the answer is unreadable", answered=True)
        return answer


def _bearer(token: str) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    return sign


def _document(wanted: Wanted) -> dict[str, Any]:
    """Send only what is the booking's business: passcode, waiting room and the rest stay the host's own settings."""
    return {**_words(wanted), "type": 2, **_time(wanted), "settings": {"use_pmi": False}}


def _words(wanted: Wanted) -> dict[str, Any]:
    return {"topic": wanted.topic, "agenda": wanted.agenda}


def _time(wanted: Wanted) -> dict[str, Any]:
    return {
        "start_time": wanted.start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "duration": wanted.duration,
        "timezone": wanted.timezone,
    }


def _begins_with(item: dict[str, Any], marker: str) -> bool:
    agenda = item.get("agenda")
    return isinstance(agenda, str) and agenda.lstrip().startswith(marker)


def _listed_meeting(item: dict[str, Any]) -> _Meeting | None:
    try:
        return _Meeting.model_validate(item)
    except ValidationError:
        return None


def _made(document: dict[str, Any] | None) -> Made:
    try:
        return _Meeting.model_validate(document).made()
    except ValidationError as error:
        raise UnsureError("the meeting is unreadable", answered=True) from error
