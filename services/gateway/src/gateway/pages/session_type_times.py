"""A week of a session type as a client sees it, and why one time is not among those offered."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import render_template, request
from flask.typing import ResponseReturnValue

from gateway.pages import desk_times, months, session_types, visitors
from gateway.pages.blueprint import pages
from gateway.pages.forms import Errors
from gateway.pages.months import Time
from gateway.parts import parts
from gateway.storage import Account
from gateway.upstream import RefusedUpstreamError, path

FURTHEST = timedelta(days=370)


@dataclass(frozen=True)
class Week:
    """Seven days with their free times on the host's clock."""

    days: list[tuple[date, list[Time]]]
    zone: str
    earlier: date | None
    later: date | None

    @property
    def count(self) -> int:
        """How many times there are."""
        return sum(len(times) for _, times in self.days)


@pages.get("/dashboard/session-types/<type_id>/times")
def session_type_times(type_id: str) -> ResponseReturnValue:
    """Show a week as a client sees it and, once asked, the one rule that takes a time away."""
    account = visitors.require_account()
    kind = session_types.one_of(account, type_id)
    week = week_of(account, type_id, months.read_date(request.args.get("week")))
    typed = {"date": request.args.get("date", ""), "time": request.args.get("time", "")}
    verdict, errors = _why(account, type_id, typed, week.zone)
    return render_template(
        "dashboard/session_type_times.html",
        kind=kind,
        week=week,
        typed=typed,
        verdict=verdict,
        errors=errors,
        start=desk_times.read(typed["date"], typed["time"], week.zone),
    )


def week_of(account: Account, type_id: str, wanted: date | None) -> Week:
    """Ask for the free times of seven days from a date, or from today."""
    today = parts().clock().date()
    first = min(max(wanted or today, today - timedelta(days=1)), today + FURTHEST)
    last = first + timedelta(days=6)
    found: dict[str, Any] = parts().booking.ask(
        "GET",
        path("me", "session-types", type_id, "slots"),
        host=account.id,
        query=urlencode({"from": first.isoformat(), "to": last.isoformat()}),
    )
    free = months.by_day(found["slots"])
    return Week(
        days=[(day, free.get(day, [])) for day in (first + timedelta(days=n) for n in range(7))],
        zone=found["timezone"],
        earlier=max(first - timedelta(days=7), today) if first > today else None,
        later=first + timedelta(days=7),
    )


def _why(account: Account, type_id: str, typed: dict[str, str], zone: str) -> tuple[dict[str, Any] | None, Errors]:
    errors = Errors()
    if not any(typed.values()):
        return None, errors
    start: datetime | None = desk_times.read(typed["date"], typed["time"], zone)
    if start is None:
        errors.add("date", "Write a date and a time")
        return None, errors
    where = path("me", "session-types", type_id, "why")
    query = urlencode({"start": start.astimezone(ZoneInfo(zone)).isoformat()})
    try:
        verdict: dict[str, Any] = parts().booking.ask("GET", where, host=account.id, query=query)
    except RefusedUpstreamError as refused:
        errors.general.append(refused.detail)
        return None, errors
    return verdict, errors
