"""The vocabulary of faults: what can be asked for, how long it lasts, and which calls it means."""

import sqlite3
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator, model_validator

from sandbox.zoom import operations

Seconds = Annotated[float, Field(ge=0, le=86_400)]


class Fault(BaseModel):
    """Stays until it is cleared."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Counted(Fault):
    """Goes away by itself after `times` uses."""

    times: int | None = Field(default=None, ge=1, le=1_000_000)


class OnCall(Counted):
    """Meets all calls to Zoom but the consent page, or what `on` names; `user` (id or e-mail) limits it to one."""

    on: str | None = None
    user: str | None = None

    @field_validator("on")
    @classmethod
    def _known(cls, on: str | None) -> str | None:
        if on is not None and not operations.names_a_call(on):
            known = ", ".join(operation.text for operation in operations.OPERATIONS)
            raise ValueError(f"no call matches {on!r}; calls are {known}")
        return on

    def meets(self, method: str, path: str, user: sqlite3.Row | None) -> bool:
        """Whether this call is one of those meant."""
        if self.on is None and path == "/oauth/authorize":
            return False
        if self.on is not None and not operations.pattern(self.on).fullmatch(f"{method} {path}"):
            return False
        return self.user is None or (
            user is not None and self.user.lower() in {user["id"].lower(), user["email"].lower()}
        )


class Answer(OnCall):
    """Takes the place of Zoom's answer; with `after` the work is done first, then the answer is spoiled."""

    after: bool = False


class Status(Answer):
    """Answers with this HTTP status and these `headers`; `body` is json, html, xml, empty, or an object to send."""

    fault: Literal["status"]
    status: int = Field(ge=300, le=599)
    body: Literal["json", "html", "xml", "empty"] | dict[str, Any] = "json"
    headers: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")], Annotated[str, Field(pattern=r"^[ -~]*$")]] = {}


class Hang(Answer):
    """Says nothing for `seconds`, then closes the connection."""

    fault: Literal["hang"]
    seconds: Seconds = 30


class Reset(Answer):
    """Cuts the connection with a TCP reset."""

    fault: Literal["reset"]


class Unreadable(Answer):
    """Answers with a body that is cut in the middle."""

    fault: Literal["unreadable"]


class TokenLost(OnCall):
    """Does a refresh, with its rotation, then cuts the connection before the answer."""

    fault: Literal["token_lost"]
    on: Literal["POST /oauth/token"] = "POST /oauth/token"


class Redirect(OnCall):
    """Sends calls with a 307 to another host: to `to`, or to the sandbox as `localhost`, where they are answered."""

    fault: Literal["redirect"]
    to: str | None = None


class RateLimit(OnCall):
    """Refuses with 429 as if a limit were spent; user_daily meets creates and updates only."""

    fault: Literal["rate_limit"]
    kind: Literal["per_second", "daily", "user_daily"] = "per_second"
    retry_after: Literal["seconds", "date", "iso", "none"] | None = None
    code: Literal[429, 4001, 300] = 429

    def meets(self, method: str, path: str, user: sqlite3.Row | None) -> bool:
        """Leave out what has no limit: a host's daily limit is about creates and updates only."""
        operation = operations.find(method, path)
        if operation is None or not (path.startswith("/v2/") or self.on):
            return False
        if self.kind == "user_daily" and not operation.changes_meetings:
            return False
        return super().meets(method, path, user)


class Latency(OnCall):
    """Answers rightly, but this many seconds later."""

    fault: Literal["latency"]
    seconds: Seconds


class Quotas(Fault):
    """Counts for real: calls per second and day of an account, creates and updates per user and UTC day."""

    fault: Literal["quotas"]
    per_second: int | None = Field(default=None, ge=1)
    per_day: int | None = Field(default=None, ge=1)
    user_daily: int | None = Field(default=None, ge=1)
    deletes_count: bool = False


class Rotation(Fault):
    """Accepts a superseded refresh token for `grace` more seconds."""

    fault: Literal["rotation"]
    grace: Seconds


class Scopes(Fault):
    """Grants these scopes at the next consent; with `existing` also to those who consented already."""

    fault: Literal["scopes"]
    granted: list[Annotated[str, Field(pattern=r"^[a-z_:]+$")]]
    existing: bool = False


QUIRKS = {
    "no_passcode": "new meetings have no passcode",
    "settings_dropped": "settings are dropped in silence, the answer shows the defaults",
    "pmi_by_default": "a create without use_pmi: false uses the personal meeting id in its link",
    "scope_error_401": "a missing scope is 401/4700 in place of 400/4711",
    "old_token_errors": "the token endpoint refuses with 401 invalid_request, as until 2022",
    "bare_token_errors": "the token endpoint's errors have no reason",
    "revoke_any_token": "revoke also takes expired access tokens and refresh tokens",
    "loose_start_ignored": "a start_time with fractions or an offset counts as missing, in place of 300",
    "missing_meeting_300": "a missing meeting is 404/300 in place of 404/3001",
}


class Quirk(Counted):
    """One of Zoom's variants, see the list of quirks."""

    fault: Literal[
        "no_passcode",
        "settings_dropped",
        "pmi_by_default",
        "scope_error_401",
        "old_token_errors",
        "bare_token_errors",
        "revoke_any_token",
        "loose_start_ignored",
        "missing_meeting_300",
    ]


class Webhooks(Fault):
    """How events are sent; what is left out stays as it is."""

    fault: Literal["webhooks"]
    off: bool | None = None
    echoes: bool | None = None
    only: list[str] | None = None
    delay: Seconds | None = None
    duplicates: int | None = Field(default=None, ge=0, le=20)
    reorder: Seconds | None = None
    ids: Literal["string", "number"] | None = None
    scale: float | None = Field(default=None, ge=0, le=1)
    retry_any: bool | None = None
    bad_signature: bool | None = None
    clock_skew: float | None = None


class Smtp(Counted):
    """What the mailbox does to those who bring mail; `to` limits it to one recipient."""

    fault: Literal["smtp"]
    mode: Literal["refuse", "reject", "drop", "hang", "down", "up"]
    at: Literal["connect", "mail", "rcpt", "data"] | None = None
    code: Annotated[int, Field(ge=400, le=599)] | None = None
    to: str | None = None
    seconds: Seconds = 30

    @model_validator(mode="after")
    def _sensible(self) -> "Smtp":
        if self.mode in {"down", "up"} and (self.times or self.to or self.at):
            raise ValueError(f"mode {self.mode} closes or opens the port; times, to and at mean nothing to it")
        if self.to and self.place == "connect":
            raise ValueError("at connect nobody knows the recipient yet")
        return self

    @property
    def place(self) -> str:
        """The step of the conversation at which it strikes."""
        return self.at or {"refuse": "connect", "reject": "rcpt"}.get(self.mode, "data")

    @property
    def reply(self) -> str:
        """The line that a refused client reads."""
        code = self.code or {"refuse": 421 if self.place == "connect" else 451}.get(self.mode, 550)
        return f"{code} {'try again later' if code < 500 else 'not accepted'}"  # noqa: PLR2004 - 5xx is for good


class ExpireTokens(Fault):
    """Done at once: every access token is expired now, with `refresh` the refresh tokens too."""

    fault: Literal["expire_tokens"]
    user: str | None = None
    refresh: bool = False


class UrlValidation(Fault):
    """Done at once: sends endpoint.url_validation."""

    fault: Literal["url_validation"]


AnyFault = Annotated[
    Status
    | Hang
    | Reset
    | Unreadable
    | TokenLost
    | Redirect
    | RateLimit
    | Latency
    | Quotas
    | Rotation
    | Scopes
    | Quirk
    | Webhooks
    | Smtp
    | ExpireTokens
    | UrlValidation,
    Field(discriminator="fault"),
]
MODELS: tuple[type[Fault], ...] = (
    Status,
    Hang,
    Reset,
    Unreadable,
    TokenLost,
    Redirect,
    RateLimit,
    Latency,
    Quotas,
    Rotation,
    Scopes,
    Quirk,
    Webhooks,
    Smtp,
    ExpireTokens,
    UrlValidation,
)
ADAPTER: TypeAdapter[Any] = TypeAdapter(AnyFault)
